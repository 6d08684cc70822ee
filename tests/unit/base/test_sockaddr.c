/* SPDX-License-Identifier: ISC */
/* test_sockaddr.c - the text forms of socket addresses. */
#include "base/sockaddr.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <string.h>
#include <sys/un.h>

#include "unit.h"

static socklen_t
fill(const char *text, struct sockaddr_storage *storage)
{
	struct sockaddr_in *in = (void *)storage;
	struct sockaddr_in6 *in6 = (void *)storage;

	memset(storage, 0, sizeof *storage);
	if (strchr(text, ':') == NULL) {
		in->sin_family = AF_INET;
		in->sin_port = htons(25);
		ck_assert_int_eq(inet_pton(AF_INET, text, &in->sin_addr), 1);
		return sizeof *in;
	}
	in6->sin6_family = AF_INET6;
	in6->sin6_port = htons(25);
	ck_assert_int_eq(inet_pton(AF_INET6, text, &in6->sin6_addr), 1);
	return sizeof *in6;
}

START_TEST(hosts)
{
	static const struct {
		const char *address, *full, *host, *literal;
		bool loopback;
	} cases[] = {
		{ "127.0.0.1", "127.0.0.1:25", "127.0.0.1", "[127.0.0.1]", true },
		{ "127.9.9.9", "127.9.9.9:25", "127.9.9.9", "[127.9.9.9]", true },
		{ "192.0.2.1", "192.0.2.1:25", "192.0.2.1", "[192.0.2.1]", false },
		{ "::1", "[::1]:25", "::1", "[IPv6:::1]", true },
		{ "2001:db8::25", "[2001:db8::25]:25", "2001:db8::25", "[IPv6:2001:db8::25]",
		    false },
		{ "::ffff:127.0.0.1", "127.0.0.1:25", "127.0.0.1", "[127.0.0.1]", true },
		{ "::ffff:192.0.2.1", "192.0.2.1:25", "192.0.2.1", "[192.0.2.1]", false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct sockaddr_storage storage;
		socklen_t len = fill(cases[i].address, &storage);
		const struct sockaddr *address = (const void *)&storage;
		char text[SOCKADDR_TEXT_SIZE];

		sockaddr_format(address, len, text);
		ck_assert_str_eq(text, cases[i].full);
		sockaddr_format_host(address, text);
		ck_assert_str_eq(text, cases[i].host);
		sockaddr_format_literal(address, text);
		ck_assert_str_eq(text, cases[i].literal);
		ck_assert(sockaddr_is_loopback(address) == cases[i].loopback);
	}
}
END_TEST

START_TEST(unix_sockets)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	const struct sockaddr *address = (const void *)&un;
	socklen_t head = offsetof(struct sockaddr_un, sun_path);
	char text[SOCKADDR_TEXT_SIZE], full[sizeof un.sun_path + 1] = "";

	sockaddr_format(address, head, text);
	ck_assert_str_eq(text, "local");
	memcpy(un.sun_path, "/run/x.sock", 12);
	sockaddr_format(address, sizeof un, text);
	ck_assert_str_eq(text, "unix:/run/x.sock");
	memcpy(un.sun_path, "\0name", 5);
	sockaddr_format(address, head + 5, text);
	ck_assert_str_eq(text, "unix:@name");
	memset(un.sun_path, 'p', sizeof un.sun_path);
	memset(full, 'p', sizeof un.sun_path);
	sockaddr_format(address, sizeof un, text);
	ck_assert_str_eq(text + 5, full);
	sockaddr_format_host(address, text);
	ck_assert_str_eq(text, "local");
	sockaddr_format_literal(address, text);
	ck_assert_str_eq(text, "localhost");
	ck_assert(sockaddr_is_loopback(address));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "sockaddr", hosts, unix_sockets);
}

UNIT_MAIN("base/sockaddr")
