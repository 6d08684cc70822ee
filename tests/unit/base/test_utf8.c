/* SPDX-License-Identifier: ISC */
/* test_utf8.c - how long a sequence is, and that nothing is read behind the end. */
#include "base/utf8.h"

#include <string.h>

#include "../unit.h"

START_TEST(tells_the_length_of_a_sequence)
{
	static const struct {
		const char *text;
		size_t len;
	} rows[] = {
		{ "a", 1 },
		{ "\x7F\xC3", 1 },
		{ "\xC2\x80", 2 },
		{ "\xDF\xBFx", 2 },
		{ "\xE0\xA0\x80", 3 },
		{ "\xED\x9F\xBF", 3 },
		{ "\xEF\xBF\xBF\x80", 3 },
		{ "\xF0\x90\x80\x80", 4 },
		{ "\xF4\x8F\xBF\xBF", 4 },
		{ "", 0 },
		{ "\x80", 0 },
		{ "\xC1\xBF", 0 },
		{ "\xC2x", 0 },
		{ "\xE0\x9F\xBF", 0 },
		{ "\xED\xA0\x80", 0 },
		{ "\xF0\x8F\xBF\xBF", 0 },
		{ "\xF4\x90\x80\x80", 0 },
		{ "\xFF", 0 },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(utf8_len((const unsigned char *)rows[i].text, strlen(rows[i].text)) ==
				  rows[i].len,
		    "row %zu", i);
}
END_TEST

START_TEST(takes_no_sequence_that_is_cut_off)
{
	static const unsigned char octets[] = { 0xF0, 0x9F, 0x98, 0x80 };

	for (size_t left = 0; left < sizeof octets; left++)
		ck_assert_uint_eq(utf8_len(octets, left), 0);
	ck_assert_uint_eq(utf8_len(octets, sizeof octets), sizeof octets);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "utf8", tells_the_length_of_a_sequence, takes_no_sequence_that_is_cut_off);
}

UNIT_MAIN("base/utf8")
