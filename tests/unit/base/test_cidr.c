/* SPDX-License-Identifier: ISC */
/* test_cidr.c - what is a network, and who lies in it. */
#include "base/cidr.h"

#include <string.h>
#include <sys/un.h>

#include "address.h"
#include "unit.h"

START_TEST(membership)
{
	static const struct {
		const char *network, *address;
		bool inside;
	} cases[] = {
		{ "10.0.0.0/8", "10.1.2.3", true },
		{ "10.0.0.0/8", "11.0.0.0", false },
		{ "10.0.0.0/8", "::ffff:10.1.2.3", true },
		{ "10.0.0.0/8", "a00::", false },
		{ "192.0.2.1", "192.0.2.1", true },
		{ "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.128/25", "192.0.2.200", true },
		{ "192.0.2.128/25", "192.0.2.127", false },
		{ "0.0.0.0/0", "203.0.113.9", true },
		{ "0.0.0.0/0", "2001:db8::1", false },
		{ "::/0", "2001:db8::1", true },
		{ "::/0", "203.0.113.9", true },
		{ "2001:db8::/32", "2001:db8:1::1", true },
		{ "2001:db8::/32", "2001:db9::1", false },
		{ "2001:db8::/33", "2001:db8:8000::", false },
		{ "::1", "::1", true },
		{ "::1", "127.0.0.1", false },
		{ "::ffff:10.0.0.0/104", "10.9.9.9", true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_storage address = address_of(cases[i].address);
		struct cidr network;
		const char *why;

		ck_assert_int_eq(cidr_parse(cases[i].network, &network, &why), 0);
		ck_assert_msg(cidr_contains(&network, (const void *)&address) == cases[i].inside,
		    "%s in %s", cases[i].address, cases[i].network);
	}
}
END_TEST

START_TEST(unix_sockets_lie_in_no_network)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct cidr network;
	const char *why;

	ck_assert_int_eq(cidr_parse("::/0", &network, &why), 0);
	ck_assert(!cidr_contains(&network, (const void *)&un));
}
END_TEST

START_TEST(refuses_what_is_no_network)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{ "", "not an IPv4 or IPv6 address" },
		{ "/8", "not an IPv4 or IPv6 address" },
		{ "10.0.0/8", "not an IPv4 or IPv6 address" },
		{ "localhost", "not an IPv4 or IPv6 address" },
		{ "[::1]", "not an IPv4 or IPv6 address" },
		{ "1111:2222:3333:4444:5555:6666:7777:8888:9999:0000",
		    "not an IPv4 or IPv6 address" },
		{ "10.0.0.0/33", "the prefix length is not 0 to 32" },
		{ "10.0.0.0/", "the prefix length is not 0 to 32" },
		{ "10.0.0.0/8x", "the prefix length is not 0 to 32" },
		{ "10.0.0.0/-1", "the prefix length is not 0 to 32" },
		{ "::/129", "the prefix length is not 0 to 128" },
		{ "10.1.2.3/8", "the address has bits set beyond its prefix length" },
		{ "2001:db8::1/32", "the address has bits set beyond its prefix length" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cidr network;
		const char *why = NULL;

		ck_assert_msg(
		    cidr_parse(cases[i].text, &network, &why) == -1, "took '%s'", cases[i].text);
		ck_assert_str_eq(why, cases[i].why);
	}
}
END_TEST

START_TEST(loopback_networks)
{
	static const struct {
		const char *network;
		bool loopback;
	} cases[] = { { "127.0.0.0/8", true }, { "127.0.0.1", true }, { "::1/128", true },
		{ "::ffff:127.0.0.0/104", true }, { "126.0.0.0/7", false }, { "0.0.0.0/0", false },
		{ "::/127", false }, { "::/0", false }, { "10.0.0.1", false } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct cidr network;
		const char *why;

		ck_assert_int_eq(cidr_parse(cases[i].network, &network, &why), 0);
		ck_assert_msg(
		    cidr_is_loopback(&network) == cases[i].loopback, "%s", cases[i].network);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "cidr", membership, unix_sockets_lie_in_no_network,
	    refuses_what_is_no_network, loopback_networks);
}

UNIT_MAIN("base/cidr")
