/* SPDX-License-Identifier: ISC */
/* test_meter.c - how many messages got through of late. */
#include "outbound/meter.h"

#include "unit.h"

START_TEST(tells_the_rate_of_a_steady_flow)
{
	struct meter meter = { .second = 0 };

	for (int64_t now = 1000000; now < 1030000; now += 100)
		meter_add(&meter, now);
	ck_assert_double_eq_tol(meter_per_s(&meter, 10, 1030000), 10, 1.2);
	ck_assert_double_eq_tol(meter_per_s(&meter, 60, 1030000), 10, 0.5);
}
END_TEST

START_TEST(a_burst_counts_from_its_begin)
{
	struct meter meter = { .second = 0 };

	for (int i = 0; i < 50; i++)
		meter_add(&meter, 500200);
	ck_assert_double_eq_tol(meter_per_s(&meter, 60, 500900), 50, 0.1);
	ck_assert_double_eq_tol(meter_per_s(&meter, 60, 510000), 5, 0.1);
}
END_TEST

START_TEST(forgets_after_the_window)
{
	struct meter meter = { .second = 0 };

	ck_assert_double_eq(meter_per_s(&meter, 60, 1000), 0);
	meter_add(&meter, 500000);
	ck_assert_double_gt(meter_per_s(&meter, 10, 505000), 0);
	ck_assert_double_eq(meter_per_s(&meter, 10, 515000), 0);
	ck_assert_double_eq(meter_per_s(&meter, 60, 600000), 0);
	meter_add(&meter, 900000);
	ck_assert_double_eq_tol(meter_per_s(&meter, 60, 901000), 1, 0.01);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "meter", tells_the_rate_of_a_steady_flow, a_burst_counts_from_its_begin,
	    forgets_after_the_window);
}

UNIT_MAIN("meter")
