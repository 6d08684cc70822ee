/* SPDX-License-Identifier: ISC */
/* test_reply.c - replies line by line, and lines that are none. */
#include "smtp/reply.h"

#include <string.h>

#include "../unit.h"

struct reply_case {
	const char *in; /* lines end with '\n' */
	int code;
	const char *enhanced;
	const char *text;
	const char *words;
};

static const struct reply_case good[] = {
	{ "220 mx ready\n", 220, "", "mx ready", "mx ready" },
	{ "250\n", 250, "", "", "" },
	{ "250 \n", 250, "", "", "" },
	{ "250 2.0.0 OK\n", 250, "2.0.0", "2.0.0 OK", "OK" },
	{ "250 2.0.0\n", 250, "2.0.0", "2.0.0", "" },
	{ "250-a\n250-b c\n250 d\n", 250, "", "a\nb c\nd", "a b c d" },
	{ "250-a\n250-\n250\n", 250, "", "a\n\n", "a" },
	{ "354 go\n", 354, "", "go", "go" },
	{ "550-5.1.1 No such user.\n550-5.1.1  See\n550 5.1.1 there\n", 550, "5.1.1",
	    "5.1.1 No such user.\n5.1.1  See\n5.1.1 there", "No such user. See there" },
	{ "550-5.1.1 a\n550 5.1.12 b\n", 550, "5.1.1", "5.1.1 a\n5.1.12 b", "a 5.1.12 b" },
	{ "550-5.1.1\n550 b\n", 550, "5.1.1", "5.1.1\nb", "b" },
	/* A code of another class contradicts the reply, and is only text. */
	{ "550 4.2.1 x\n", 550, "", "4.2.1 x", "4.2.1 x" },
	{ "450 5.2.1 x\n", 450, "", "5.2.1 x", "5.2.1 x" },
	{ "550 said 5.1.1\n", 550, "", "said 5.1.1", "said 5.1.1" },
	{ "421 a\tb\x01\x1B[2Jc\x7F\r\n", 421, "", "a b??[2Jc??", "a b??[2Jc??" },
	{ "599 \xC3\xBC\n", 599, "", "\xC3\xBC", "\xC3\xBC" },
};

static const char *const bad[] = {
	"\n",
	"2\n",
	"25\n",
	"2500\n",
	"250x\n",
	"250\tx\n",
	"250_x\n",
	" 250 x\n",
	"199 x\n",
	"150 x\n",
	"600 x\n",
	"999 x\n",
	"0 x\n",
	"2x0 x\n",
	"25x x\n",
	"HTTP/1.1 400 Bad Request\n",
	"\x16\x03\x01\n",
	"250-a\n251 b\n",
	"250-a\n550 b\n",
	"250-a\nb\n",
	"250-a\n\n",
	"-250 x\n",
	"+OK\n",
};

/* Feed all lines of text. */
static enum smtp_reply_result
feed(struct smtp_reply *reply, const char *text)
{
	enum smtp_reply_result result = SMTP_REPLY_MORE;

	smtp_reply_reset(reply);
	while (*text != '\0' && result == SMTP_REPLY_MORE) {
		size_t len = strcspn(text, "\n");

		result = smtp_reply_feed(reply, text, len);
		text += len + 1;
	}
	return result;
}

START_TEST(reads_replies)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct smtp_reply reply;
		char words[256];

		ck_assert_msg(feed(&reply, good[i].in) == SMTP_REPLY_DONE, "%s", good[i].in);
		ck_assert_int_eq(reply.code, good[i].code);
		ck_assert_str_eq(reply.enhanced, good[i].enhanced);
		ck_assert_str_eq(reply.text, good[i].text);
		ck_assert_uint_eq(reply.text_len, strlen(good[i].text));
		smtp_reply_words(&reply, words, sizeof words);
		ck_assert_str_eq(words, good[i].words);
	}
}
END_TEST

/* All but the last line ask for more. */
START_TEST(waits_for_the_last_line)
{
	struct smtp_reply reply;

	smtp_reply_reset(&reply);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250-a", 5), SMTP_REPLY_MORE);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250-b", 5), SMTP_REPLY_MORE);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250 c", 5), SMTP_REPLY_DONE);
	ck_assert_int_eq(reply.code, 250);
}
END_TEST

START_TEST(refuses_what_is_no_reply)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct smtp_reply reply;

		ck_assert_msg(feed(&reply, bad[i]) == SMTP_REPLY_INVALID, "%s", bad[i]);
	}
}
END_TEST

START_TEST(stays_invalid)
{
	struct smtp_reply reply;

	ck_assert_int_eq(feed(&reply, "garbage\n"), SMTP_REPLY_INVALID);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250 OK", 6), SMTP_REPLY_INVALID);
}
END_TEST

START_TEST(starts_afresh_after_a_reset)
{
	struct smtp_reply reply;

	ck_assert_int_eq(feed(&reply, "550-5.1.1 long\n550 5.1.1 text\n"), SMTP_REPLY_DONE);
	ck_assert_int_eq(feed(&reply, "250 OK\n"), SMTP_REPLY_DONE);
	ck_assert_int_eq(reply.code, 250);
	ck_assert_str_eq(reply.enhanced, "");
	ck_assert_str_eq(reply.text, "OK");
}
END_TEST

START_TEST(bounds_the_lines)
{
	struct smtp_reply reply;

	smtp_reply_reset(&reply);
	for (int i = 0; i < SMTP_REPLY_LINES_MAX; i++)
		ck_assert_int_eq(smtp_reply_feed(&reply, "250-a", 5), SMTP_REPLY_MORE);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250 a", 5), SMTP_REPLY_INVALID);
}
END_TEST

START_TEST(bounds_the_octets)
{
	static char line[SMTP_REPLY_OCTETS_MAX];
	struct smtp_reply reply;

	memset(line, 'x', sizeof line);
	memcpy(line, "250-", 4);
	smtp_reply_reset(&reply);
	ck_assert_int_eq(smtp_reply_feed(&reply, line, sizeof line - 1), SMTP_REPLY_INVALID);
	smtp_reply_reset(&reply);
	ck_assert_int_eq(smtp_reply_feed(&reply, line, sizeof line - 2), SMTP_REPLY_MORE);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250 ", 4), SMTP_REPLY_INVALID);
}
END_TEST

/* "SIZE 35882577" must never become "SIZE 358": what does not fit as a whole is left out. */
START_TEST(leaves_out_lines_that_do_not_fit)
{
	static char line[SMTP_REPLY_TEXT_SIZE];
	struct smtp_reply reply;

	memset(line, 'x', sizeof line);
	memcpy(line, "250-", 4);
	smtp_reply_reset(&reply);
	ck_assert_int_eq(smtp_reply_feed(&reply, line, sizeof line - 4), SMTP_REPLY_MORE);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250-SIZE 35882577", 17), SMTP_REPLY_MORE);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250 DSN", 7), SMTP_REPLY_DONE);
	ck_assert_ptr_null(strstr(reply.text, "SIZE"));
	ck_assert_ptr_nonnull(strstr(reply.text, "\nDSN"));
}
END_TEST

START_TEST(cuts_a_first_line_that_does_not_fit)
{
	static char line[2 * SMTP_REPLY_TEXT_SIZE];
	struct smtp_reply reply;

	memset(line, 'x', sizeof line);
	memcpy(line, "550 5.7.1 ", 10);
	smtp_reply_reset(&reply);
	ck_assert_int_eq(smtp_reply_feed(&reply, line, sizeof line), SMTP_REPLY_DONE);
	ck_assert_uint_eq(strlen(reply.text), SMTP_REPLY_TEXT_SIZE - 1);
	ck_assert_str_eq(reply.enhanced, "5.7.1");
}
END_TEST

START_TEST(replaces_nul_octets)
{
	struct smtp_reply reply;

	smtp_reply_reset(&reply);
	ck_assert_int_eq(smtp_reply_feed(&reply, "250 a\0b", 7), SMTP_REPLY_DONE);
	ck_assert_str_eq(reply.text, "a?b");
}
END_TEST

START_TEST(tells_the_beginning_of_what_is_no_reply)
{
	char said[9];

	smtp_reply_excerpt("a\tb\0\x7f", 5, said, sizeof said);
	ck_assert_str_eq(said, "a b??");
	smtp_reply_excerpt("HTTP/1.1 400", 12, said, sizeof said);
	ck_assert_str_eq(said, "HTTP/1.1");
}
END_TEST

START_TEST(cuts_words_to_any_size)
{
	static const char whole[] = "first second third";
	struct smtp_reply reply;

	feed(&reply, "550-5.1.1 first\n550-5.1.1 second\n550 5.1.1 third\n");
	for (size_t size = 1; size <= sizeof whole + 1; size++) {
		char *words = malloc(size);

		ck_assert_ptr_nonnull(words);
		smtp_reply_words(&reply, words, size);
		ck_assert_uint_lt(strlen(words), size);
		ck_assert_msg(strncmp(words, whole, strlen(words)) == 0, "%s", words);
		free(words);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "read", reads_replies, waits_for_the_last_line, refuses_what_is_no_reply,
	    stays_invalid, starts_afresh_after_a_reset);
	add_tests(suite, "bounds", bounds_the_lines, bounds_the_octets,
	    leaves_out_lines_that_do_not_fit, cuts_a_first_line_that_does_not_fit,
	    replaces_nul_octets, tells_the_beginning_of_what_is_no_reply, cuts_words_to_any_size);
}

UNIT_MAIN("smtp/reply")
