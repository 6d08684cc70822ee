/* SPDX-License-Identifier: ISC */
/*
 * test_bdat.c - content in chunks: whatever is refused, the stream stays in step.  A "C: " line has
 * a CRLF behind it, which counts among the octets of a chunk.
 */
#include "unit.h"

#include <string.h>

#include "talk.h"

enum { SIZE_MAX_HERE = 100 };

#define HELLO "C: EHLO app", "S: 250-.*CHUNKING.*"
#define ENVELOPE                                                                         \
	"C: MAIL FROM:<a@example.org>", "S: 250 2.1.0 Ok", "C: RCPT TO:<b@example.net>", \
	    "S: 250 2.1.5 Ok"
#define QUEUED    "S: 250 2.0.0 Ok: queued as [0-9A-Z]{13}"
#define ORDER     "S: 503 5.5.1 Bad sequence of commands: BDAT comes after an accepted RCPT"
#define ALIVE     "C: NOOP", "S: 250 2.0.0 Ok"
#define FIELDS    "Date: x\r\nMessage-ID: y\r\nFrom: z\r\n\r\n" /* 35 octets */
#define TALK(...) ((const char *const[]){ __VA_ARGS__, NULL })

static const struct {
	const char *what;
	const char *const *lines;
	const char *kept; /* what the last content ends with; NULL: nothing is kept */
} talks[] = {
	{ "one chunk",
	    TALK(HELLO, ENVELOPE, "C: BDAT 42 LAST", "C: " FIELDS "Hello", QUEUED, ALIVE),
	    FIELDS "Hello\r\n" },
	{ "lower case", TALK(HELLO, ENVELOPE, "C: bdat 42  last", "C: " FIELDS "Hello", QUEUED),
	    FIELDS "Hello\r\n" },
	{ "mixed sizes, cut anywhere",
	    TALK(HELLO, ENVELOPE, "C: BDAT 9", "C: Date: x", "S: 250 2.0.0 Ok: 9 octets so far",
		"C: BDAT 0", "S: 250 2.0.0 Ok: 9 octets so far", "C: BDAT 26",
		"C: Message-ID: y\r\nFrom: z\r\n", "S: 250 2.0.0 Ok: 35 octets so far", "C: BDAT 3",
		"C: HelBDAT 4 LAST", "S: 250 2.0.0 Ok: 38 octets so far", "C: lo", QUEUED, ALIVE),
	    FIELDS "Hello\r\n" },
	{ "BDAT 0 LAST",
	    TALK(HELLO, ENVELOPE, "C: BDAT 42", "C: " FIELDS "Hello", "S: 250 2.0.0 .*",
		"C: BDAT 0 LAST", QUEUED, ALIVE),
	    FIELDS "Hello\r\n" },
	{ "nothing at all", TALK(HELLO, ENVELOPE, "C: BDAT 0 LAST", QUEUED, ALIVE), "" },
	{ "dots are content",
	    TALK(HELLO, ENVELOPE, "C: BDAT 49 LAST", "C: " FIELDS ".\r\n..\r\n.\r\n.x", QUEUED,
		ALIVE),
	    FIELDS ".\r\n..\r\n.\r\n.x\r\n" },
	{ "bare line ends, across chunks",
	    TALK(HELLO, ENVELOPE, "C: BDAT 37", "C: " FIELDS "a\nBDAT 1", "S: 250 2.0.0 .*",
		"C: \rBDAT 3 LAST", "S: 250 2.0.0 .*", "C: b", QUEUED, ALIVE),
	    FIELDS "a\r\n\r\nb\r\n" },
	{ "the last line lacks its end",
	    TALK(HELLO, ENVELOPE, "C: BDAT 40 LAST", "C: " FIELDS "HelloNOOP", QUEUED,
		"S: 250 2.0.0 Ok"),
	    FIELDS "Hello\r\n" },
	{ "two messages",
	    TALK(HELLO, ENVELOPE, "C: BDAT 42 LAST", "C: " FIELDS "Hello", QUEUED, ENVELOPE,
		"C: BDAT 40 LAST", "C: " FIELDS "two", QUEUED, ALIVE),
	    FIELDS "two\r\n" },
	{ "before EHLO", TALK("C: BDAT 6", "C: QUIT", ORDER, ALIVE, HELLO, ALIVE), NULL },
	{ "before MAIL", TALK(HELLO, "C: BDAT 6 LAST", "C: QUIT", ORDER, ALIVE), NULL },
	{ "before RCPT",
	    TALK(HELLO, "C: MAIL FROM:<a@example.org>", "S: 250 .*", "C: BDAT 6", "C: QUIT", ORDER,
		"C: BDAT 6 LAST", "C: QUIT", ORDER, "C: RCPT TO:<b@example.net>", "S: 503 .*",
		ENVELOPE, ALIVE),
	    NULL },
	{ "no recipient was taken",
	    TALK(HELLO, "C: MAIL FROM:<a@example.org>", "S: 250 .*", "C: RCPT TO:<@>", "S: 501 .*",
		"C: BDAT 6", "C: QUIT", ORDER, ALIVE),
	    NULL },
	{ "a chunk over the limit",
	    TALK(HELLO, ENVELOPE, "C: BDAT 101",
		"C: " FIELDS "QUIT\r\n" FIELDS "01234567890123456789012", "S: 552 5.3.4 .*",
		"C: BDAT 6 LAST", "C: QUIT", ORDER, ENVELOPE, "C: BDAT 40 LAST", "C: " FIELDS "two",
		QUEUED, ALIVE),
	    FIELDS "two\r\n" },
	{ "chunks over the limit together",
	    TALK(HELLO, ENVELOPE, "C: BDAT 42", "C: " FIELDS "Hello", "S: 250 .*", "C: BDAT 59",
		"C: " FIELDS "QUIT\r\n0123456789012345", "S: 552 5.3.4 .*", "C: BDAT 6 LAST",
		"C: QUIT", ORDER, "C: RSET", "S: 250 2.0.0 Ok", ALIVE),
	    NULL },
	{ "grown over the limit by line ends",
	    TALK(HELLO, ENVELOPE, "C: BDAT 95 LAST",
		"C: " FIELDS
		"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n"
		"\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n",
		"S: 552 5.3.4 .*", ALIVE),
	    NULL },
	{ "between chunks",
	    TALK(HELLO, ENVELOPE, "C: BDAT 35", "C: " FIELDS "DATA", "S: 250 .*",
		"S: 503 5.5.1 .*DATA.*", "C: MAIL FROM:<a@example.org>", "S: 503 5.5.1 .*",
		"C: RCPT TO:<c@example.org>", "S: 503 5.5.1 .*", ALIVE, "C: BDAT 7 LAST",
		"C: Hello", QUEUED),
	    FIELDS "Hello\r\n" },
	{ "RSET between chunks",
	    TALK(HELLO, ENVELOPE, "C: BDAT 35", "C: " FIELDS "RSET", "S: 250 .*", "S: 250 2.0.0 Ok",
		"C: BDAT 6 LAST", "C: QUIT", ORDER, ALIVE),
	    NULL },
	{ "a word that is not LAST",
	    TALK(HELLO, ENVELOPE, "C: BDAT 6 FIRST", "C: QUIT", "S: 501 5.5.4 .*", "C: BDAT 6 LAST",
		"C: QUIT", ORDER, ALIVE),
	    NULL },
};

/* A whole conversation at a pace, and what was kept of it. */
static void
converse(const char *const *lines, enum talk_pace pace, const char *kept)
{
	struct talk talk;

	talk_setup(&talk);
	talk.config.limits.message_size = SIZE_MAX_HERE;
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_run(&talk, pace, lines);
	ck_assert(kept != NULL || talk.spool.content == NULL);
	if (kept != NULL) {
		size_t len = strlen(talk.spool.content), end = strlen(kept);

		ck_assert_uint_ge(len, end);
		ck_assert_str_eq(talk.spool.content + len - end, kept);
	}
	talk_end(&talk);
}

START_TEST(test_chunks)
{
	for (int pace = 0; pace < TALK_PACES; pace++)
		converse(talks[_i].lines, (enum talk_pace)pace, talks[_i].kept);
}
END_TEST

/* Where it is not known how much follows, nothing more is read. */
START_TEST(test_size_unknown)
{
	static const char *const commands[] = { "BDAT", "BDAT x", "BDAT LAST", "BDAT -1", "BDAT 1x",
		"BDAT 18446744073709551616", "BDAT 99999999999999999999 LAST" };

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		struct talk talk;

		talk_setup(&talk);
		talk_begin(&talk);
		talk_hear(&talk, "220 .*");
		talk_say(&talk, commands[i]);
		talk_say(&talk, "NOOP");
		talk_hear(&talk, "501 5.5.4 Syntax: BDAT SIZE \\[LAST\\]");
		talk_hear_close(&talk);
		talk_end(&talk);
	}
}
END_TEST

/* While the disk is behind, the client waits, and nothing is lost. */
START_TEST(test_backlog)
{
	static const char *const lines[] = { HELLO, ENVELOPE, NULL };
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_run(&talk, TALK_LINES, lines);
	talk.spool.is_behind = true;
	talk_say(&talk, "BDAT 42 LAST\r\n" FIELDS "Hello\r\nNOOP");
	talk_settle(&talk);
	ck_assert_uint_eq(talk.heard.len, 0);
	fake_spool_catch_up(talk.writer);
	talk_hear(&talk, "250 2.0.0 Ok: queued.*");
	talk_hear(&talk, "250 2.0.0 Ok");
	ck_assert_ptr_nonnull(strstr(talk.spool.content, FIELDS "Hello\r\n"));
	talk_end(&talk);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("chunks");

	tcase_add_loop_test(table, test_chunks, 0, (int)(sizeof talks / sizeof *talks));
	suite_add_tcase(suite, table);
	add_tests(suite, "trouble", test_size_unknown, test_backlog);
}

UNIT_MAIN("listener/bdat")
