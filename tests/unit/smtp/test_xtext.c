/* SPDX-License-Identifier: ISC */
/* test_xtext.c - xtext there and back. */
#include "smtp/xtext.h"

#include <string.h>

#include "../unit.h"

START_TEST(encodes_what_is_not_plain)
{
	char out[32];

	ck_assert_int_eq(smtp_xtext_encode("a+b=c d\xFF\0", 9, out, sizeof out), 19);
	ck_assert_str_eq(out, "a+2Bb+3Dc+20d+FF+00");
	ck_assert_int_eq(smtp_xtext_encode("", 0, out, sizeof out), 0);
	ck_assert_str_eq(out, "");
}
END_TEST

START_TEST(decodes_what_it_encoded)
{
	char all[256], encoded[3 * 256 + 1], decoded[257];

	for (size_t i = 0; i < sizeof all; i++)
		all[i] = (char)(unsigned char)i;

	int len = smtp_xtext_encode(all, sizeof all, encoded, sizeof encoded);

	ck_assert_int_gt(len, 0);
	ck_assert(smtp_xtext_is_valid(encoded, (size_t)len));
	ck_assert_int_eq(smtp_xtext_decode(encoded, (size_t)len, decoded, sizeof decoded), 256);
	ck_assert_mem_eq(decoded, all, sizeof all);
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
	ck_assert_int_eq(smtp_xtext_encode("abc", 3, out, sizeof out), 3);
	ck_assert_int_eq(smtp_xtext_encode("abcd", 4, out, sizeof out), -1);
	ck_assert_int_eq(smtp_xtext_encode("+", 1, out, sizeof out), 3);
	ck_assert_int_eq(smtp_xtext_encode("a+", 2, out, sizeof out), -1);
	ck_assert_int_eq(smtp_xtext_decode("", 0, out, 0), -1);
	ck_assert_int_eq(smtp_xtext_encode("", 0, out, 0), -1);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "xtext", encodes_what_is_not_plain, decodes_what_it_encoded,
	    decodes_lower_case_digits, refuses_malformed_text, keeps_within_its_buffer);
}

UNIT_MAIN("smtp/xtext")
