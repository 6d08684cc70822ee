/* SPDX-License-Identifier: ISC */
/* test_width.c - how many connections are allowed. */
#include "outbound/width.h"

#include "unit.h"

START_TEST(halves_and_climbs_back)
{
	struct width width;
	int64_t now = 100000;

	width_init(&width, 10);
	ck_assert_uint_eq(width_allowed(&width, now), 10);
	ck_assert(width_cut(&width, 10, 0, now, now));
	ck_assert_uint_eq(width_allowed(&width, now), 5);
	ck_assert(width_is_cut(&width, now));
	ck_assert_uint_eq(width_allowed(&width, now + 29999), 5);
	ck_assert_uint_eq(width_allowed(&width, now + 30000), 6);
	ck_assert_uint_eq(width_allowed(&width, now + 3600 * 1000), 10);
	ck_assert(!width_is_cut(&width, now + 3600 * 1000));
}
END_TEST

START_TEST(halves_what_was_open)
{
	struct width width;

	width_init(&width, 100);
	ck_assert(width_cut(&width, 6, 0, 1000, 1000));
	ck_assert_uint_eq(width_allowed(&width, 1000), 3);
}
END_TEST

START_TEST(keeps_what_works)
{
	struct width width;

	width_init(&width, 10);
	ck_assert(width_cut(&width, 4, 3, 1000, 1000)); /* the fourth was refused */
	ck_assert_uint_eq(width_allowed(&width, 1000), 3);
}
END_TEST

START_TEST(those_begun_together_count_once)
{
	struct width width;

	width_init(&width, 16);
	ck_assert(width_cut(&width, 16, 0, 900, 1000));
	for (int i = 0; i < 5; i++)
		ck_assert(!width_cut(&width, 8, 0, 950, 1001));
	ck_assert_uint_eq(width_allowed(&width, 1001), 8);
	ck_assert(width_cut(&width, 8, 0, 1001, 1002));
	ck_assert_uint_eq(width_allowed(&width, 1002), 4);
}
END_TEST

START_TEST(one_is_always_allowed)
{
	struct width width;

	width_init(&width, 3);
	for (int64_t now = 1; now < 10; now++)
		width_cut(&width, 3, 0, now, now);
	ck_assert_uint_eq(width_allowed(&width, 10), 1);
	ck_assert(!width_cut(&width, 1, 0, 10, 10));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "width", halves_and_climbs_back, halves_what_was_open, keeps_what_works,
	    those_begun_together_count_once, one_is_always_allowed);
}

UNIT_MAIN("width")
