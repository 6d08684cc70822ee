/* SPDX-License-Identifier: ISC */
/* test_pace.c - the token bucket. */
#include "outbound/pace.h"

#include "unit.h"

/* How many are let through in a time, looking every millisecond. */
static unsigned
pass(struct pace *pace, int64_t from_ms, int64_t to_ms)
{
	unsigned count = 0;

	for (int64_t now = from_ms; now < to_ms; now++) {
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
		int64_t ms;
		unsigned least, most;
	} cases[] = {
		{ { 14, 1000 }, 10000, 140, 154 },
		{ { 30, 60 * 1000 }, 120 * 1000, 60, 61 },
		{ { 1, 1000 }, 5000, 5, 6 },
		{ { 1000, 1000 }, 3000, 3000, 4000 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pace pace = { .rate = cases[i].rate };
		unsigned got = pass(&pace, 1000, 1000 + cases[i].ms);

		ck_assert_msg(
		    got >= cases[i].least && got <= cases[i].most, "case %zu: %u", i, got);
	}
}
END_TEST

START_TEST(says_how_long_to_wait)
{
	struct pace pace = { .rate = { 1, 60 * 1000 } };

	ck_assert_uint_eq(pace_wait(&pace, 5000), 0);
	pace_take(&pace, 5000);
	ck_assert_uint_ge(pace_wait(&pace, 5000), 59 * 1000);
	ck_assert_uint_eq(pace_wait(&pace, 5000 + (int64_t)pace_wait(&pace, 5000)), 0);
}
END_TEST

START_TEST(no_rate_is_no_limit)
{
	struct pace pace = { .rate = { 0, 0 } };

	ck_assert_uint_eq(pace_wait(&pace, 0), 0);
	pace_take(&pace, 0);
	ck_assert_uint_eq(pace_wait(&pace, 0), 0);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "pace", keeps_the_rate, says_how_long_to_wait, no_rate_is_no_limit);
}

UNIT_MAIN("pace")
