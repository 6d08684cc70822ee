/* SPDX-License-Identifier: ISC */
/* test_proxy_header.c - headers of both versions, cut anywhere, and what is none. */
#include "net/proxy_header.h"

#include <string.h>

#include "base/sockaddr.h"
#include "unit.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define TCP4      "\xc0\0\2\1\xc0\0\2\2\x9c\x40\0\x19"
#define TCP6                                                                               \
	"\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x9c" \
	"\x40\0\x19"
#define HEADER(text) text, sizeof text - 1

struct header {
	const char *data;
	size_t len;
	const char *client; /* NULL: the balancer itself */
};

static const struct header good[] = {
	{ HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\r\n"), "192.0.2.1:40000" },
	{ HEADER("PROXY TCP6 2001:db8::1 ::1 40000 25\r\n"), "[2001:db8::1]:40000" },
	{ HEADER("PROXY TCP6 ::ffff:192.0.2.1 ::1 0 65535\r\n"), "192.0.2.1:0" },
	{ HEADER("PROXY UNKNOWN\r\n"), NULL },
	{ HEADER("PROXY UNKNOWN ffff::1 what ever\r\n"), NULL },
	{ HEADER(SIGNATURE "\x21\x11\0\x0c" TCP4), "192.0.2.1:40000" },
	{ HEADER(SIGNATURE "\x21\x11\0\x11" TCP4 "\4\0\2hi"), "192.0.2.1:40000" },
	{ HEADER(SIGNATURE "\x21\x21\0\x24" TCP6), "[2001:db8::1]:40000" },
	{ HEADER(SIGNATURE "\x20\x11\0\x0c" TCP4), NULL },
	{ HEADER(SIGNATURE "\x20\0\0\0"), NULL },
	{ HEADER(SIGNATURE "\x21\0\0\3abc"), NULL },
	{ HEADER(SIGNATURE "\x21\x31\0\4path"), NULL },
};

/* A good header is that whatever follows, and may become one as long as it is cut. */
START_TEST(good_headers)
{
	const struct header *header = &good[_i];
	struct proxy_header out;
	char data[256], client[SOCKADDR_TEXT_SIZE];

	memcpy(data, header->data, header->len);
	memcpy(data + header->len, "EHLO a\r\n", 8);
	for (size_t len = 0; len < header->len; len++)
		ck_assert_msg(proxy_header_parse(data, len, &out) == PROXY_MORE, "of %zu", len);
	for (size_t more = 0; more <= 8; more++) {
		ck_assert_int_eq(proxy_header_parse(data, header->len + more, &out), PROXY_OK);
		ck_assert_uint_eq(out.len, header->len);
		ck_assert_int_eq(out.has_client, header->client != NULL);
	}
	if (header->client == NULL)
		return;
	sockaddr_format((struct sockaddr *)&out.client, out.client_len, client);
	ck_assert_str_eq(client, header->client);
}
END_TEST

static const struct header bad[] = {
	{ HEADER("EHLO a\r\n"), NULL },
	{ HEADER("\x16\3\1"), NULL },
	{ HEADER("proxy TCP4 192.0.2.1 192.0.2.2 40000 25\r\n"), NULL },
	{ HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25\n"), NULL },
	{ HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 40000\r\n"), NULL },
	{ HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 40000 25 \r\n"), NULL },
	{ HEADER("PROXY TCP4  192.0.2.1 192.0.2.2 40000 25\r\n"), NULL },
	{ HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n"), NULL },
	{ HEADER("PROXY TCP4 192.0.2.1 192.0.2.2 -1 25\r\n"), NULL },
	{ HEADER("PROXY TCP4 2001:db8::1 ::1 40000 25\r\n"), NULL },
	{ HEADER("PROXY TCP6 192.0.2.1 192.0.2.2 40000 25\r\n"), NULL },
	{ HEADER("PROXY UDP4 192.0.2.1 192.0.2.2 40000 25\r\n"), NULL },
	{ HEADER("PROXY UNKNOWNS\r\n"), NULL },
	{ HEADER("PROXY \r\n"), NULL },
	{ HEADER("PROXY TCP4 192.0.2.1\0 192.0.2.2 40000 25\r\n"), NULL },
	{ HEADER("PROXY TCP4 1111111111111111111111111111111111111111111111111111111111111111111111"
		 "1111111111111111111111111111111111"),
	    NULL },
	{ HEADER(SIGNATURE "\x11\x11\0\x0c" TCP4), NULL },
	{ HEADER(SIGNATURE "\x22\x11\0\x0c" TCP4), NULL },
	{ HEADER(SIGNATURE "\x21\x12\0\x0c" TCP4), NULL },
	{ HEADER(SIGNATURE "\x21\x11\0\x0b" TCP4), NULL },
	{ HEADER(SIGNATURE "\x21\x21\0\x0c" TCP4), NULL },
	{ HEADER(SIGNATURE "\x21\x11\xff\xff" TCP4), NULL },
};

START_TEST(bad_headers)
{
	struct proxy_header out;

	ck_assert_msg(
	    proxy_header_parse(bad[_i].data, bad[_i].len, &out) == PROXY_BAD, "%s", bad[_i].data);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("headers");

	tcase_add_loop_test(tcase, good_headers, 0, (int)(sizeof good / sizeof *good));
	tcase_add_loop_test(tcase, bad_headers, 0, (int)(sizeof bad / sizeof *bad));
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("proxy header")
