/* SPDX-License-Identifier: ISC */
/*
 * test_auth.c - AUTH (RFC 4954): who may log in how, at each pace, and what it opens.
 * Tests auth.c, auth_plain.c, auth_scram.c and verifier.c.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <gsasl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/users.h"
#include "talk.h"

#define EHLO  "C: EHLO a", "S: 250-.*AUTH PLAIN LOGIN SCRAM-SHA-256.*"
#define PLAIN "AGFwcABzZWNyZXQ=" /* NUL app NUL secret */
#define WRONG "AGFwcAB3cm9uZw==" /* NUL app NUL wrong */

static struct talk talk;
static struct users users;
static struct user app;

static void
set_up(void)
{
	static char name[] = "app";

	talk_setup(&talk);
	app = (struct user){ .name = name };
	ck_assert_int_eq(scram_key_make("secret", &app.key), 0);
	users = (struct users){ .user = &app, .count = 1, .has_scram = true };
	talk.gate.users = &users;
}

static void
begin(void)
{
	talk_begin(&talk);
	ck_assert_int_eq(auth_env_init(&talk.env.auth, talk.base), 0);
	talk_hear(&talk, "220 .*");
}

static void
tear_down(void)
{
	session_free(&talk.session);
	auth_env_clear(&talk.env.auth);
	talk_end(&talk);
}

static const char *const conversations[][16] = {
	{ EHLO, "C: AUTH PLAIN " PLAIN, "S: 235 2.7.0 .*", "C: AUTH PLAIN " PLAIN,
	    "S: 503 5.5.1 .*", "C: NOOP", "S: 250 .*" },
	{ EHLO, "C: auth plain " PLAIN, "S: 235 2.7.0 .*" },
	{ EHLO, "C: AUTH PLAIN", "S: 334 ", "C: " PLAIN, "S: 235 2.7.0 .*" },
	{ EHLO, "C: AUTH LOGIN", "S: 334 VXNlcm5hbWU6", "C: YXBw", "S: 334 UGFzc3dvcmQ6",
	    "C: c2VjcmV0", "S: 235 2.7.0 .*" },
	{ EHLO, "C: AUTH LOGIN YXBw", "S: 334 UGFzc3dvcmQ6", "C: c2VjcmV0", "S: 235 2.7.0 .*" },
	{ EHLO, "C: AUTH PLAIN YXBwAGFwcABzZWNyZXQ=", "S: 235 2.7.0 .*" },
	{ EHLO, "C: AUTH PLAIN", "S: 334 ", "C: *", "S: 501 5.7.0 .*", "C: NOOP", "S: 250 .*" },
	{ EHLO, "C: AUTH PLAIN =", "S: 501 5.5.2 .*", "C: AUTH PLAIN !!!!", "S: 501 5.5.2 .*",
	    "C: NOOP", "S: 250 .*" },
	{ EHLO, "C: AUTH LOGIN", "S: 334 .*", "C: ", "S: 501 5.5.2 .*" },
	{ EHLO, "C: AUTH SCRAM-SHA-256 bixhLG49YXBw", "S: 501 5.5.2 .*" },
	{ EHLO, "C: AUTH CRAM-MD5", "S: 504 5.5.4 .*", "C: AUTH", "S: 501 5.5.4 .*" },
	{ "C: AUTH PLAIN " PLAIN, "S: 503 5.5.1 .*" },
	{ EHLO, "C: MAIL FROM:<a@x.example>", "S: 250 .*", "C: AUTH PLAIN " PLAIN,
	    "S: 503 5.5.1 .*" },
	{ EHLO, "C: AUTH PLAIN " WRONG, "S: 535 5.7.8 .*", "C: AUTH PLAIN " PLAIN,
	    "S: 235 2.7.0 .*" },
};

enum { CONVERSATIONS = sizeof conversations / sizeof *conversations };

START_TEST(conversations_at_all_paces)
{
	begin();
	talk_run(&talk, (enum talk_pace)(_i / CONVERSATIONS), conversations[_i % CONVERSATIONS]);
}
END_TEST

/* The hash takes half a second or so; a wrong password is answered a whole number of seconds later,
 * or a moment before that, since the loop's clock is read once a turn. */
START_TEST(a_refusal_tells_nothing_of_a_hash)
{
	int64_t began;

	app.key.iterations = 1000 * 1000;
	begin();
	talk_say(&talk, "EHLO a");
	talk_hear(&talk, "250.*");
	began = clock_mono_ms();
	talk_say(&talk, "AUTH PLAIN " WRONG);
	talk_hear(&talk, "535 5.7.8 .*");
	ck_assert_int_lt((clock_mono_ms() - began + 20) % 1000, 220);
}
END_TEST

static bool
has_ended(const struct talk *t)
{
	return t->session == NULL;
}

/* Its place is free at once, and its password not looked at: here that would take a second or two.
 */
START_TEST(a_client_that_is_gone_is_not_waited_for)
{
	static const char said[] = "EHLO a\r\nAUTH PLAIN " PLAIN "\r\n";
	int64_t began;

	app.key.iterations = 6 * 1000 * 1000;
	begin();
	event_del(talk.readable); /* to close with unread replies resets the connection */
	talk_send(&talk, said, sizeof said - 1);
	talk_settle(&talk);
	began = clock_mono_ms();
	close(talk.fd);
	talk_until(&talk, has_ended);
	ck_assert_int_lt(clock_mono_ms() - began, 1000);
	talk.fd = -1;
}
END_TEST

START_TEST(three_failures_end_the_session)
{
	static const char *const lines[] = { EHLO, "C: AUTH PLAIN " WRONG, "S: 535 5.7.8 .*",
		"C: AUTH LOGIN bm9ib2R5", "S: 334 .*", "C: c2VjcmV0", "S: 535 5.7.8 .*",
		"C: AUTH PLAIN " WRONG, "S: 535 5.7.8 .*", "S: 421 4.7.0 .*", NULL };

	begin();
	talk_run(&talk, TALK_LINES, lines);
	talk_hear_close(&talk);
}
END_TEST

START_TEST(a_login_opens_the_relay)
{
	static const char *const lines[] = { EHLO, "C: MAIL FROM:<a@x.example>", "S: 530 5.7.0 .*",
		"C: AUTH PLAIN " PLAIN, "S: 235 .*", "C: MAIL FROM:<a@x.example>", "S: 250 .*",
		NULL };

	talk.listen.auth_required = true;
	talk.listen.relay_from.count = 0;
	begin();
	talk_run(&talk, TALK_LINES, lines);
}
END_TEST

/* Without TLS a password is for who does not leave this host. */
START_TEST(other_hosts_need_tls)
{
	static const char *const lines[] = { "C: EHLO a",
		"S: 250-[^|]*\\|250-PIPELINING\\|250-SIZE [0-9]*\\|250-8BITMIME.*",
		"C: AUTH PLAIN " PLAIN, "S: 538 5.7.11 .*", NULL };

	talk.peer.sin_addr.s_addr = inet_addr("192.0.2.1");
	begin();
	talk_run(&talk, TALK_LINES, lines);
}
END_TEST

START_TEST(lines_are_long_and_bounded)
{
	static char line[12288 + 100];

	begin();
	talk_say(&talk, "EHLO a");
	talk_hear(&talk, "250-.*");
	talk_say(&talk, "AUTH PLAIN");
	talk_hear(&talk, "334 ");
	memset(line, 'A', 12284);
	talk_say(&talk, line);
	talk_hear(&talk, "501 5.5.2 .*");
	talk_say(&talk, "AUTH PLAIN");
	talk_hear(&talk, "334 ");
	memset(line, 'A', sizeof line - 1);
	talk_say(&talk, line);
	talk_hear(&talk, "500 5.5.6 .*");
	talk_say(&talk, "NOOP");
	talk_hear(&talk, "250 .*");
}
END_TEST

/* A client that leaves while its password is checked takes nothing along. */
START_TEST(a_client_may_leave)
{
	begin();
	talk_say(&talk, "EHLO a");
	talk_hear(&talk, "250-.*");
	talk_say(&talk, "AUTH PLAIN " PLAIN);
	talk_settle(&talk);
	session_free(&talk.session);
	for (int i = 0; i < 20; i++)
		event_base_loop(talk.base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}
END_TEST

static int
on_property(Gsasl *library, Gsasl_session *client, Gsasl_property property)
{
	(void)library;
	if (property == GSASL_AUTHID)
		return gsasl_property_set(client, property, "app");
	if (property == GSASL_PASSWORD)
		return gsasl_property_set(
		    client, property, (const char *)gsasl_session_hook_get(client));
	return GSASL_NO_CALLBACK;
}

/* Log in by libgsasl with this password, until what is not 334. */
static void
scram(const char *password, bool has_initial, const char *expected)
{
	Gsasl *library;
	Gsasl_session *client;
	char line[1024], password_copy[32], *answer = NULL;

	snprintf(password_copy, sizeof password_copy, "%s", password);
	gsasl_init(&library);
	gsasl_callback_set(library, on_property);
	ck_assert_int_eq(gsasl_client_start(library, "SCRAM-SHA-256", &client), GSASL_OK);
	gsasl_session_hook_set(client, password_copy);
	gsasl_step64(client, "", &answer);
	snprintf(line, sizeof line, "AUTH SCRAM-SHA-256%s%s", has_initial ? " " : "",
	    has_initial ? answer : "");
	talk_say(&talk, line);
	if (!has_initial) {
		talk_hear(&talk, "334 ");
		talk_say(&talk, answer);
	}
	gsasl_free(answer);

	const char *reply = talk_hear(&talk, ".*");

	while (strncmp(reply, "334 ", 4) == 0) {
		int result = gsasl_step64(client, reply + 4, &answer);

		ck_assert(result == GSASL_OK || result == GSASL_NEEDS_MORE);
		talk_say(&talk, answer);
		gsasl_free(answer);
		reply = talk_hear(&talk, ".*");
	}
	talk_check(reply, expected);
	gsasl_finish(client);
	gsasl_done(library);
}

START_TEST(scram_proves_both_sides)
{
	begin();
	talk_say(&talk, "EHLO a");
	talk_hear(&talk, "250-.*");
	scram("wrong", _i == 0, "535 5.7.8 .*");
	scram("secret", _i == 0, "235 2.7.0 .*");
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("auth");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_loop_test(tcase, conversations_at_all_paces, 0, TALK_PACES * CONVERSATIONS);
	tcase_add_test(tcase, a_refusal_tells_nothing_of_a_hash);
	tcase_add_test(tcase, a_client_that_is_gone_is_not_waited_for);
	tcase_add_test(tcase, three_failures_end_the_session);
	tcase_add_test(tcase, a_login_opens_the_relay);
	tcase_add_test(tcase, other_hosts_need_tls);
	tcase_add_test(tcase, lines_are_long_and_bounded);
	tcase_add_test(tcase, a_client_may_leave);
	tcase_add_loop_test(tcase, scram_proves_both_sides, 0, 2);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("auth")
