/* SPDX-License-Identifier: ISC */
/* test_health.c - hold, probe, recover. */
#include "outbound/health.h"

#include "unit.h"

START_TEST(holds_and_probes_with_longer_waits)
{
	struct health health;
	int64_t now = 1000000, waited = 0;

	health_init(&health, 60 * 1000, 60 * 60 * 1000);
	ck_assert(health_hold(&health, HOLD_NETWORK, "refused", now));
	ck_assert_int_eq(health.probe_ms - now, 1000);
	for (unsigned i = 0; i < 12; i++) {
		int64_t wait = health.probe_ms - now;

		ck_assert_int_ge(wait, waited);
		waited = wait;
		ck_assert(!health_is_probe_due(&health, health.probe_ms - 1));
		ck_assert(health_is_probe_due(&health, health.probe_ms));
		now = health.probe_ms;
		health_probe(&health);
		ck_assert(!health_hold(&health, HOLD_NETWORK, "refused", now));
	}
	ck_assert_int_eq(waited, 60 * 1000);
	ck_assert_int_eq(health.since_ms, 1000000);
}
END_TEST

START_TEST(sessions_that_fail_together_count_once)
{
	struct health health;

	health_init(&health, 60 * 1000, 60 * 60 * 1000);
	for (unsigned i = 0; i < 10; i++)
		health_hold(&health, HOLD_NETWORK, "refused", 5000);
	ck_assert_int_eq(health.probe_ms, 6000);
}
END_TEST

START_TEST(no_wait_is_longer_than_a_messages)
{
	struct health health;

	health_init(&health, 200, 400);
	health_hold(&health, HOLD_LOGIN, "535", 0);
	ck_assert_int_eq(health.probe_ms, 200);
	for (unsigned i = 0; i < 5; i++) {
		health_probe(&health);
		health_hold(&health, HOLD_LOGIN, "535", 0);
	}
	ck_assert_int_eq(health.probe_ms, 400);
}
END_TEST

START_TEST(a_clock_set_back_does_not_stretch_the_wait)
{
	struct health health;
	int64_t now = INT64_C(1000000000);

	health_init(&health, 60 * 1000, 60 * 60 * 1000);
	health_hold(&health, HOLD_NETWORK, "refused", now);
	ck_assert(!health_is_probe_due(&health, now));
	ck_assert(health_is_probe_due(&health, now - 3600 * 1000));
}
END_TEST

/* An outage of hours must not make the first refusal after it cost many minutes, nor the other way
 * round. */
START_TEST(another_kind_of_trouble_begins_anew)
{
	struct health health;

	health_init(&health, 60 * 1000, 60 * 60 * 1000);
	for (unsigned i = 0; i < 20; i++) {
		health_hold(&health, HOLD_NETWORK, "refused", 0);
		health_probe(&health);
	}
	health_hold(&health, HOLD_SESSION, "421", 0);
	ck_assert_int_eq(health.probe_ms, 5000);
}
END_TEST

/* Tries of a wrong password within a day: few enough for no provider to lock the account. */
START_TEST(a_wrong_password_is_not_tried_often)
{
	struct health health;
	int64_t now = 0, day = 24 * 60 * 60 * 1000;
	unsigned tries = 0;

	health_init(&health, 60 * 1000, 60 * 60 * 1000);
	for (; now < day; now = health.probe_ms) {
		health_hold(&health, HOLD_LOGIN, "535", now);
		health_probe(&health);
		tries++;
	}
	ck_assert_uint_le(tries, 102);
}
END_TEST

START_TEST(an_outage_is_over_within_a_minute)
{
	struct health health;
	int64_t now = 0;

	health_init(&health, 60 * 1000, 60 * 60 * 1000);
	for (unsigned i = 0; i < 100; i++) {
		health_hold(&health, HOLD_NETWORK, "unreachable", now);
		ck_assert_int_le(health.probe_ms - now, 60 * 1000);
		now = health.probe_ms;
		health_probe(&health);
	}
}
END_TEST

START_TEST(comes_back)
{
	struct health health;

	health_init(&health, 1000, 1000);
	ck_assert(!health_up(&health, 0));
	health_hold(&health, HOLD_TLS, "expired", 0);
	health_probe(&health);
	ck_assert(health_up(&health, 1000));
	ck_assert(!health_up(&health, 2000));
	ck_assert(health_hold(&health, HOLD_TLS, "expired", 1000000));
	ck_assert_uint_eq(health.failures, 1);
}
END_TEST

/* It fails again and again, `up` ms after each return: how long it waits in the end. */
static int64_t
flap(int64_t up)
{
	struct health health;
	int64_t now = 1000000, wait = 0;

	health_init(&health, 60 * 1000, 60 * 60 * 1000);
	for (unsigned i = 0; i < 20; i++) {
		ck_assert(health_hold(&health, HOLD_NETWORK, "refused", now));
		wait = health.probe_ms - now;
		health_probe(&health);
		ck_assert(health_up(&health, health.probe_ms));
		now = health.probe_ms + up;
	}
	return wait;
}

START_TEST(waits_grow_while_it_never_stays_up)
{
	ck_assert_int_eq(flap(100), 60 * 1000);
	ck_assert_int_eq(flap(9 * 1000), 60 * 1000);
	ck_assert_int_eq(flap(600 * 1000), 1000);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "health", holds_and_probes_with_longer_waits,
	    sessions_that_fail_together_count_once, no_wait_is_longer_than_a_messages,
	    a_clock_set_back_does_not_stretch_the_wait, another_kind_of_trouble_begins_anew,
	    a_wrong_password_is_not_tried_often, an_outage_is_over_within_a_minute, comes_back,
	    waits_grow_while_it_never_stays_up);
}

UNIT_MAIN("health")
