/* SPDX-License-Identifier: ISC */
/* test_utf8.c - well-formed UTF-8 and the classic ways to be otherwise. */
#include "smtp/utf8.h"

#include <string.h>

#include "../unit.h"

START_TEST(takes_well_formed_text)
{
	static const char *const texts[] = { "", "ascii", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80",
		"\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF", "\xF0\x90\x80\x80",
		"\xF4\x8F\xBF\xBF", "a\xC3\xBC\xE2\x82\xAC\xF0\x9F\x98\x80z" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(smtp_utf8_is_valid(texts[i], strlen(texts[i])), "row %zu", i);
}
END_TEST

START_TEST(refuses_malformed_text)
{
	static const char *const texts[] = { "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2",
		"\xC2x", "\xE0\x9F\xBF", "\xE2\x82", "\xE2\x82x", "\xED\xA0\x80",
		"\xF0\x8F\xBF\xBF", "\xF0\x90\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",
		"ok\xC3\xBC\xC3" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(!smtp_utf8_is_valid(texts[i], strlen(texts[i])), "row %zu", i);
}
END_TEST

START_TEST(knows_ascii)
{
	ck_assert(smtp_is_ascii("", 0));
	ck_assert(smtp_is_ascii("a\0\x7F", 3));
	ck_assert(!smtp_is_ascii("a\x80", 2));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "utf8", takes_well_formed_text, refuses_malformed_text, knows_ascii);
}

UNIT_MAIN("smtp/utf8")
