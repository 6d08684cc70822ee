/* SPDX-License-Identifier: ISC */
/* test_xalloc.c - memory comes cleared and whole, or the process ends. */
#include "base/xalloc.h"

#include <stdint.h>

#include "unit.h"

START_TEST(calloc_clears)
{
	int *numbers = xcalloc(100, sizeof *numbers);

	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(numbers[i], 0);
	numbers = xreallocarray(numbers, 200, sizeof *numbers);
	numbers[199] = 1;
	free(numbers);
}
END_TEST

START_TEST(nothing_is_still_a_pointer)
{
	void *memory = xcalloc(0, 0);

	ck_assert_ptr_nonnull(memory);
	free(memory);
}
END_TEST

START_TEST(texts)
{
	char *copy = xstrdup("copy"), *made = xasprintf("%s-%d", "made", 7);

	ck_assert_str_eq(copy, "copy");
	ck_assert_str_eq(made, "made-7");
	free(copy);
	free(made);
}
END_TEST

START_TEST(no_memory_ends_the_process)
{
	volatile size_t count = SIZE_MAX;

	free(xreallocarray(NULL, count, 2));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *ends = tcase_create("ends");

	add_tests(suite, "alloc", calloc_clears, nothing_is_still_a_pointer, texts);
	tcase_add_exit_test(ends, no_memory_ends_the_process, EXIT_FAILURE);
	suite_add_tcase(suite, ends);
}

UNIT_MAIN("base/xalloc")
