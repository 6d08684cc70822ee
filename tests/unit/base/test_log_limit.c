/* SPDX-License-Identifier: ISC */
/* test_log_limit.c - so many lines a second, and how many were left out. */
#include "base/log_limit.h"

#include "unit.h"

static const struct {
	int64_t now_ms;
	bool passes;
	uint64_t omitted;
} calls[] = {
	{ 5000, true, 0 },
	{ 5000, true, 0 },
	{ 5000, false, 0 },
	{ 5999, false, 0 },
	{ 6000, true, 2 },
	{ 6001, true, 0 },
	{ 6002, false, 0 },
	{ 90000, true, 1 },
	{ 90000, true, 0 },
};

START_TEST(two_lines_a_second)
{
	struct log_limit limit = { .per_second = 2 };

	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		uint64_t omitted = 0;

		ck_assert_msg(log_limit_pass(&limit, calls[i].now_ms, &omitted) == calls[i].passes,
		    "call %zu", i);
		ck_assert_uint_eq(omitted, calls[i].omitted);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "limit", two_lines_a_second);
}

UNIT_MAIN("log_limit")
