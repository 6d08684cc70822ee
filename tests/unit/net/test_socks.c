/* SPDX-License-Identifier: ISC */
/* Tests of src/net/socks.c: what is said to a proxy, octet by octet, and what its answers mean. */
#include "net/socks.h"

#include <string.h>

#include "unit.h"

#define BYTES(text) text, sizeof(text) - 1

static const struct conversation {
	const char *host, *username;
	const char *said; /* all of it */
	size_t said_len;
	const char *heard;
	size_t heard_len;
	const char *why; /* NULL: connected */
} conversations[] = {
	{ "a.example", NULL, BYTES("\5\1\0\5\1\0\3\11a.example\2\113"),
	    BYTES("\5\0\5\0\0\1\177\0\0\1\0\31"), NULL },
	{ "192.0.2.1", NULL, BYTES("\5\1\0\5\1\0\1\300\0\2\1\2\113"),
	    BYTES("\5\0\5\0\0\3\4test\0\31"), NULL },
	{ "::1", NULL, BYTES("\5\1\0\5\1\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\113"),
	    BYTES("\5\0\5\0\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1\0\31"), NULL },
	{ "b", NULL, BYTES("\5\1\0\5\1\0\3\1b\2\113"), BYTES("\5\0\5\0\0\3\0\0\31"), NULL },
	{ "b", "me", BYTES("\5\2\0\2\1\2me\2pw\5\1\0\3\1b\2\113"),
	    BYTES("\5\2\1\0\5\0\0\1\0\0\0\0\0\0"), NULL },
	{ "b", "me", BYTES("\5\2\0\2\5\1\0\3\1b\2\113"), BYTES("\5\0\5\0\0\1\0\0\0\0\0\0"), NULL },
	{ "b", "me", BYTES("\5\2\0\2\1\2me\2pw"), BYTES("\5\2\1\1"),
	    "it refuses the username or the password" },
	{ "b", "me", BYTES("\5\2\0\2\1\2me\2pw"), BYTES("\5\2\5\0"), "it does not speak SOCKS5" },
	{ "b", NULL, BYTES("\5\1\0"), BYTES("\5\377"), "it wants a login: set proxy_username" },
	{ "b", "me", BYTES("\5\2\0\2"), BYTES("\5\377"),
	    "it takes no login with a username and a password" },
	{ "b", NULL, BYTES("\5\1\0"), BYTES("\5\2"), "it chose a login that was not offered" },
	{ "b", "me", BYTES("\5\2\0\2"), BYTES("\5\1"), "it chose a login that was not offered" },
	{ "b", NULL, BYTES("\5\1\0"), BYTES("HT"), "it does not speak SOCKS5" },
	{ "b", NULL, BYTES("\5\1\0"), BYTES("\4\0"), "it does not speak SOCKS5" },
	{ "b", NULL, BYTES("\5\1\0\5\1\0\3\1b\2\113"), BYTES("\5\0\4\0\0\1\0"),
	    "it does not speak SOCKS5" },
	{ "b", NULL, BYTES("\5\1\0\5\1\0\3\1b\2\113"), BYTES("\5\0\5\0\0\2\0"),
	    "it does not speak SOCKS5" },
};

/* Let the proxy say all of it, so many octets at a time. */
static enum socks_result
converse(const struct conversation *c, size_t at_a_time)
{
	struct socks socks;
	enum socks_result result = SOCKS_MORE;
	size_t said = 0, heard = 0;

	socks_begin(&socks, c->host, 587, c->username, c->username != NULL ? "pw" : NULL);
	while (result == SOCKS_MORE) {
		ck_assert_uint_le(said + socks.out_len, c->said_len);
		ck_assert_mem_eq(socks.out, c->said + said, socks.out_len);
		said += socks.out_len;
		socks_clear(&socks);

		size_t len = socks.need < at_a_time ? socks.need : at_a_time;

		ck_assert_uint_gt(len, 0);
		ck_assert_uint_le(heard + len, c->heard_len);
		result = socks_feed(&socks, c->heard + heard, len);
		heard += len;
	}
	ck_assert_uint_eq(said, c->said_len);
	ck_assert_uint_eq(heard, c->heard_len);
	if (c->why != NULL)
		ck_assert_str_eq(socks.why, c->why);
	return result;
}

START_TEST(conversation)
{
	const struct conversation *c = &conversations[_i];

	for (size_t at_a_time = 1; at_a_time < 20; at_a_time++)
		ck_assert_int_eq(
		    converse(c, at_a_time), c->why == NULL ? SOCKS_OPEN : SOCKS_FAILED);
}
END_TEST

/* _i: the code of the reply */
START_TEST(refusals_are_told_in_words)
{
	const unsigned char reply[5] = { 5, (unsigned char)_i, 0, 1, 0 };
	struct socks socks;

	socks_begin(&socks, "b", 25, NULL, NULL);
	ck_assert_int_eq(socks_feed(&socks, "\5\0", 2), SOCKS_MORE);
	socks_clear(&socks);
	ck_assert_int_eq(socks_feed(&socks, reply, 5), SOCKS_FAILED);
	ck_assert_uint_gt(strlen(socks.why), 10);
	if (_i == 5)
		ck_assert_str_eq(socks.why, "connection refused by the destination");
}
END_TEST

START_TEST(the_longest_texts_fit)
{
	char text[SOCKS_TEXT_MAX + 1];
	struct socks socks;

	memset(text, 'x', SOCKS_TEXT_MAX);
	text[SOCKS_TEXT_MAX] = '\0';
	socks_begin(&socks, text, 25, text, text);
	socks_clear(&socks);
	ck_assert_int_eq(socks_feed(&socks, "\5\2", 2), SOCKS_MORE);
	ck_assert_uint_eq(socks.out_len, sizeof socks.out);
	socks_clear(&socks);
	ck_assert_int_eq(socks_feed(&socks, "\1\0", 2), SOCKS_MORE);
	socks_clear(&socks);
	ck_assert_int_eq(socks_feed(&socks, "\5\0\0\3\377", 5), SOCKS_MORE);
	ck_assert_uint_eq(socks.need, 257);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("socks");

	tcase_add_loop_test(
	    tcase, conversation, 0, (int)(sizeof conversations / sizeof *conversations));
	tcase_add_loop_test(tcase, refusals_are_told_in_words, 1, 256);
	tcase_add_test(tcase, the_longest_texts_fit);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("socks")
