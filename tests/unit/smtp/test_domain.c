/* SPDX-License-Identifier: ISC */
/* test_domain.c - domains and address literals. */
#include "smtp/domain.h"

#include <string.h>

#include "../unit.h"

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

START_TEST(takes_domains)
{
	static const char *const texts[] = { "a", "localhost", "a.b", "A-1.example", "1.2.3.4",
		"my_host", "_dmarc.example.com", "xn--bcher-kva.example", A63,
		A63 "." A63 "." A63 "." A63 };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(smtp_domain_is_valid(texts[i]), "%s", texts[i]);
}
END_TEST

START_TEST(refuses_other_texts)
{
	static const char *const texts[] = { "", ".", "a.", ".a", "a..b", "-a", "a-", "a b", "a@b",
		"a\r", "[127.0.0.1]",
		"b\xC3\xBC"
		"cher",
		A63 "a", A63 "." A63 "." A63 "." A63 ".a" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(!smtp_domain_is_valid(texts[i]), "%s", texts[i]);
}
END_TEST

START_TEST(takes_literals)
{
	static const char *const texts[] = { "[127.0.0.1]", "[IPv6:::1]", "[IPV6:2001:db8::]",
		"[IPv6:::ffff:192.0.2.1]", "[tag:x]", "[x-1:a!~]" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(smtp_literal_is_valid(texts[i]), "%s", texts[i]);
}
END_TEST

START_TEST(refuses_other_literals)
{
	static const char *const texts[] = { "", "[", "[]", "127.0.0.1", "[127.0.0.1",
		"[127.0.0.1]x", "[::1]", "[IPv6:]", "[IPv6:x]", "[tag]", "[host.example]",
		"[tag:a[b]", "[tag:\x01]" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		ck_assert_msg(!smtp_literal_is_valid(texts[i]), "%s", texts[i]);
}
END_TEST

START_TEST(spans_stop_where_the_characters_do)
{
	ck_assert_uint_eq(smtp_domain_span("a.b>c", 5, false), 3);
	ck_assert_uint_eq(smtp_domain_span("a.b", 2, false), 0);
	ck_assert_uint_eq(smtp_domain_span("a\xC3\xBC", 3, false), 1);
	ck_assert_uint_eq(smtp_domain_span("a\xC3\xBC", 3, true), 3);
	ck_assert_uint_eq(smtp_literal_span("[127.0.0.1]>", 12), 11);
	ck_assert_uint_eq(smtp_literal_span("[127.0.0.1]", 10), 0);
	ck_assert_uint_eq(smtp_literal_span("[127.0.0.1\0x]", 13), 0);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "domain", takes_domains, refuses_other_texts);
	add_tests(suite, "literal", takes_literals, refuses_other_literals);
	add_tests(suite, "span", spans_stop_where_the_characters_do);
}

UNIT_MAIN("smtp/domain")
