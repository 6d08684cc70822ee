/* SPDX-License-Identifier: ISC */
/*
 * session.c - the life of a session: its phases, its input, its deadlines and its end.
 * Every callback ends with session_advance(), which may free the session: nothing may follow it.
 */
#include "listener/session.h"

#include <event2/buffer.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "listener/auth.h"
#include "listener/bdat.h"
#include "listener/data.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/transaction.h"
#include "listener/verb.h"
#include "net/conn.h"
#include "smtp/extension.h"

enum { SESSION_LINES_LOGGED = 100 }; /* of each kind a second, of all sessions */

enum { SESSION_HANDSHAKE_MS = 60 * 1000 }; /* at most, however long a client may be idle */

/* For the last reply to leave; while draining, the process is about to end. */
enum { SESSION_LINGER_MS = 2000, SESSION_DRAIN_LINGER_MS = 500 };

static const struct session_farewell timed_out = { "session_timeout", "4.4.2",
	"timed out waiting for you" };
static const struct session_farewell stopping = { "session_drained", "4.3.2", "shutting down" };
static const struct session_farewell making_room = { "session_yielded", "4.3.2",
	"others wait for your place" };
static const struct session_farewell too_many_errors = { "session_errors", "4.7.0",
	"too many errors" };

static bool take_command(struct session *s);

/* What a phase does with input; false: no more for now.  NULL: input waits. */
static bool (*const take[PHASE_COUNT])(struct session *s) = {
	[PHASE_GREETED] = take_command,
	[PHASE_READY] = take_command,
	[PHASE_MAIL] = take_command,
	[PHASE_RCPT] = take_command,
	[PHASE_AUTH] = auth_take,
	[PHASE_DATA] = data_take,
	[PHASE_CHUNK] = bdat_take,
	[PHASE_BDAT] = take_command,
};

void
session_env_init(struct session_env *env)
{
	env->offered = SMTP_EXT_PIPELINING | SMTP_EXT_SIZE | SMTP_EXT_8BITMIME |
		       SMTP_EXT_ENHANCEDSTATUSCODES | SMTP_EXT_CHUNKING | SMTP_EXT_DSN |
		       SMTP_EXT_SMTPUTF8 | SMTP_EXT_MT_PRIORITY | SMTP_EXT_LIMITS;
	env->rejections.per_second = SESSION_LINES_LOGGED;
	env->endings.per_second = SESSION_LINES_LOGGED;
	env->failed_logins.per_second = SESSION_LINES_LOGGED;
	env->lingering.per_second =
	    (unsigned)(env->config->limits.connections * 1000 / (2 * SESSION_LINGER_MS)) + 1;
}

void
session_env_clear(struct session_env *env)
{
	str_free(&env->line);
}

/* Whether the rest of an overlong line has gone by. */
static bool
skip_line(struct session *s)
{
	struct evbuffer *input = conn_input(s->conn);
	struct evbuffer_ptr lf = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);

	s->is_skipping = lf.pos < 0;
	evbuffer_drain(input, lf.pos < 0 ? evbuffer_get_length(input) : (size_t)lf.pos + 1);
	return !s->is_skipping;
}

static bool
take_command(struct session *s)
{
	static const struct smtp_status too_long = { 500, "5.5.2", "Line too long" };
	char line[SMTP_LINE_MAX + 1];
	size_t len;
	bool bare_lf; /* old clients end their commands so; content is another matter */

	if (s->is_draining && s->transaction == NULL) {
		session_part(s, &stopping);
		return false;
	}
	if (s->is_skipping && !skip_line(s))
		return false;
	switch (conn_read_line(s->conn, line, sizeof line, &len, &bare_lf)) {
	case CONN_LINE_NONE:
		return false;
	case CONN_LINE_TOO_LONG:
		s->is_skipping = true;
		reply_status(s, &too_long);
		break;
	case CONN_LINE_OK:
		verb_run(s, line, len);
		OPENSSL_cleanse(line, len); /* AUTH comes with passwords */
		break;
	}
	s->has_moved = true;
	if (s->errors >= s->env->config->limits.errors)
		session_part(s, &too_many_errors);
	return true;
}

/* A client that sends commands but reads no replies gets no more of them. */
static bool
is_choked(struct session *s)
{
	struct evbuffer *output = conn_output(s->conn);

	if (evbuffer_get_length(output) < CONN_LOW_WATER)
		return false;
	conn_flush(s->conn);
	if (evbuffer_get_length(output) < CONN_LOW_WATER)
		return false;
	s->is_choked = true;
	conn_pause(s->conn);
	return true;
}

static bool
step(struct session *s)
{
	if (s->conn == NULL || s->is_choked || take[s->phase] == NULL || is_choked(s))
		return false;
	return take[s->phase](s);
}

static void
set_deadline(struct session *s)
{
	const struct config_limits *limits = &s->env->config->limits;

	s->has_moved = false;
	s->moved_ms = clock_mono_ms();
	if (s->phase == PHASE_COMMIT || s->phase == PHASE_VERIFY)
		conn_set_deadline(s->conn, 0);
	else if (s->phase == PHASE_DATA || s->phase == PHASE_CHUNK)
		conn_set_deadline(s->conn, limits->data_ms);
	else if (s->phase == PHASE_TLS && limits->idle_ms > SESSION_HANDSHAKE_MS)
		conn_set_deadline(s->conn, SESSION_HANDSHAKE_MS);
	else
		conn_set_deadline(s->conn, limits->idle_ms);
}

/*
 * Whether the session waits for the spool or for a password to be checked, not for its client.  A
 * password is of no use once nobody can be answered.
 */
static bool
is_at_work(const struct session *s)
{
	return s->phase == PHASE_COMMIT || (s->phase == PHASE_VERIFY && s->conn != NULL) ||
	       data_is_waiting(s);
}

/*
 * What lingers is no session any more, and counts to no limit: clients that never close are to be
 * half as many as sessions may be at most.
 */
static unsigned
linger_ms(struct session *s)
{
	uint64_t omitted;

	if (s->is_draining)
		return SESSION_DRAIN_LINGER_MS;
	return log_limit_pass(&s->env->lingering, clock_mono_ms(), &omitted) ? SESSION_LINGER_MS
									     : 0;
}

void
session_advance(struct session *s)
{
	while (step(s))
		;
	if (s->peer_is_done && !is_at_work(s)) {
		data_note_end(s);
		session_enter(s, PHASE_OVER);
	}
	if (s->phase != PHASE_OVER) {
		if (s->conn != NULL && s->has_moved)
			set_deadline(s);
		if (s->conn != NULL)
			conn_flush(s->conn);
		return;
	}

	void (*on_end)(void *ctx) = s->on_end;
	void *ctx = s->ctx;

	conn_close(&s->conn, linger_ms(s));
	session_free(&s);
	on_end(ctx);
}

static void
on_input(void *ctx)
{
	session_advance(ctx);
}

static void
on_drain(void *ctx)
{
	struct session *s = ctx;

	if (s->is_choked) {
		s->is_choked = false;
		conn_resume(s->conn);
	}
	session_advance(s);
}

/* A client may close its side and still read: what it sent before is answered. */
static void
on_conn_end(void *ctx, enum conn_end how, const char *why)
{
	struct session *s = ctx;

	s->peer_is_done = true;
	if (how == CONN_END_TLS)
		session_log_end(s, "tls_failed", why);
	if (how == CONN_END_DEADLINE) {
		data_note_end(s);
		session_part(s, &timed_out);
	} else if (how != CONN_END_EOF) {
		log_debug("session_lost", log_s("client", s->client), log_s("why", why));
		conn_free(&s->conn);
	}
	session_advance(s);
}

static void
on_secure(void *ctx)
{
	session_secured(ctx);
	session_advance(ctx);
}

void
session_greet(struct session *s)
{
	reply(s, 220, NULL, "%s ESMTP postern", s->env->config->hostname);
}

/* A client that gets no TLS is let go at once, on the loop. */
static void
begin(struct session *s)
{
	set_deadline(s);
	if (s->listen->tls != TLS_IMPLICIT)
		session_greet(s);
	else if (session_begin_tls(s) < 0)
		conn_set_deadline(s->conn, 1);
	conn_flush(s->conn);
}

/* Who stands at the other end of a unix socket: that is all there is of an address. */
static void
find_user(struct session *s, int fd)
{
	struct ucred peer;
	socklen_t len = sizeof peer;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0)
		snprintf(s->client, sizeof s->client, "unix:uid=%u", (unsigned)peer.uid);
}

void
session_find_policy(struct session *s)
{
	s->policy = policy_find(s->env->config, s->listen, &s->peer.sa, s->login);
}

struct session *
session_start(struct session_env *env, int fd, const struct config_listen *listen,
    const struct gate *gate, const struct sockaddr *peer, socklen_t peer_len,
    void (*on_end)(void *ctx), void *ctx)
{
	static const struct conn_events events = {
		.on_secure = on_secure,
		.on_input = on_input,
		.on_drain = on_drain,
		.on_end = on_conn_end,
	};
	struct session *s = calloc(1, sizeof *s);

	if (s == NULL)
		return NULL;
	s->conn = conn_new(env->base, fd, &events, s);
	if (s->conn == NULL) {
		free(s);
		return NULL;
	}
	s->env = env;
	s->listen = listen;
	s->gate = gate;
	s->on_end = on_end;
	s->ctx = ctx;
	memcpy(&s->peer, peer, peer_len < sizeof s->peer ? peer_len : sizeof s->peer);
	session_find_policy(s);
	sockaddr_format(peer, peer_len, s->client);
	if (peer->sa_family == AF_UNIX)
		find_user(s, fd);
	counter_add(&env->counters->sessions, 1);
	log_debug("session_begin", log_s("client", s->client), log_s("listener", listen->name));
	begin(s);
	return s;
}

int64_t
session_idle_ms(const struct session *s, int64_t now_ms)
{
	static const unsigned idle =
	    IN(PHASE_GREETED) | IN(PHASE_TLS) | IN(PHASE_READY) | IN(PHASE_AUTH) | IN(PHASE_VERIFY);

	return (idle & IN(s->phase)) != 0 ? now_ms - s->moved_ms : 0;
}

void
session_yield(struct session *s)
{
	session_part(s, &making_room);
	session_advance(s);
}

void
session_drain(struct session *s, enum session_drain how)
{
	s->is_draining = true;
	if (how == SESSION_DRAIN_NOW && s->phase != PHASE_COMMIT)
		session_part(s, &stopping);
	session_advance(s);
}

void
session_free(struct session **session)
{
	struct session *s = *session;

	if (s == NULL)
		return;
	transaction_free(&s->transaction);
	auth_abort(s);
	free(s->login);
	conn_free(&s->conn);
	free(s->helo);
	free(s);
	*session = NULL;
}
