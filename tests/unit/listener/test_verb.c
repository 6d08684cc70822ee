/* SPDX-License-Identifier: ISC */
/* test_verb.c - which command gets which answer in which phase. */
#include "unit.h"

#include <string.h>

#include "talk.h"

#define EHLO                                                                   \
	"C: EHLO app", "S: 250-relay.example.com\\|250-PIPELINING\\|250-SIZE " \
		       "1048576\\|250-8BITMIME\\|250-ENHANCEDSTATUSCODES\\|.*"
#define MAIL "C: MAIL FROM:<a@example.org>", "S: 250 2.1.0 Ok"
#define RCPT "C: RCPT TO:<b@example.net>", "S: 250 2.1.5 Ok"
#define NOOP "C: NOOP", "S: 250 2.0.0 Ok"
#define BYE  "C: QUIT", "S: 221 2.0.0 relay.example.com closing connection", NULL

static const char *const small_verbs[] = { NOOP, "C: noop and words", "S: 250 2.0.0 Ok", "C: HELP",
	"S: 214 2.0.0 Commands: EHLO HELO MAIL RCPT DATA BDAT RSET NOOP QUIT VRFY HELP", "C: RSET",
	"S: 250 2.0.0 Ok", "C: VRFY somebody", "S: 252 2.5.0 .*", "C: VRFY", "S: 501 5.5.4 .*",
	"C: QUIT now", "S: 221 2.0.0 .*", NULL };

static const char *const names[] = { "C: EHLO", "S: 501 5.5.4 .*", "C: EHLO  ", "S: 501 5.5.4 .*",
	"C: HELO", "S: 501 5.5.4 .*", "C: HELO my_host", "S: 250 relay.example.com",
	"C: EHLO my_host", "S: 250-.*", "C: EHLO [127.0.0.1]", "S: 250-.*", "C: EHLO two words",
	"S: 250-.*", "C: ehlo \xc3\xbc", "S: 250-.*", "C: eHlO app  ", "S: 250-.*", BYE };

static const char *const order_before_ehlo[] = { "C: MAIL FROM:<a@example.org>",
	"S: 503 5.5.1 .*EHLO.*", "C: RCPT TO:<b@example.net>", "S: 503 5.5.1 .*MAIL.*", "C: DATA",
	"S: 503 5.5.1 .*RCPT.*", BYE };

static const char *const order_in_transaction[] = { EHLO, "C: RCPT TO:<b@example.net>",
	"S: 503 5.5.1 .*", MAIL, "C: MAIL FROM:<c@example.org>", "S: 503 5.5.1 .*", "C: DATA",
	"S: 503 5.5.1 .*RCPT.*", RCPT, "C: MAIL FROM:<c@example.org>", "S: 503 5.5.1 .*",
	"C: DATA now", "S: 501 5.5.4 .*", "C: RSET now", "S: 501 5.5.4 .*", NOOP, RCPT, "C: DATA",
	"S: 354 .*", "C: .", "S: 250 2.0.0 Ok: queued as .*", "C: DATA", "S: 503 5.5.1 .*", BYE };

static const char *const reset[] = { EHLO, MAIL, RCPT, "C: RSET", "S: 250 2.0.0 Ok",
	"C: RCPT TO:<b@example.net>", "S: 503 5.5.1 .*", MAIL, RCPT, EHLO, "C: DATA",
	"S: 503 5.5.1 .*", MAIL, "C: HELO app", "S: 250 relay.example.com", MAIL, BYE };

static const char *const unknown[] = { "C: HELLO app", "S: 500 5.5.2 .*", "C: ", "S: 500 5.5.2 .*",
	"C: STARTTLS", "S: 502 5.5.1 STARTTLS .*", "C: AUTH PLAIN AGEAYg==", "S: 502 5.5.1 AUTH .*",
	"C: EXPN list", "S: 502 5.5.1 .*", "C: GET", "S: 500 5.5.2 .*", "C: NOOP\ttab",
	"S: 500 5.5.2 .*", "C: NO\x7fP", "S: 500 5.5.2 .*", BYE };

static const char *const http[] = { "C: POST / HTTP/1.1",
	"S: 421 4.7.0 relay.example.com this is SMTP, not HTTP", NULL };

static const struct {
	const char *what;
	const char *const *lines;
} talks[] = {
	{ "small verbs", small_verbs },
	{ "names", names },
	{ "order before EHLO", order_before_ehlo },
	{ "order in a transaction", order_in_transaction },
	{ "reset", reset },
	{ "unknown", unknown },
	{ "HTTP", http },
};

START_TEST(test_talks)
{
	talk_at_all_paces(talks[_i].lines);
}
END_TEST

START_TEST(test_http_body_is_not_read)
{
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_say(&talk, "POST / HTTP/1.1\r\nHost: x\r\n\r\nEHLO x\r\nMAIL FROM:<a@example.org>");
	talk_hear(&talk, "421 .*");
	talk_hear_close(&talk);
	talk_end(&talk);
}
END_TEST

START_TEST(test_nul_in_a_command)
{
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_send(&talk, "NOOP \0x\r\nNOOP\r\n", 15);
	talk_hear(&talk, "500 5.5.2 .*");
	talk_hear(&talk, "250 .*");
	talk_end(&talk);
}
END_TEST

START_TEST(test_command_ended_by_bare_lf)
{
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_send(&talk, "NOOP\nHELO app\n", 14);
	talk_hear(&talk, "250 2.0.0 Ok");
	talk_hear(&talk, "250 relay.example.com");
	talk_end(&talk);
}
END_TEST

/* The longest line is 2048 octets with its CRLF. */
START_TEST(test_line_length)
{
	static const struct {
		size_t len; /* without CRLF */
		const char *reply;
	} cases[] = { { 2046, "250 2.0.0 Ok" }, { 2047, "500 5.5.2 Line too long" },
		{ 5000, "500 5.5.2 Line too long" }, { 300000, "500 5.5.2 Line too long" } };
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *line = malloc(cases[i].len + 1);

		memset(line, 'x', cases[i].len);
		memcpy(line, "NOOP ", 5);
		line[cases[i].len] = '\0';
		talk_say(&talk, line);
		talk_hear(&talk, cases[i].reply);
		talk_say(&talk, "NOOP");
		talk_hear(&talk, "250 2.0.0 Ok");
		free(line);
	}
	talk_end(&talk);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("talks");

	tcase_add_loop_test(table, test_talks, 0, (int)(sizeof talks / sizeof *talks));
	suite_add_tcase(suite, table);
	add_tests(suite, "lines", test_http_body_is_not_read, test_nul_in_a_command,
	    test_command_ended_by_bare_lf, test_line_length);
}

UNIT_MAIN("listener/verb")
