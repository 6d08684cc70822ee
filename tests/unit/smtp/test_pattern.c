/* SPDX-License-Identifier: ISC */
/* test_pattern.c - what patterns mean, and which mean nothing. */
#include "smtp/pattern.h"

#include <string.h>

#include "unit.h"

START_TEST(fits_the_whole_text)
{
	static const struct {
		const char *pattern, *text;
		bool fits;
	} rows[] = {
		{ "", "", true },
		{ "", "a", false },
		{ "a", "", false },
		{ "*", "", true },
		{ "**", "abc", true },
		{ "a@x.example", "A@X.Example", true },
		{ "a@x.example", "a@x.example.org", false },
		{ "*@x.example", "a@x.example", true },
		{ "*@x.example", "a@b@x.example", true },
		{ "*@x.example", "a@y.x.example", false },
		{ "a*c*e", "abcdce", true },
		{ "a*c*e", "abcdcf", false },
		{ "a?c", "abc", true },
		{ "a?c", "ac", false },
		{ "?", "", false },
		{ "*@[10.0.0.1]", "a@[10.0.0.1]", true },
		{ "*@[10.0.0.1]", "a@1", false },
		{ "*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(smtp_pattern_fits(rows[i].pattern, rows[i].text) == rows[i].fits,
		    "%s of %s", rows[i].pattern, rows[i].text);
}
END_TEST

START_TEST(means_an_address_or_a_domain)
{
	static const struct {
		const char *pattern, *mailbox;
		bool means;
	} rows[] = {
		{ "a@x.example", "a@X.EXAMPLE", true },
		{ "a@x.example", "b@x.example", false },
		{ "a-*@x.example", "a-bounces@x.example", true },
		{ "x.example", "a@x.example", true },
		{ "X.Example", "a@x.example", true },
		{ "x.example", "x.example@y.example", false },
		{ "x.example", "a@sub.x.example", false },
		{ "*.x.example", "a@sub.x.example", true },
		{ "*.x.example", "a@x.example", false },
		{ "*.x.example", "a@notx.example", false },
		{ "x.example", "\"a@b\"@x.example", true },
		{ "*", "a@x.example", true },
		{ "*", "", false },
		{ "*@*", "", false },
		{ "<>", "", true },
		{ "<>", "a@x.example", false },
		{ "[10.0.0.1]", "a@[10.0.0.1]", true },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(smtp_pattern_means(rows[i].pattern, rows[i].mailbox) == rows[i].means,
		    "%s of <%s>", rows[i].pattern, rows[i].mailbox);
}
END_TEST

START_TEST(tells_why_it_means_nothing)
{
	static const struct {
		const char *pattern, *why;
	} rows[] = {
		{ "x.example", NULL },
		{ "*.x.example", NULL },
		{ "*@x.example", NULL },
		{ "\"a b\"@x.example", NULL },
		{ "a@[IPv6:2001:db8::1]", NULL },
		{ "<>", NULL },
		{ "", "empty" },
		{ "@x.example", "before" },
		{ "a@", "behind" },
		{ ".x.example", "empty part" },
		{ "a@x..example", "empty part" },
		{ "x.example.", "empty part" },
		{ "<a@x.example>", "no domain" },
		{ "x.example, y.example", "no domain" },
		{ "a\n@x.example", "control" },
	};

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const char *why = smtp_pattern_check(rows[i].pattern);

		if (rows[i].why == NULL)
			ck_assert_msg(why == NULL, "%s: %s", rows[i].pattern, why);
		else
			ck_assert_msg(why != NULL && strstr(why, rows[i].why) != NULL, "%s: %s",
			    rows[i].pattern, why);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "pattern", fits_the_whole_text, means_an_address_or_a_domain,
	    tells_why_it_means_nothing);
}

UNIT_MAIN("pattern")
