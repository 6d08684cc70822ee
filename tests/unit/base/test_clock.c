/* SPDX-License-Identifier: ISC */
/* test_clock.c - the forms of a time, and that the clocks go forward. */
#include "base/clock.h"

#include "unit.h"

static const struct {
	int64_t real_ms;
	const char *rfc5322, *iso, *seconds;
} cases[] = {
	{ 0, "Thu, 01 Jan 1970 00:00:00 +0000", "1970-01-01T00:00:00.000Z",
	    "1970-01-01T00:00:00Z" },
	{ 1795468684123, "Mon, 23 Nov 2026 21:18:04 +0000", "2026-11-23T21:18:04.123Z",
	    "2026-11-23T21:18:04Z" },
	{ 1709251199999, "Thu, 29 Feb 2024 23:59:59 +0000", "2024-02-29T23:59:59.999Z",
	    "2024-02-29T23:59:59Z" },
	{ -1, "Wed, 31 Dec 1969 23:59:59 +0000", "1969-12-31T23:59:59.999Z",
	    "1969-12-31T23:59:59Z" },
};

START_TEST(rfc5322)
{
	char text[CLOCK_RFC5322_SIZE];

	clock_format_rfc5322(cases[_i].real_ms, text);
	ck_assert_str_eq(text, cases[_i].rfc5322);
}
END_TEST

START_TEST(iso)
{
	char text[CLOCK_ISO_SIZE];

	clock_format_iso(cases[_i].real_ms, text);
	ck_assert_str_eq(text, cases[_i].iso);
	clock_format_seconds(cases[_i].real_ms, text);
	ck_assert_str_eq(text, cases[_i].seconds);
}
END_TEST

START_TEST(absurd_times_stay_within_the_buffer)
{
	char text[CLOCK_RFC5322_SIZE], iso_text[CLOCK_ISO_SIZE];

	clock_format_rfc5322(INT64_MAX, text);
	clock_format_iso(INT64_MIN, iso_text);
	clock_format_iso(INT64_MAX / 100, iso_text);
}
END_TEST

START_TEST(clocks_go_forward)
{
	int64_t mono = clock_mono_ms(), real = clock_real_ms();

	ck_assert_int_ge(clock_mono_ms(), mono);
	ck_assert_int_gt(real, 1700000000000);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *formats = tcase_create("formats");

	tcase_add_loop_test(formats, rfc5322, 0, sizeof cases / sizeof *cases);
	tcase_add_loop_test(formats, iso, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, formats);
	add_tests(suite, "clocks", absurd_times_stay_within_the_buffer, clocks_go_forward);
}

UNIT_MAIN("base/clock")
