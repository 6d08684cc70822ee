/* SPDX-License-Identifier: ISC */
/* test_enhanced.c - enhanced status codes at the start of texts. */
#include "smtp/enhanced.h"

#include "../unit.h"

START_TEST(reads_codes)
{
	static const struct {
		const char *text;
		size_t len;
		struct smtp_enhanced want;
	} cases[] = {
		{ "2.0.0", 5, { 2, 0, 0 } },
		{ "4.7.1 try later", 5, { 4, 7, 1 } },
		{ "5.1.1\nnext line", 5, { 5, 1, 1 } },
		{ "5.999.999 x", 9, { 5, 999, 999 } },
		{ "5.7.008 x", 7, { 5, 7, 8 } },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_enhanced out;

		ck_assert_msg(
		    smtp_enhanced_parse(cases[i].text, &out) == cases[i].len, "%s", cases[i].text);
		ck_assert_int_eq(out.class, cases[i].want.class);
		ck_assert_int_eq(out.subject, cases[i].want.subject);
		ck_assert_int_eq(out.detail, cases[i].want.detail);
	}
}
END_TEST

START_TEST(finds_none_elsewhere)
{
	static const char *const texts[] = { "", "5", "5.", "5.1", "5.1.", "5..1", "5.1.1x",
		"5.1.1.1", "5.1.1-", "3.1.1", "1.1.1", "55.1.1", "5.1000.1", "5.1.1000", " 5.1.1",
		"x5.1.1", "5 1 1", "5.a.1", "127.0.0.1", "5.1.1:" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct smtp_enhanced out;

		ck_assert_msg(smtp_enhanced_parse(texts[i], &out) == 0, "%s", texts[i]);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "enhanced", reads_codes, finds_none_elsewhere);
}

UNIT_MAIN("smtp/enhanced")
