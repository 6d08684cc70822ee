/* SPDX-License-Identifier: ISC */
/* Tests of src/daemon/backoff.c. */
#include "daemon/backoff.h"

#include "unit.h"

START_TEST(test_doubles_up_to_the_limit)
{
	static const uint64_t expected[] = { 100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600,
		30000, 30000 };
	struct backoff backoff = { 0 };

	for (size_t i = 0; i < sizeof expected / sizeof *expected; i++)
		ck_assert_uint_eq(backoff_next(&backoff, 5), expected[i]);
}
END_TEST

START_TEST(test_a_long_life_begins_anew)
{
	struct backoff backoff = { 0 };

	for (int i = 0; i < 5; i++)
		backoff_next(&backoff, 5);
	ck_assert_uint_eq(backoff_next(&backoff, BACKOFF_HEALTHY_MS), BACKOFF_MIN_MS);
	ck_assert_uint_eq(backoff_next(&backoff, BACKOFF_HEALTHY_MS - 1), 2 * BACKOFF_MIN_MS);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "backoff", test_doubles_up_to_the_limit, test_a_long_life_begins_anew);
}

UNIT_MAIN("backoff")
