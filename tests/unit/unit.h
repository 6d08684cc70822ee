/* SPDX-License-Identifier: ISC */
/* unit.h - the main of a unit test program: every test file ends with UNIT_MAIN(name). */
#ifndef UNIT_H
#define UNIT_H

#include <check.h>
#include <stdlib.h>

/* Seconds for a test that hangs: far from what the longest one takes on a busy machine. */
#define UNIT_TIMEOUT "100"

/* Define main() for a program whose cases are added by `static void add_cases(Suite *)`. */
#define UNIT_MAIN(name)                                                \
	int main(void)                                                 \
	{                                                              \
		setenv("CK_DEFAULT_TIMEOUT", UNIT_TIMEOUT, 0);         \
		Suite *unit_suite = suite_create(name);                \
		add_cases(unit_suite);                                 \
		SRunner *unit_runner = srunner_create(unit_suite);     \
		srunner_run_all(unit_runner, CK_NORMAL);               \
		int unit_failed = srunner_ntests_failed(unit_runner);  \
		srunner_free(unit_runner);                             \
		return unit_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE; \
	}

/* Add one case of the given tests: add_tests(suite, "case", test_a, test_b). */
#define add_tests(suite, name, ...)                                                                \
	do {                                                                                       \
		const TTest *const unit_tests[] = { __VA_ARGS__ };                                 \
		TCase *unit_case = tcase_create(name);                                             \
		for (size_t unit_i = 0; unit_i < sizeof unit_tests / sizeof *unit_tests; unit_i++) \
			tcase_add_test(unit_case, unit_tests[unit_i]);                             \
		suite_add_tcase(suite, unit_case);                                                 \
	} while (0)

#endif
