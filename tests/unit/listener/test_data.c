/* SPDX-License-Identifier: ISC */
/* test_data.c - what is kept of a message's content, octet by octet, and what is refused. */
#include "unit.h"

#include <errno.h>
#include <string.h>

#include "spool/envelope.h"
#include "talk.h"

#define RECEIVED                                                    \
	"Received: from app \\(\\[127\\.0\\.0\\.1\\]\\)\r\n"        \
	"\tby relay\\.example\\.com with ESMTP id [0-9A-Z]{13}\r\n" \
	"\tfor <b@example\\.net>;\r\n"                              \
	"\t[A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \\+0000\r\n"
#define DATE       "Date: [A-Z][a-z]{2}, [0-9]{1,2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} \\+0000\r\n"
#define MESSAGE_ID "Message-ID: <[0-9A-Z]{13}@relay\\.example\\.com>\r\n"
#define FROM       "From: <a@example\\.org>\r\n"
#define WHOLE      "From: z\r\nDate: x\r\nMessage-ID: y\r\n"

static void
begin_data(struct talk *talk, const char *ehlo)
{
	talk_begin(talk);
	talk_hear(talk, "220 .*");
	talk_say(talk, ehlo);
	talk_hear(talk, "250.*");
	talk_say(talk, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA");
	talk_hear(talk, "250 2.1.0 Ok");
	talk_hear(talk, "250 2.1.5 Ok");
	talk_hear(talk, "354 .*");
}

/* wire ends with the line ".": what stands behind it must not belong to the content. */
static const struct {
	const char *what, *wire, *kept;
} contents[] = {
	{ "whole", WHOLE "\r\nHello\r\n.\r\n", RECEIVED WHOLE "\r\nHello\r\n" },
	{ "no date", "From: z\r\nMessage-ID: y\r\n\r\nHello\r\n.\r\n",
	    RECEIVED DATE "From: z\r\nMessage-ID: y\r\n\r\nHello\r\n" },
	{ "no id", "from: z\r\ndate : x\r\n\r\nHello\r\n.\r\n",
	    RECEIVED MESSAGE_ID "from: z\r\ndate : x\r\n\r\nHello\r\n" },
	{ "no sender", "Date: x\r\nMessage-ID: y\r\n\r\nHello\r\n.\r\n",
	    RECEIVED FROM "Date: x\r\nMessage-ID: y\r\n\r\nHello\r\n" },
	{ "none of them", "Subject: x\r\n\r\nHello\r\n.\r\n",
	    RECEIVED FROM DATE MESSAGE_ID "Subject: x\r\n\r\nHello\r\n" },
	{ "no header", "Hello world\r\n.\r\n",
	    RECEIVED FROM DATE MESSAGE_ID "\r\nHello world\r\n" },
	{ "empty header", "\r\nHello\r\n.\r\n", RECEIVED FROM DATE MESSAGE_ID "\r\nHello\r\n" },
	{ "header alone", WHOLE ".\r\n", RECEIVED WHOLE },
	{ "nothing", ".\r\n", RECEIVED FROM DATE MESSAGE_ID "(\r\n)?" },
	{ "a date in the body", "From: z\r\nMessage-ID: y\r\n\r\nDate: x\r\n.\r\n",
	    RECEIVED DATE "From: z\r\nMessage-ID: y\r\n\r\nDate: x\r\n" },
	{ "Return-Path stays", "Return-Path: <z>\r\n" WHOLE "\r\n.\r\n",
	    RECEIVED "Return-Path: <z>\r\n" WHOLE "\r\n" },
	{ "dots", WHOLE "\r\n..\r\n...x\r\n.y\r\n. \r\n.\r\n",
	    RECEIVED WHOLE "\r\n\\.\r\n\\.\\.x\r\ny\r\n \r\n" },
	{ "bare LF", WHOLE "\r\na\nb\n\r\n.\r\n", RECEIVED WHOLE "\r\na\r\nb\r\n\r\n" },
	{ "LF . LF", WHOLE "\r\na\n.\nb\r\n.\r\n", RECEIVED WHOLE "\r\na\r\n\\.\r\nb\r\n" },
	{ "LF . CRLF", WHOLE "\r\na\n.\r\nb\r\n.\r\n", RECEIVED WHOLE "\r\na\r\n\\.\r\nb\r\n" },
	{ "CRLF . LF", WHOLE "\r\na\r\n.\nb\r\n.\r\n", RECEIVED WHOLE "\r\na\r\n\r\nb\r\n" },
	{ "CR . CR", WHOLE "\r\na\r.\rb\r\n.\r\n", RECEIVED WHOLE "\r\na\r\n\\.\r\nb\r\n" },
	{ "CRLF . CR", WHOLE "\r\na\r\n.\rb\r\n.\r\n", RECEIVED WHOLE "\r\na\r\n\r\nb\r\n" },
	{ "CR . CRLF", WHOLE "\r\na\r.\r\nb\r\n.\r\n", RECEIVED WHOLE "\r\na\r\n\\.\r\nb\r\n" },
	{ "CRLF . CR CR LF", WHOLE "\r\na\r\n.\r\r\nb\r\n.\r\n",
	    RECEIVED WHOLE "\r\na\r\n\r\nb\r\n" },
};

START_TEST(test_content)
{
	for (int pace = 0; pace < TALK_PACES; pace++) {
		const char *wire = contents[_i].wire;
		struct talk talk;

		talk_setup(&talk);
		begin_data(&talk, "EHLO app");
		for (; pace != TALK_PACKET && *wire != '\0'; wire++) {
			talk_send(&talk, wire, 1);
			if (pace == TALK_OCTETS)
				talk_settle(&talk);
		}
		talk_send(&talk, wire, strlen(wire));
		talk_say(&talk, "NOOP");
		talk_hear(&talk, "250 2.0.0 Ok: queued as [0-9A-Z]{13}");
		talk_hear(&talk, "250 2.0.0 Ok");
		talk_check(talk.spool.content, contents[_i].kept);
		talk_end(&talk);
	}
}
END_TEST

/* What is wrong with a content is told at its end, and the session goes on. */
static const struct {
	const char *what;
	const char *unit; /* repeated */
	size_t len, times;
	const char *reply;
} refused[] = {
	{ "too big", "0123456789\r\n", 12, 100000, "552 5.3.4 .*" },
	{ "one long line", "0123456789", 10, 200000, "552 5.3.4 .*" },
	{ "NUL", "a\0b\r\n", 5, 1, "554 5.6.0 .*" },
	{ "50 hops", "Received: x\r\n", 13, 50, "554 5.4.6 .*" },
	{ "49 hops", "Received: x\r\n", 13, 49, "250 2.0.0 .*" },
	{ "just fits", "0123456789abcdef", 16, (1 << 16) - 1, "250 2.0.0 .*" },
};

START_TEST(test_refused_content)
{
	struct talk talk;

	talk_setup(&talk);
	begin_data(&talk, "EHLO app");
	for (size_t i = 0; i < refused[_i].times; i++)
		talk_send(&talk, refused[_i].unit, refused[_i].len);
	talk_say(&talk, "\r\n.\r\nNOOP");
	talk_hear(&talk, refused[_i].reply);
	talk_hear(&talk, "250 2.0.0 Ok");
	ck_assert_uint_eq(talk.spool.begun, 1);
	ck_assert_uint_eq(talk.spool.aborted, refused[_i].reply[0] == '5');
	talk_end(&talk);
}
END_TEST

START_TEST(test_helo_is_smtp)
{
	struct talk talk;

	talk_setup(&talk);
	begin_data(&talk, "HELO my_(host)>");
	talk_say(&talk, ".");
	talk_hear(&talk, "250 2.0.0 .*");
	ck_assert_ptr_nonnull(
	    strstr(talk.spool.content, "Received: from my_?host?? ([127.0.0.1])\r\n"));
	ck_assert_ptr_nonnull(strstr(talk.spool.content, " with SMTP id "));
	ck_assert_str_eq(talk.spool.helo, "my_(host)>");
	ck_assert_str_eq(talk.spool.client, "127.0.0.1:40000");
	ck_assert_str_eq(talk.spool.listener, "local");
	talk_end(&talk);
}
END_TEST

/* No recipient learns of another. */
START_TEST(test_several_recipients_are_not_named)
{
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_run(&talk, TALK_LINES,
	    (const char *const[]){ "C: HELO app", "S: 250 .*", "C: MAIL FROM:<>", "S: 250 .*",
		"C: RCPT TO:<b@example.net>", "S: 250 .*", "C: RCPT TO:<c@example.net>",
		"S: 250 .*", "C: DATA", "S: 354 .*", "C: .", "S: 250 .*", NULL });
	ck_assert_ptr_null(strstr(talk.spool.content, "for <"));
	ck_assert_ptr_null(strstr(talk.spool.content, "@example.net"));
	talk_end(&talk);
}
END_TEST

/* Over RECEIVE_HEADER_MAX a header is not waited for, but its hops are counted still. */
START_TEST(test_long_header)
{
	struct talk talk;

	talk_setup(&talk);
	begin_data(&talk, "EHLO app");
	for (int i = 0; i < 20000; i++)
		talk_send(&talk, "X-Y: 1234567\r\n", 14);
	talk_say(&talk, "Date: x\r\n\r\nHello\r\n.");
	talk_hear(&talk, "250 2.0.0 .*");
	ck_assert_int_eq(strncmp(talk.spool.content, "Received: ", 10), 0);
	ck_assert_ptr_null(strstr(talk.spool.content, "Message-ID: "));
	ck_assert_str_eq(
	    talk.spool.content + talk.spool.content_len - 18, "Date: x\r\n\r\nHello\r\n");
	talk_end(&talk);
}
END_TEST

/* A client that sends 8-bit content unannounced is not punished: the envelope says what it is. */
START_TEST(test_8bit_content_is_marked)
{
	struct talk talk;

	talk_setup(&talk);
	begin_data(&talk, "EHLO app");
	talk_say(&talk, "Subject: \xc3\xa4\r\n\r\n.");
	talk_hear(&talk, "250 2.0.0 .*");
	ck_assert_int_eq(talk.spool.body, ENVELOPE_8BITMIME);
	talk_end(&talk);
}
END_TEST

/* Outbound may have to encode such lines. */
START_TEST(test_long_lines_are_marked)
{
	for (size_t len = 997; len < 1000; len++) {
		struct talk talk;

		talk_setup(&talk);
		begin_data(&talk, "EHLO app");
		talk_say(&talk, "Subject: x\r\n");
		for (size_t i = 0; i < len; i++)
			talk_send(&talk, "x", 1);
		talk_say(&talk, "\r\n.");
		talk_hear(&talk, "250 2.0.0 .*");
		ck_assert_int_eq(
		    strstr(talk.spool.envelope.data, "\nlong_lines yes\n") != NULL, len > 998);
		talk_end(&talk);
	}
}
END_TEST

static const struct {
	const char *what, *content, *reply;
} bare_ends[] = {
	{ "none", "Subject: x\r\n\r\nHello\r\n.", "250 2.0.0 .*" },
	{ "LF", "Subject: x\r\n\r\nHello\nworld\r\n.", "550 5.6.11 .*" },
	{ "LF in the header", "Subject: x\nTo: y\r\n\r\nHello\r\n.", "550 5.6.11 .*" },
	{ "CR", "Subject: x\r\n\r\nHello\rworld\r\n.", "550 5.6.11 .*" },
	{ "LF . LF", "Subject: x\r\n\r\nHello\n.\nRSET\r\n.", "550 5.6.11 .*" },
	{ "LF . CRLF", "Subject: x\r\n\r\nHello\n.\r\nRSET\r\n.", "550 5.6.11 .*" },
};

/* They are refused behind the end of the message, which they are not. */
START_TEST(test_bare_ends_may_be_refused)
{
	struct talk talk;

	talk_setup(&talk);
	talk.listen.bare_lf = BARE_LF_REJECT;
	begin_data(&talk, "EHLO app");
	talk_say(&talk, bare_ends[_i].content);
	talk_hear(&talk, bare_ends[_i].reply);
	talk_say(&talk, "NOOP");
	talk_hear(&talk, "250 2.0.0 Ok");
	talk_end(&talk);
}
END_TEST

START_TEST(test_null_sender_gets_a_name)
{
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_run(&talk, TALK_LINES,
	    (const char *const[]){ "C: EHLO app", "S: 250.*", "C: MAIL FROM:<>", "S: 250 .*",
		"C: RCPT TO:<b@example.net>", "S: 250 .*", "C: DATA", "S: 354 .*", "C: .",
		"S: 250 .*", NULL });
	ck_assert_ptr_nonnull(
	    strstr(talk.spool.content, "\r\nFrom: <MAILER-DAEMON@relay.example.com>\r\n"));
	talk_end(&talk);
}
END_TEST

START_TEST(test_append_fails)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.append_error = ENOSPC;
	begin_data(&talk, "EHLO app");
	for (int i = 0; i < 10000; i++)
		talk_send(&talk, "0123456789\r\n", 12);
	talk_say(&talk, ".\r\nNOOP");
	talk_hear(&talk, "452 4.3.1 .*");
	talk_hear(&talk, "250 2.0.0 Ok");
	ck_assert_uint_eq(talk.spool.aborted, 1);
	talk_end(&talk);
}
END_TEST

START_TEST(test_commit_fails)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.commit_error = EIO;
	begin_data(&talk, "EHLO app");
	talk_say(&talk, ".\r\nNOOP");
	talk_hear(&talk, "452 4.3.1 .*");
	talk_hear(&talk, "250 2.0.0 Ok");
	ck_assert_uint_eq(counter_get(&talk.counters.accepted_messages), 0);
	talk_end(&talk);
}
END_TEST

START_TEST(test_our_failures_are_no_errors_of_the_client)
{
	struct talk talk;

	talk_setup(&talk);
	talk.config.limits.errors = 1;
	talk.spool.commit_error = ENOSPC;
	begin_data(&talk, "EHLO app");
	talk_say(&talk, ".\r\nNOOP");
	talk_hear(&talk, "452 4.3.1 .*");
	talk_hear(&talk, "250 2.0.0 Ok");
	talk_end(&talk);
}
END_TEST

/* While the disk is behind, the client waits, and nothing is lost. */
START_TEST(test_backlog)
{
	struct talk talk;

	talk_setup(&talk);
	begin_data(&talk, "EHLO app");
	talk.spool.is_behind = true;
	talk_say(&talk, "Subject: x\r\n\r\nHello\r\n.\r\nNOOP");
	talk_settle(&talk);
	ck_assert_uint_eq(talk.heard.len, 0);
	fake_spool_catch_up(talk.writer);
	talk_hear(&talk, "250 2.0.0 Ok: queued.*");
	talk_hear(&talk, "250 2.0.0 Ok");
	ck_assert_ptr_nonnull(strstr(talk.spool.content, "\r\n\r\nHello\r\n"));
	talk_end(&talk);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("contents");

	tcase_add_loop_test(table, test_content, 0, (int)(sizeof contents / sizeof *contents));
	tcase_add_loop_test(
	    table, test_refused_content, 0, (int)(sizeof refused / sizeof *refused));
	tcase_add_loop_test(
	    table, test_bare_ends_may_be_refused, 0, (int)(sizeof bare_ends / sizeof *bare_ends));
	suite_add_tcase(suite, table);
	add_tests(suite, "trace", test_helo_is_smtp, test_several_recipients_are_not_named,
	    test_long_header, test_8bit_content_is_marked, test_long_lines_are_marked,
	    test_null_sender_gets_a_name);
	add_tests(suite, "spool", test_append_fails, test_commit_fails,
	    test_our_failures_are_no_errors_of_the_client, test_backlog);
}

UNIT_MAIN("listener/data")
