/* SPDX-License-Identifier: ISC */
/* test_trust.c - an upstream whose replies did not fit is sent to more carefully, for an hour. */
#include "outbound/trust.h"

#include "unit.h"

START_TEST(it_falls_step_by_step_and_comes_back)
{
	struct trust trust = { .configured = PIPELINING_STREAM };

	ck_assert_int_eq(trust_bound(&trust, 1000), PIPELINING_STREAM);
	ck_assert(trust_lose(&trust, PIPELINING_STREAM, 1000));
	ck_assert(!trust_lose(&trust, PIPELINING_STREAM, 1001)); /* another connection */
	ck_assert_int_eq(trust_bound(&trust, 1001), PIPELINING_ENVELOPE);
	ck_assert(trust_lose(&trust, PIPELINING_ENVELOPE, 2000));
	ck_assert_int_eq(trust_bound(&trust, 2000), PIPELINING_OFF);
	ck_assert(!trust_lose(&trust, PIPELINING_OFF, 2001));
	ck_assert_int_eq(trust_bound(&trust, 1999 + TRUST_LOST_MS), PIPELINING_OFF);
	ck_assert_int_eq(trust_bound(&trust, 2000 + TRUST_LOST_MS), PIPELINING_STREAM);
	ck_assert(trust_lose(&trust, PIPELINING_STREAM, 2000 + TRUST_LOST_MS));
	ck_assert_int_eq(trust_bound(&trust, 2000 + TRUST_LOST_MS), PIPELINING_ENVELOPE);
}
END_TEST

START_TEST(it_is_never_bolder_than_configured)
{
	struct trust trust = { .configured = PIPELINING_ENVELOPE };

	ck_assert_int_eq(trust_bound(&trust, 5), PIPELINING_ENVELOPE);
	ck_assert(trust_lose(&trust, PIPELINING_ENVELOPE, 5));
	ck_assert_int_eq(trust_bound(&trust, 5), PIPELINING_OFF);
	ck_assert_int_eq(trust_bound(&trust, 5 + TRUST_LOST_MS), PIPELINING_ENVELOPE);
}
END_TEST

/* A connection may break by chance: once counts little. */
START_TEST(a_break_counts_for_a_minute_and_twice_in_a_row_for_an_hour)
{
	struct trust trust = { .configured = PIPELINING_STREAM };

	ck_assert(trust_doubt(&trust, PIPELINING_STREAM, 1000));
	ck_assert(!trust_doubt(&trust, PIPELINING_STREAM, 1001)); /* another connection */
	ck_assert_int_eq(trust_bound(&trust, 999 + TRUST_DOUBTED_MS), PIPELINING_ENVELOPE);
	ck_assert_int_eq(trust_bound(&trust, 1000 + TRUST_DOUBTED_MS), PIPELINING_STREAM);
	trust_prove(&trust, PIPELINING_ENVELOPE, true); /* which proves nothing of streams */
	ck_assert(trust_doubt(&trust, PIPELINING_STREAM, 1000 + TRUST_DOUBTED_MS));
	ck_assert_int_eq(trust_bound(&trust, 1000 + TRUST_LOST_MS), PIPELINING_ENVELOPE);
	trust_prove(&trust, PIPELINING_STREAM, true);
	ck_assert(trust_doubt(&trust, PIPELINING_STREAM, 2 * TRUST_LOST_MS));
	ck_assert_int_eq(
	    trust_bound(&trust, 2 * TRUST_LOST_MS + TRUST_DOUBTED_MS), PIPELINING_STREAM);
}
END_TEST

START_TEST(what_breaks_at_less_as_well_is_sent_one_at_a_time)
{
	struct trust trust = { .configured = PIPELINING_STREAM };

	ck_assert(trust_doubt(&trust, PIPELINING_STREAM, 1000));
	ck_assert(trust_doubt(&trust, PIPELINING_ENVELOPE, 2000));
	ck_assert_int_eq(trust_bound(&trust, 1999 + TRUST_LOST_MS), PIPELINING_OFF);
}
END_TEST

START_TEST(it_is_proven_by_sure_replies_and_until_others_do_not_fit)
{
	struct trust trust = { .configured = PIPELINING_STREAM };

	trust_prove(&trust, PIPELINING_STREAM, false);
	trust_prove(&trust, PIPELINING_ENVELOPE, true);
	ck_assert(!trust.is_proven);
	trust_prove(&trust, PIPELINING_STREAM, true);
	ck_assert(trust.is_proven);
	trust_prove(&trust, PIPELINING_STREAM, false);
	ck_assert(trust.is_proven);
	ck_assert(trust_lose(&trust, PIPELINING_STREAM, 1000));
	ck_assert(!trust.is_proven);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "trust", it_falls_step_by_step_and_comes_back,
	    it_is_never_bolder_than_configured,
	    a_break_counts_for_a_minute_and_twice_in_a_row_for_an_hour,
	    what_breaks_at_less_as_well_is_sent_one_at_a_time,
	    it_is_proven_by_sure_replies_and_until_others_do_not_fit);
}

UNIT_MAIN("trust")
