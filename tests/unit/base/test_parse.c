/* SPDX-License-Identifier: ISC */
/* test_parse.c - what people write for sizes, durations, rates and numbers. */
#include "base/parse.h"

#include <string.h>

#include "unit.h"

struct good {
	const char *text;
	uint64_t value;
};

START_TEST(sizes)
{
	static const struct good cases[] = { { "0", 0 }, { "4096", 4096 }, { "1k", 1024 },
		{ "50M", 52428800 }, { "50MB", 52428800 }, { "50MiB", 52428800 },
		{ "2g", 2147483648 }, { "1T", 1099511627776 }, { "7B", 7 },
		{ "18446744073709551615", UINT64_MAX } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t value = 1;

		ck_assert_msg(
		    parse_size(cases[i].text, &value) == 0, "refused '%s'", cases[i].text);
		ck_assert_uint_eq(value, cases[i].value);
	}
}
END_TEST

START_TEST(no_sizes)
{
	static const char *const texts[] = { "", "M", "-1", "+1", " 1", "1 ", "1.5M", "1X", "1MM",
		"1iB", "1MiBx", "0x10", "18446744073709551616", "16777216T",
		"99999999999999999999999" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint64_t value;

		ck_assert_msg(parse_size(texts[i], &value) == -1, "took '%s'", texts[i]);
	}
}
END_TEST

START_TEST(durations)
{
	static const struct good cases[] = { { "0", 0 }, { "90", 90000 }, { "90s", 90000 },
		{ "250ms", 250 }, { "1m", 60000 }, { "4h", 14400000 }, { "1h30m", 5400000 },
		{ "5d", 432000000 }, { "2w", 1209600000 }, { "1w1d1h1m1s1ms", 694861001 } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t value = 1;

		ck_assert_msg(
		    parse_duration(cases[i].text, &value) == 0, "refused '%s'", cases[i].text);
		ck_assert_uint_eq(value, cases[i].value);
	}
}
END_TEST

START_TEST(no_durations)
{
	static const char *const texts[] = { "", "s", "1x", "1h30", "1.5h", "-1s", "1 h", "30m1h",
		"5m5m", "1H", "1min", "15250284453w", "15250284452w4d", "9223372036854775808ms",
		"9223372036854776" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint64_t value;

		ck_assert_msg(parse_duration(texts[i], &value) == -1, "took '%s'", texts[i]);
	}
}
END_TEST

START_TEST(rates)
{
	static const struct {
		const char *text;
		struct rate rate;
	} cases[] = { { "14/s", { 14, 1000 } }, { "30/m", { 30, 60000 } },
		{ "500/h", { 500, 3600000 } }, { "10000/d", { 10000, 86400000 } } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rate rate;

		ck_assert_msg(parse_rate(cases[i].text, &rate) == 0, "refused '%s'", cases[i].text);
		ck_assert_uint_eq(rate.count, cases[i].rate.count);
		ck_assert_uint_eq(rate.per_ms, cases[i].rate.per_ms);
	}
}
END_TEST

START_TEST(no_rates)
{
	static const char *const texts[] = { "", "14", "/s", "0/s", "14/", "14/x", "14/s ", "14 /s",
		"-1/s", "4294967296/s", "1/ms2" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct rate rate;

		ck_assert_msg(parse_rate(texts[i], &rate) == -1, "took '%s'", texts[i]);
	}
}
END_TEST

START_TEST(numbers_within_their_range)
{
	uint64_t value;

	ck_assert_int_eq(parse_number("25", 1, 65535, &value), 0);
	ck_assert_uint_eq(value, 25);
	ck_assert_int_eq(parse_number("65535", 1, 65535, &value), 0);
	ck_assert_int_eq(parse_number("65536", 1, 65535, &value), -1);
	ck_assert_int_eq(parse_number("0", 1, 65535, &value), -1);
	ck_assert_int_eq(parse_number("", 0, 65535, &value), -1);
	ck_assert_int_eq(parse_number("25x", 1, 65535, &value), -1);
	ck_assert_int_eq(parse_number("18446744073709551616", 0, UINT64_MAX, &value), -1);
}
END_TEST

START_TEST(date_times)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "2026-11-23T21:18:04Z", 1795468684000 },
		{ "2026-11-23t21:18:04z", 1795468684000 },
		{ "2026-11-23T21:18:04.1Z", 1795468684100 },
		{ "2026-11-23T21:18:04.12399999999999999999Z", 1795468684123 },
		{ "2026-11-23T22:18:04+01:00", 1795468684000 },
		{ "2026-11-23T16:48:04-04:30", 1795468684000 },
		{ "2024-02-29T23:59:60Z", 1709251200000 },
		{ "9999-12-31T23:59:59Z", 253402300799000 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int64_t ms;

		ck_assert_msg(parse_date_time(cases[i].text, strlen(cases[i].text), &ms) == 0,
		    "refused '%s'", cases[i].text);
		ck_assert_msg(ms == cases[i].ms, "'%s' is %lld", cases[i].text, (long long)ms);
	}
}
END_TEST

START_TEST(no_date_times)
{
	static const char *const texts[] = { "", "2026-11-23", "2026-11-23T21:18:04",
		"2026-11-23 21:18:04Z", "2026-11-23T21:18Z", "2026-11-23T21:18:04.Z",
		"2026-11-23T21:18:04ZZ", "2026-11-23T21:18:04+0100", "2026-11-23T21:18:04+24:00",
		"2026-13-23T21:18:04Z", "2026-00-23T21:18:04Z", "2026-11-31T21:18:04Z",
		"2026-02-29T21:18:04Z", "2026-11-23T24:00:00Z", "2026-11-23T21:60:04Z",
		"2026-11-23T21:18:61Z", "26-11-23T21:18:04Z", "+2026-11-23T21:18:04Z",
		"1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2026-11-23T21:18:0" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		int64_t ms;

		ck_assert_msg(
		    parse_date_time(texts[i], strlen(texts[i]), &ms) == -1, "took '%s'", texts[i]);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "parse", sizes, no_sizes, durations, no_durations, rates, no_rates,
	    numbers_within_their_range, date_times, no_date_times);
}

UNIT_MAIN("base/parse")
