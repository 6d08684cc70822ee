/* SPDX-License-Identifier: ISC */
/* test_pace.c - the token bucket, and how its rate falls and rises. */
#include "outbound/pace.h"

#include "unit.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

static struct pace
pace_of(uint32_t count, uint32_t per_ms)
{
	const struct rate rate = { count, per_ms };
	struct pace pace;

	pace_init(&pace, &rate);
	return pace;
}

/* How many are let through in a time, looking every step_ms. */
static unsigned
pass(struct pace *pace, int64_t from_ms, int64_t to_ms, int64_t step_ms)
{
	unsigned count = 0;

	for (int64_t now = from_ms; now < to_ms; now += step_ms) {
		while (pace_wait(pace, now) == 0 && count < 100000) {
			pace_take(pace, now);
			count++;
		}
	}
	return count;
}

START_TEST(keeps_the_rate)
{
	static const struct {
		struct rate rate;
		int64_t ms, step_ms;
		unsigned least, most;
	} cases[] = {
		{ { 14, 1000 }, 10000, 1, 140, 154 },
		{ { 30, MINUTE_MS }, 2 * MINUTE_MS, 1, 60, 61 },
		{ { 1, 1000 }, 5000, 1, 5, 6 },
		{ { 1000, 1000 }, 3000, 1, 3000, 4000 },
		{ { 500, HOUR_MS }, HOUR_MS, 100, 499, 500 },
		{ { 500, HOUR_MS }, 2 * HOUR_MS, 100, 948, 950 },
		{ { 500, DAY_MS }, DAY_MS, 1000, 498, 500 },
		{ { 9, DAY_MS }, DAY_MS, 1000, 8, 9 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pace pace = pace_of(cases[i].rate.count, cases[i].rate.per_ms);
		unsigned got = pass(&pace, 1000, 1000 + cases[i].ms, cases[i].step_ms);

		ck_assert_msg(
		    got >= cases[i].least && got <= cases[i].most, "case %zu: %u", i, got);
	}
}
END_TEST

START_TEST(says_how_long_to_wait)
{
	struct pace pace = pace_of(1, MINUTE_MS);

	ck_assert_uint_eq(pace_wait(&pace, 5000), 0);
	pace_take(&pace, 5000);
	ck_assert_uint_ge(pace_wait(&pace, 5000), 59 * 1000);
	ck_assert_uint_eq(pace_wait(&pace, 5000 + (int64_t)pace_wait(&pace, 5000)), 0);
}
END_TEST

START_TEST(a_tenth_of_a_days_rate_goes_at_once_and_the_rest_evenly)
{
	struct pace pace = pace_of(500, DAY_MS);

	ck_assert_uint_eq(pass(&pace, HOUR_MS, HOUR_MS + 1, 1), 51);
	for (int64_t hour = 1; hour < 24; hour++) {
		unsigned got = pass(&pace, hour * HOUR_MS + 1, (hour + 1) * HOUR_MS, 1000);

		ck_assert_msg(got >= 18 && got <= 19, "hour %d: %u", (int)hour, got);
	}
	ck_assert_uint_eq(pass(&pace, 2 * DAY_MS, 2 * DAY_MS + 1, 1), 51); /* it was quiet */
}
END_TEST

START_TEST(no_rate_is_no_limit)
{
	struct pace pace = pace_of(0, 0);

	ck_assert_uint_eq(pace_wait(&pace, 0), 0);
	pace_take(&pace, 0);
	ck_assert_uint_eq(pace_wait(&pace, 0), 0);
	ck_assert(!pace_is_cut(&pace, 0));
}
END_TEST

START_TEST(halves_and_climbs_back_to_what_was_configured)
{
	struct pace pace = pace_of(20, 1000);
	int64_t now = 100000;
	double last;

	ck_assert(pace_cut(&pace, 20, now, now));
	ck_assert_double_eq(pace.per_s, 10);
	ck_assert(pace_is_cut(&pace, now));
	ck_assert_uint_ge(pace_wait(&pace, now), 100); /* what was refused waits */
	ck_assert(pass(&pace, now, now + 5000, 1) <= 50);
	last = pace.per_s;
	ck_assert_double_eq(last, 10); /* it is not quiet for long enough */
	for (int64_t after = 10; after <= 40; after++) {
		(void)pace_wait(&pace, now + after * 1000);
		ck_assert_double_ge(pace.per_s, last);
		ck_assert_double_le(pace.per_s, last + 1.25 + 0.001);
		last = pace.per_s;
	}
	ck_assert_double_eq(pace.per_s, 20);
	ck_assert(!pace_is_cut(&pace, now + 40000));
}
END_TEST

START_TEST(what_was_begun_before_counts_once)
{
	struct pace pace = pace_of(20, 1000);

	ck_assert(pace_cut(&pace, 20, 1000, 2000));
	for (int64_t since = 1000; since <= 2000; since += 100)
		ck_assert(!pace_cut(&pace, 20, since, 2100));
	ck_assert_double_eq(pace.per_s, 10);
	ck_assert(pace_cut(&pace, 20, 2001, 2200));
	ck_assert_double_eq(pace.per_s, 5);
}
END_TEST

START_TEST(without_a_rate_begins_from_what_got_through)
{
	struct pace pace = pace_of(0, 0);
	int64_t now = 100000;

	ck_assert(pace_cut(&pace, 50, now, now));
	ck_assert_double_eq(pace.per_s, 25);
	ck_assert(pace_is_cut(&pace, now + 5000));
	ck_assert(!pace_is_cut(&pace, now + 5 * MINUTE_MS)); /* no limit again */
	ck_assert_double_eq(pace.per_s, 0);
	ck_assert_uint_eq(pace_wait(&pace, now + 5 * MINUTE_MS), 0);
	ck_assert(pace_cut(&pace, 0, now + 6 * MINUTE_MS, now + 6 * MINUTE_MS));
	ck_assert_double_eq(pace.per_s, 4); /* when nothing got through */
}
END_TEST

START_TEST(never_stops)
{
	struct pace none = pace_of(0, 0), slow = pace_of(100, DAY_MS);

	for (int64_t now = 1; now < 50; now++) {
		pace_cut(&none, 0, now, now);
		pace_cut(&slow, 0, now, now);
	}
	ck_assert_uint_le(pace_wait(&none, 50), MINUTE_MS);
	ck_assert_uint_le(pace_wait(&slow, 50), 8 * (DAY_MS / 90) + 1);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "bucket", keeps_the_rate, says_how_long_to_wait,
	    a_tenth_of_a_days_rate_goes_at_once_and_the_rest_evenly, no_rate_is_no_limit);
	add_tests(suite, "cut", halves_and_climbs_back_to_what_was_configured,
	    what_was_begun_before_counts_once, without_a_rate_begins_from_what_got_through,
	    never_stops);
}

UNIT_MAIN("pace")
