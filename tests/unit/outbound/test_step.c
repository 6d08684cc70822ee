/* SPDX-License-Identifier: ISC */
/* test_step.c - covers outbound/step.c: a clock that is set is noticed, one that is slewed is not.
 */
#include "config.h"

#include "../unit.h"
#include "outbound/step.h"

static const int64_t day_ms = 86400000;

START_TEST(a_clock_that_goes_on_has_no_step)
{
	struct step step;

	step_init(&step, 5 * day_ms, 1000);
	for (int64_t ms = 0; ms < 100000; ms += 1000)
		ck_assert_int_eq(step_look(&step, 5 * day_ms + ms, 1000 + ms), 0);
	ck_assert_uint_eq(step_quiet_ms(&step, 101000), 100000);
}
END_TEST

/* By half a second in each second, until it is off by minutes. */
START_TEST(a_slewed_clock_is_followed)
{
	struct step step;

	step_init(&step, 5 * day_ms, 0);
	for (int64_t ms = 0; ms < 1000000; ms += 1000)
		ck_assert_int_eq(step_look(&step, 5 * day_ms + ms + ms / 2, ms), 0);
	ck_assert_uint_eq(step_quiet_ms(&step, 1000000), 1000000);
}
END_TEST

START_TEST(each_step_is_told_once)
{
	static const int64_t steps[] = { 5000, -5000, 3600000, -3600000, 20000 * 86400000LL };
	struct step step;
	int64_t real = 30000 * day_ms, mono = 7;

	step_init(&step, real, mono);
	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		real += steps[i] + 1000;
		mono += 1000;
		ck_assert_int_eq(step_look(&step, real, mono), steps[i]);
		ck_assert_uint_eq(step_quiet_ms(&step, mono), 0);
		real += 1000;
		mono += 1000;
		ck_assert_int_eq(step_look(&step, real, mono), 0);
		ck_assert_uint_eq(step_quiet_ms(&step, mono), 1000);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "step", a_clock_that_goes_on_has_no_step, a_slewed_clock_is_followed,
	    each_step_is_told_once);
}

UNIT_MAIN("outbound/step")
