/* SPDX-License-Identifier: ISC */
/* Tests of src/smtp/xtext.c. */
#include "smtp/xtext.h"

#include <stdio.h>
#include <string.h>

#include "../unit.h"

START_TEST(decodes_every_octet)
{
	char encoded[3 * 256 + 1], decoded[257];

	for (unsigned i = 0; i < 256; i++)
		snprintf(encoded + 3 * (size_t)i, 4, "+%02X", i);
	ck_assert(smtp_xtext_is_valid(encoded, sizeof encoded - 1));
	ck_assert_int_eq(
	    smtp_xtext_decode(encoded, sizeof encoded - 1, decoded, sizeof decoded), 256);
	for (size_t i = 0; i < 256; i++)
		ck_assert_uint_eq((unsigned char)decoded[i], i);
}
END_TEST

START_TEST(decodes_what_is_plain)
{
	char out[32];

	ck_assert_int_eq(smtp_xtext_decode("a+2Bb+3Dc+20d~", 14, out, sizeof out), 8);
	ck_assert_str_eq(out, "a+b=c d~");
	ck_assert_int_eq(smtp_xtext_decode("", 0, out, sizeof out), 0);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(decodes_lower_case_digits)
{
	char out[8];

	ck_assert_int_eq(smtp_xtext_decode("+3d", 3, out, sizeof out), 1);
	ck_assert_str_eq(out, "=");
}
END_TEST

START_TEST(refuses_malformed_text)
{
	static const char *const texts[] = { "+", "+4", "+4G", "+G4", "a=b", "a b", "a\x7F",
		"a\x80", "\x01", "++41" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		char out[8];
		size_t len = strlen(texts[i]);

		ck_assert_msg(!smtp_xtext_is_valid(texts[i], len), "%s", texts[i]);
		ck_assert_int_eq(smtp_xtext_decode(texts[i], len, out, sizeof out), -1);
	}
}
END_TEST

START_TEST(keeps_within_its_buffer)
{
	char out[4];

	ck_assert_int_eq(smtp_xtext_decode("abc", 3, out, sizeof out), 3);
	ck_assert_int_eq(smtp_xtext_decode("abcd", 4, out, sizeof out), -1);
	ck_assert_int_eq(smtp_xtext_decode("ab+2B", 5, out, sizeof out), 3);
	ck_assert_int_eq(smtp_xtext_decode("abc+2B", 6, out, sizeof out), -1);
	ck_assert_int_eq(smtp_xtext_decode("", 0, out, 0), -1);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "xtext", decodes_every_octet, decodes_what_is_plain,
	    decodes_lower_case_digits, refuses_malformed_text, keeps_within_its_buffer);
}

UNIT_MAIN("smtp/xtext")
