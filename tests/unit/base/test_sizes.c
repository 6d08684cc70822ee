/* SPDX-License-Identifier: ISC */
/* test_sizes.c - what was told of whom, for how long, and of how many. */
#include "base/sizes.h"

#include <stdio.h>

#include "unit.h"

enum { NOW = 1000 };

START_TEST(test_what_was_told)
{
	struct sizes sizes = { 0 };

	ck_assert_uint_eq(sizes_look(&sizes, "a", "x", NOW), 0);
	sizes_tell(&sizes, "a", "x", 100, NOW);
	sizes_tell(&sizes, "b", "x", 200, NOW);
	sizes_tell(&sizes, "a", "y", 0, NOW);
	ck_assert_uint_eq(sizes_look(&sizes, "a", "x", NOW), 100);
	ck_assert_uint_eq(sizes_look(&sizes, "b", "x", NOW), 200);
	ck_assert_uint_eq(sizes_look(&sizes, "a", "y", NOW), 0);
	ck_assert_uint_eq(sizes_look(&sizes, "ax", "", NOW), 0);
	sizes_tell(&sizes, "a", "x", 300, NOW);
	ck_assert_uint_eq(sizes_look(&sizes, "a", "x", NOW), 300);
}
END_TEST

START_TEST(test_it_is_forgotten)
{
	struct sizes sizes = { 0 };

	sizes_tell(&sizes, "a", "x", 100, NOW);
	ck_assert_uint_eq(sizes_look(&sizes, "a", "x", NOW + SIZES_AGE_MS), 100);
	ck_assert_uint_eq(sizes_look(&sizes, "a", "x", NOW + SIZES_AGE_MS + 1), 0);
	sizes_tell(&sizes, "a", "x", 50, NOW + SIZES_AGE_MS + 1);
	ck_assert_uint_eq(sizes_look(&sizes, "a", "x", NOW + SIZES_AGE_MS + 1), 50);
}
END_TEST

START_TEST(test_the_page_is_full)
{
	struct sizes sizes = { 0 };
	char name[16];

	for (unsigned i = 0; i < SIZES_MAX + 10; i++) {
		snprintf(name, sizeof name, "p%u", i);
		sizes_tell(&sizes, name, "x", i + 1, NOW);
	}
	ck_assert_uint_eq(sizes_look(&sizes, "p0", "x", NOW), 1);
	ck_assert_uint_eq(sizes_look(&sizes, "p63", "x", NOW), 64);
	ck_assert_uint_eq(sizes_look(&sizes, "p64", "x", NOW), 0);
	sizes_tell(&sizes, "p0", "x", 7, NOW + SIZES_AGE_MS + 1);
	sizes_tell(&sizes, "p64", "x", 8, NOW + SIZES_AGE_MS + 1);
	ck_assert_uint_eq(sizes_look(&sizes, "p0", "x", NOW + SIZES_AGE_MS + 1), 7);
	ck_assert_uint_eq(sizes_look(&sizes, "p64", "x", NOW + SIZES_AGE_MS + 1), 8);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "sizes", test_what_was_told, test_it_is_forgotten, test_the_page_is_full);
}

UNIT_MAIN("base/sizes")
