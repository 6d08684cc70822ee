/* SPDX-License-Identifier: ISC */
/*
 * session.c - the life of a connection to an upstream: dial, replies, idleness, end; see session.h.
 * What the replies mean is for setup.c, up to the login, and for transaction.c then.
 */
#include "outbound/session.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/str.h"
#include "config/config.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/tls.h"
#include "outbound/auth.h"
#include "outbound/session_internal.h"

enum { REPLY_LINE_SIZE = 8192 };

void
session_set_phase(struct session *session, enum session_phase phase)
{
	session->phase = phase;
}

void
session_enter(struct session *session)
{
	session->depth++;
}

void
session_leave(struct session *session)
{
	if (--session->depth > 0 || session->phase != PHASE_DEAD)
		return;
	event_free(session->idle_timer);
	free(session);
}

void
session_expect(
    struct session *session, enum step step, struct transaction *transaction, size_t rcpt)
{
	size_t at = (session->expect_first + session->expect_count++) % SESSION_EXPECT_MAX;

	session->expect[at] = (struct expectation){ step, transaction, rcpt };
}

enum step
session_step(const struct session *session)
{
	static const enum step steps[] = {
		[PHASE_CONNECTING] = STEP_CONNECT,
		[PHASE_GREETING] = STEP_GREETING,
		[PHASE_EHLO] = STEP_EHLO,
		[PHASE_STARTTLS] = STEP_STARTTLS,
		[PHASE_TLS] = STEP_TLS,
		[PHASE_AUTH] = STEP_AUTH,
		[PHASE_READY] = STEP_MAIL,
		[PHASE_QUIT] = STEP_QUIT,
		[PHASE_DEAD] = STEP_QUIT,
	};

	return session->expect_count > 0 ? session->expect[session->expect_first].step
					 : steps[session->phase];
}

void
session_restart_deadline(struct session *session, uint64_t extra_ms)
{
	conn_set_deadline(session->conn, session->of.upstream->timeout_ms + extra_ms);
}

void
session_describe(
    const struct session *session, enum step step, const char *remedy, char *out, size_t size)
{
	char words[SESSION_WORDS_SIZE];

	smtp_reply_words(&session->reply, words, sizeof words);
	(void)snprintf(out, size, "%s: %d%s%s %s%s%s%s", step_name(step), session->reply.code,
	    session->reply.enhanced[0] != '\0' ? " " : "", session->reply.enhanced, words,
	    remedy != NULL ? " (" : "", remedy != NULL ? remedy : "", remedy != NULL ? ")" : "");
}

/* Close the connection and tell the owner; messages are settled first. */
static void
die(struct session *session, const char *why, unsigned linger_ms)
{
	if (session->phase == PHASE_DEAD)
		return;
	session_set_phase(session, PHASE_DEAD);
	transaction_lost(session, why);
	auth_free(&session->auth);
	dial_cancel(&session->dial);
	event_del(session->idle_timer);
	if (session->conn != NULL)
		conn_close(&session->conn, linger_ms);
	session->of.on_gone(session->of.ctx, session);
}

void
session_break(struct session *session, const char *why)
{
	die(session, why, 0);
}

void
session_hold(struct session *session, enum hold kind, const char *why)
{
	session->held = true;
	session->of.on_trouble(session->of.ctx, session, kind, why);
	session_break(session, why);
}

static void
quit(struct session *session)
{
	evbuffer_add(conn_output(session->conn), "QUIT\r\n", 6);
	session_set_phase(session, PHASE_QUIT);
	die(session, "quit", SESSION_LINGER_MS);
}

/* The set-up is over, or a message: go on with the next, or rest, or leave. */
static void
settle_down(struct session *session)
{
	static const struct timeval idle = { .tv_sec = SESSION_IDLE_MS / 1000 };

	if (session->phase != PHASE_READY)
		return;
	event_del(session->idle_timer);
	transaction_pull(session);
	if (session->phase != PHASE_READY || !session_is_idle(session))
		return;
	if (session->finishing) {
		quit(session);
		return;
	}
	conn_set_deadline(session->conn, 0);
	event_add(session->idle_timer, &idle);
}

static void
on_reply(struct session *session)
{
	if (session->phase != PHASE_READY) {
		setup_on_reply(session);
	} else if (session->expect_count > 0) {
		struct expectation expectation = session->expect[session->expect_first];

		session->expect_first = (session->expect_first + 1) % SESSION_EXPECT_MAX;
		session->expect_count--;
		transaction_on_reply(session, &expectation);
	} else {
		session_break(session, "the upstream ended the idle connection");
	}
	smtp_reply_reset(&session->reply);
}

static bool
takes_replies(const struct session *session)
{
	return session->phase != PHASE_DEAD && session->phase != PHASE_TLS;
}

static void
on_garbage(struct session *session)
{
	char why[SESSION_WORDS_SIZE];

	(void)snprintf(why, sizeof why, "%s: the upstream sent something that is no SMTP reply",
	    step_name(session_step(session)));
	session_hold(session, HOLD_SESSION, why);
}

static void
on_input(void *ctx)
{
	struct session *session = ctx;
	char line[REPLY_LINE_SIZE];
	size_t len;
	bool bare_lf;

	session_enter(session);
	while (takes_replies(session)) {
		enum conn_line got =
		    conn_read_line(session->conn, line, sizeof line, &len, &bare_lf);

		if (got == CONN_LINE_NONE)
			break;

		enum smtp_reply_result result = got == CONN_LINE_OK
						    ? smtp_reply_feed(&session->reply, line, len)
						    : SMTP_REPLY_INVALID;

		if (result == SMTP_REPLY_INVALID) {
			on_garbage(session);
		} else if (result == SMTP_REPLY_DONE) {
			session_restart_deadline(session, 0);
			on_reply(session);
			settle_down(session);
		}
	}
	session_leave(session);
}

static void
on_secure(void *ctx)
{
	struct session *session = ctx;
	char version[64];

	session_enter(session);
	tls_describe(conn_ssl(session->conn), version, sizeof version);
	log_debug("upstream_secure", log_s("upstream", session->of.upstream->name),
	    log_s("tls", version));
	session_restart_deadline(session, 0);
	if (session->of.upstream->tls == TLS_IMPLICIT)
		session_set_phase(session, PHASE_GREETING);
	else
		setup_send_ehlo(session);
	session_leave(session);
}

static void
on_drain(void *ctx)
{
	struct session *session = ctx;

	session_enter(session);
	if (session->phase == PHASE_READY)
		transaction_on_drain(session);
	settle_down(session);
	session_leave(session);
}

/* What an end means depends on where it came: in the set-up it is the upstream's trouble. */
static void
on_end(void *ctx, enum conn_end how, const char *why)
{
	struct session *session = ctx;
	char words[SESSION_WORDS_SIZE];

	session_enter(session);
	(void)snprintf(words, sizeof words, "%s: %s", step_name(session_step(session)),
	    how == CONN_END_EOF        ? "the upstream closed the connection"
	    : how == CONN_END_DEADLINE ? "no answer from the upstream in time"
				       : why);
	if (how == CONN_END_TLS)
		session_hold(session, HOLD_TLS, words);
	else if (session->phase != PHASE_READY)
		session_hold(session, HOLD_NETWORK, words);
	else if (how == CONN_END_DEADLINE)
		session_hold(session, HOLD_SESSION, words);
	else
		session_break(session, words);
	session_leave(session);
}

static const struct conn_events events = {
	.on_secure = on_secure,
	.on_input = on_input,
	.on_drain = on_drain,
	.on_end = on_end,
};

static void
on_dialled(void *ctx, int fd, const struct sockaddr *peer, const char *why)
{
	struct session *session = ctx;

	(void)peer;
	session_enter(session);
	session->dial = NULL;
	if (fd == -1) {
		char words[SESSION_WORDS_SIZE];

		(void)snprintf(words, sizeof words, "connect: %s", why);
		session_hold(session, HOLD_NETWORK, words);
	} else if ((session->conn = conn_new(session->of.base, fd, &events, session)) == NULL) {
		evutil_closesocket(fd);
		session_hold(session, HOLD_NETWORK, "out of memory");
	} else {
		session_restart_deadline(session, 0);
		if (session->of.upstream->tls == TLS_IMPLICIT)
			setup_start_tls(session);
		else
			session_set_phase(session, PHASE_GREETING);
	}
	session_leave(session);
}

static void
on_idle_too_long(evutil_socket_t fd, short what, void *ctx)
{
	struct session *session = ctx;

	(void)fd;
	(void)what;
	session_enter(session);
	quit(session);
	session_leave(session);
}

struct session *
session_start(const struct session_context *context)
{
	struct session *session = calloc(1, sizeof *session);

	if (session == NULL)
		return NULL;
	session->of = *context;
	session->current = &session->slot[0];
	session->ahead = &session->slot[1];
	session->idle_timer = event_new(context->base, -1, 0, on_idle_too_long, session);
	session->dial = dial_start(context->base, context->resolver, context->upstream->host,
	    context->upstream->port, context->upstream->timeout_ms, on_dialled, session);
	if (session->idle_timer != NULL && session->dial != NULL)
		return session;
	dial_cancel(&session->dial);
	if (session->idle_timer != NULL)
		event_free(session->idle_timer);
	free(session);
	return NULL;
}

bool
session_is_idle(const struct session *session)
{
	return session->phase == PHASE_READY && session->current->delivery == NULL &&
	       session->expect_count == 0;
}

bool
session_is_connecting(const struct session *session)
{
	return session->phase < PHASE_READY;
}

void
session_wake(struct session *session)
{
	session_enter(session);
	settle_down(session);
	if (session->phase != PHASE_DEAD)
		conn_flush(session->conn);
	session_leave(session);
}

void
session_finish(struct session *session)
{
	session_enter(session);
	session->finishing = true;
	if (session_is_connecting(session))
		session_break(session, "not needed any more");
	else
		settle_down(session);
	session_leave(session);
}

void
session_abort(struct session *session, const char *why)
{
	session_enter(session);
	session_break(session, why);
	session_leave(session);
}
