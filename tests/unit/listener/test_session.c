/* SPDX-License-Identifier: ISC */
/* test_session.c - pipelining, limits of time and errors, clients that leave, and how a session is
 * drained. */
#include "unit.h"

#include <event2/event.h>
#include <string.h>

#include "talk.h"

#define MESSAGE                                                                        \
	"EHLO app\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.net>\r\nDATA\r\n" \
	"Subject: x\r\n\r\nHello\r\n.\r\n"

static void
begin(struct talk *talk)
{
	talk_begin(talk);
	talk_hear(talk, "220 .*");
}

static void
hear_until_data(struct talk *talk)
{
	talk_hear(talk, "250-.*");
	talk_hear(talk, "250 2.1.0 Ok");
	talk_hear(talk, "250 2.1.5 Ok");
	talk_hear(talk, "354 .*");
}

static bool
has_ended(const struct talk *talk)
{
	return talk->session == NULL;
}

static bool
has_committed(const struct talk *talk)
{
	return talk->spool.committed > 0;
}

/* Input that came in behind a message waits for the answer to it, and is then taken in order. */
START_TEST(test_input_waits_for_the_commit)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.holds_commits = true;
	begin(&talk);
	talk_send(&talk, MESSAGE "NOOP\r\nQUIT\r\n", sizeof MESSAGE "NOOP\r\nQUIT\r\n" - 1);
	hear_until_data(&talk);
	talk_settle(&talk);
	ck_assert_uint_eq(talk.heard.len, 0);
	ck_assert_uint_eq(counter_get(&talk.counters.accepted_messages), 0);
	fake_spool_release(talk.writer);
	talk_hear(&talk, "250 2.0.0 Ok: queued as .*");
	talk_hear(&talk, "250 2.0.0 Ok");
	talk_hear(&talk, "221 2.0.0 .*");
	talk_hear_close(&talk);
	ck_assert_uint_eq(counter_get(&talk.counters.accepted_messages), 1);
	talk_end(&talk);
}
END_TEST

START_TEST(test_many_messages_in_one_session)
{
	enum { MESSAGES = 50 };
	struct talk talk;

	talk_setup(&talk);
	begin(&talk);
	for (int i = 0; i < MESSAGES; i++)
		talk_send(&talk, MESSAGE, sizeof MESSAGE - 1);
	for (int i = 0; i < MESSAGES; i++) {
		hear_until_data(&talk);
		talk_hear(&talk, "250 2.0.0 Ok: queued as .*");
	}
	ck_assert_uint_eq(talk.spool.committed, MESSAGES);
	talk_end(&talk);
}
END_TEST

/* printf '...' | nc: all input, then EOF, and the replies are still read. */
START_TEST(test_half_closed_client)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.holds_commits = true;
	begin(&talk);
	talk_send(&talk, MESSAGE "NOOP\r\n", sizeof MESSAGE "NOOP\r\n" - 1);
	talk_shut(&talk);
	hear_until_data(&talk);
	talk_settle(&talk);
	fake_spool_release(talk.writer);
	talk_hear(&talk, "250 2.0.0 Ok: queued as .*");
	talk_hear(&talk, "250 2.0.0 Ok");
	talk_hear_close(&talk);
	ck_assert_ptr_null(talk.session);
	talk_end(&talk);
}
END_TEST

START_TEST(test_half_closed_while_the_spool_is_behind)
{
	struct talk talk;

	talk_setup(&talk);
	begin(&talk);
	talk.spool.is_behind = true;
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 1);
	talk_shut(&talk);
	hear_until_data(&talk);
	talk_settle(&talk);
	fake_spool_catch_up(talk.writer);
	talk_hear(&talk, "250 2.0.0 Ok: queued as .*");
	talk_hear_close(&talk);
	talk_end(&talk);
}
END_TEST

START_TEST(test_eof_within_content_keeps_nothing)
{
	struct talk talk;

	talk_setup(&talk);
	begin(&talk);
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 4);
	talk_shut(&talk);
	talk_until(&talk, has_ended);
	ck_assert_uint_eq(talk.spool.committed, 0);
	ck_assert_uint_eq(talk.spool.aborted, 1);
	talk_end(&talk);
}
END_TEST

/* A client that leaves while the commit runs has its message kept. */
START_TEST(test_client_leaves_during_the_commit)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.holds_commits = true;
	begin(&talk);
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 1);
	hear_until_data(&talk);
	shutdown(talk.fd, SHUT_RDWR);
	talk_settle(&talk);
	ck_assert_ptr_nonnull(talk.session);
	fake_spool_release(talk.writer);
	talk_until(&talk, has_committed);
	talk_until(&talk, has_ended);
	ck_assert_uint_eq(counter_get(&talk.counters.accepted_messages), 1);
	talk_end(&talk);
}
END_TEST

START_TEST(test_session_freed_during_the_commit)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.holds_commits = true;
	begin(&talk);
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 1);
	hear_until_data(&talk);
	session_free(&talk.session);
	fake_spool_release(talk.writer);
	talk_until(&talk, has_committed);
	ck_assert_uint_eq(talk.spool.forgotten, 1);
	talk_end(&talk);
}
END_TEST

/* The idle time is for a whole command: octets that trickle in do not prolong it. */
START_TEST(test_idle)
{
	struct talk talk;

	talk_setup(&talk);
	talk.config.limits.idle_ms = 200;
	begin(&talk);
	for (int i = 0; talk.session != NULL; i++) {
		struct timeval some = { .tv_usec = 50 * 1000 };

		ck_assert_int_lt(i, 20);
		talk_send(&talk, "N", 1);
		event_base_loopexit(talk.base, &some);
		event_base_dispatch(talk.base);
	}
	talk_hear(&talk, "421 4.4.2 relay.example.com .*");
	talk_hear_close(&talk);
	talk_end(&talk);
}
END_TEST

START_TEST(test_content_takes_too_long)
{
	struct talk talk;

	talk_setup(&talk);
	talk.config.limits.data_ms = 200;
	begin(&talk);
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 4);
	hear_until_data(&talk);
	for (int i = 0; talk.session != NULL; i++) {
		struct timeval some = { .tv_usec = 50 * 1000 };

		ck_assert_int_lt(i, 20);
		talk_send(&talk, "x\r\n", 3);
		event_base_loopexit(talk.base, &some);
		event_base_dispatch(talk.base);
	}
	talk_hear(&talk, "421 4.4.2 .*");
	ck_assert_uint_eq(talk.spool.aborted, 1);
	talk_end(&talk);
}
END_TEST

START_TEST(test_too_many_errors)
{
	struct talk talk;

	talk_setup(&talk);
	talk.config.limits.errors = 3;
	begin(&talk);
	talk_say(&talk, "A\r\nB\r\nNOOP\r\nC\r\nNOOP");
	talk_hear(&talk, "500 .*");
	talk_hear(&talk, "500 .*");
	talk_hear(&talk, "250 .*");
	talk_hear(&talk, "500 .*");
	talk_hear(&talk, "421 4.7.0 relay.example.com too many errors");
	talk_hear_close(&talk);
	ck_assert_uint_eq(counter_get(&talk.counters.rejected_commands), 3);
	talk_end(&talk);
}
END_TEST

/* Replies that nobody reads do not pile up, and none is lost. */
START_TEST(test_client_reads_late)
{
	enum { COMMANDS = 200000 };
	static char commands[COMMANDS * 6];
	struct talk talk;
	size_t sent = 0;

	talk_setup(&talk);
	begin(&talk);
	for (size_t i = 0; i < COMMANDS; i++)
		memcpy(commands + i * 6, "NOOP\r\n", 6);
	event_del(talk.readable);
	for (int still = 0; still < 10;) { /* until the server takes no more */
		ssize_t n = send(talk.fd, commands + sent, sizeof commands - sent, MSG_NOSIGNAL);

		sent += n > 0 ? (size_t)n : 0;
		still = n > 0 ? 0 : still + 1;
		talk_settle(&talk);
	}
	ck_assert_uint_lt(sent, sizeof commands);
	event_add(talk.readable, NULL);
	talk_send(&talk, commands + sent, sizeof commands - sent);
	talk_shut(&talk);
	talk_until(&talk, has_ended);
	while (!talk.is_closed)
		event_base_loop(talk.base, EVLOOP_ONCE);
	ck_assert_uint_eq(talk.heard.len, COMMANDS * strlen("250 2.0.0 Ok\r\n"));
	talk_end(&talk);
}
END_TEST

START_TEST(test_drain_when_idle)
{
	struct talk talk;

	talk_setup(&talk);
	begin(&talk);
	session_drain(talk.session, SESSION_DRAIN_GENTLY);
	ck_assert_ptr_null(talk.session);
	talk_hear(&talk, "421 4.3.2 relay.example.com shutting down");
	talk_hear_close(&talk);
	talk_end(&talk);
}
END_TEST

START_TEST(test_drain_after_the_transaction)
{
	struct talk talk;

	talk_setup(&talk);
	begin(&talk);
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 4);
	hear_until_data(&talk);
	session_drain(talk.session, SESSION_DRAIN_GENTLY);
	ck_assert_ptr_nonnull(talk.session);
	talk_say(&talk, "\r\n.\r\nNOOP");
	talk_hear(&talk, "250 2.0.0 Ok: queued.*");
	talk_hear(&talk, "421 4.3.2 .*");
	talk_hear_close(&talk);
	talk_end(&talk);
}
END_TEST

START_TEST(test_drain_in_the_transaction)
{
	struct talk talk;

	talk_setup(&talk);
	begin(&talk);
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 4);
	hear_until_data(&talk);
	session_drain(talk.session, SESSION_DRAIN_NOW);
	ck_assert_ptr_null(talk.session);
	talk_hear(&talk, "421 4.3.2 .*");
	ck_assert_uint_eq(talk.spool.aborted, 1);
	talk_end(&talk);
}
END_TEST

START_TEST(test_drain_waits_for_the_commit)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.holds_commits = true;
	begin(&talk);
	talk_send(&talk, MESSAGE, sizeof MESSAGE - 1);
	hear_until_data(&talk);
	session_drain(talk.session, SESSION_DRAIN_NOW);
	ck_assert_ptr_nonnull(talk.session);
	fake_spool_release(talk.writer);
	talk_hear(&talk, "250 2.0.0 Ok: queued.*");
	talk_hear(&talk, "421 4.3.2 .*");
	talk_hear_close(&talk);
	talk_end(&talk);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "pipelining", test_input_waits_for_the_commit,
	    test_many_messages_in_one_session, test_client_reads_late);
	add_tests(suite, "leaving", test_half_closed_client,
	    test_half_closed_while_the_spool_is_behind, test_eof_within_content_keeps_nothing,
	    test_client_leaves_during_the_commit, test_session_freed_during_the_commit);
	add_tests(suite, "limits", test_idle, test_content_takes_too_long, test_too_many_errors);
	add_tests(suite, "drain", test_drain_when_idle, test_drain_after_the_transaction,
	    test_drain_in_the_transaction, test_drain_waits_for_the_commit);
}

UNIT_MAIN("listener/session")
