/* SPDX-License-Identifier: ISC */
/*
 * uplink.c - the life of a connection to an upstream: dial, replies, idleness, end; see uplink.h.
 * What the replies mean is for setup.c, up to the login, and for answer.c then.
 */
#include "outbound/uplink.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "net/conn.h"
#include "net/dial.h"
#include "net/tls.h"
#include "outbound/auth.h"
#include "outbound/hint.h"
#include "outbound/uplink_internal.h"

enum {
	REPLY_LINE_SIZE = 8192,
	EXCERPT_SIZE = 80,       /* of what is no reply */
	CONNECT_MS = 10 * 1000,  /* a port that drops what comes: the first four tries of TCP */
	GREETING_MS = 30 * 1000, /* where another port may do better */
	SLOWEST_BYTES_PER_MS = 16,
};

void
uplink_set_phase(struct uplink *uplink, enum uplink_phase phase)
{
	uplink->phase = phase;
}

void
uplink_enter(struct uplink *uplink)
{
	uplink->depth++;
}

void
uplink_leave(struct uplink *uplink)
{
	if (--uplink->depth > 0 || uplink->phase != PHASE_DEAD)
		return;
	event_free(uplink->idle_timer);
	free(uplink);
}

void
uplink_restart_deadline(struct uplink *uplink, uint64_t octets)
{
	uint64_t ms = uplink->of.upstream->timeout_ms;

	if ((uplink->is_closing || uplink->is_shifted) && ms > UPLINK_CLOSING_MS)
		ms = UPLINK_CLOSING_MS;
	else
		ms += (uplink->flight.octets + octets) / SLOWEST_BYTES_PER_MS;
	conn_set_deadline(uplink->conn, ms);
}

static uint64_t
at_most(uint64_t ms, uint64_t longest)
{
	return ms < longest ? ms : longest;
}

/* Close the connection and tell the owner; messages are settled first. */
static void
die(struct uplink *uplink, const char *why, unsigned linger_ms)
{
	if (uplink->phase == PHASE_DEAD)
		return;
	uplink_set_phase(uplink, PHASE_DEAD);
	settle_lost(uplink, why);
	auth_free(&uplink->auth);
	dial_cancel(&uplink->dial);
	event_del(uplink->idle_timer);
	if (uplink->conn != NULL)
		conn_close(&uplink->conn, linger_ms);
	uplink->of.on_gone(uplink->of.ctx, uplink);
}

void
uplink_break(struct uplink *uplink, const char *why)
{
	die(uplink, why, 0);
}

void
uplink_tell_trouble(struct uplink *uplink, enum hold kind, const char *why)
{
	if (uplink->held)
		return;
	uplink->held = true;
	uplink->of.on_trouble(uplink->of.ctx, uplink, kind, why);
}

void
uplink_hold(struct uplink *uplink, enum hold kind, const char *why)
{
	uplink_tell_trouble(uplink, kind, why);
	uplink_break(uplink, why);
}

static void
quit(struct uplink *uplink)
{
	evbuffer_add(conn_output(uplink->conn), "QUIT\r\n", 6);
	uplink_set_phase(uplink, PHASE_QUIT);
	die(uplink, "quit", UPLINK_LINGER_MS);
}

/* The set-up is over, or a message: go on with the next, or rest, or leave. */
static void
settle_down(struct uplink *uplink)
{
	static const struct timeval idle = { .tv_sec = UPLINK_IDLE_MS / 1000 };

	if (uplink->phase != PHASE_READY)
		return;
	event_del(uplink->idle_timer);
	pipeline_pull(uplink);
	pipeline_mark_end(uplink);
	if (uplink->phase != PHASE_READY)
		return;
	if (expect_first(&uplink->expect) == NULL)
		conn_set_deadline(uplink->conn, 0);
	if (!uplink_is_idle(uplink))
		return;
	if (uplink->finishing) {
		quit(uplink);
		return;
	}
	event_add(uplink->idle_timer, &idle);
}

static void
on_reply(struct uplink *uplink)
{
	if (uplink->phase != PHASE_READY)
		setup_on_reply(uplink);
	else
		answer_take(uplink);
	smtp_reply_reset(&uplink->reply);
}

static bool
takes_replies(const struct uplink *uplink)
{
	return uplink->phase != PHASE_DEAD && uplink->phase != PHASE_TLS;
}

/* line: NULL, or what came; it is told but where it may be an echo of the login. */
static void
on_garbage(struct uplink *uplink, const char *line, size_t len)
{
	char why[UPLINK_WORDS_SIZE], said[EXCERPT_SIZE] = "";
	bool is_told = line != NULL && uplink->phase != PHASE_AUTH;

	if (is_told)
		smtp_reply_excerpt(line, len, said, sizeof said);
	(void)snprintf(why, sizeof why, "%s: the upstream sent something that is no SMTP reply%s%s",
	    step_name(uplink_step(uplink)), is_told ? ": " : "", said);
	/* Up to the login whatever answers may be no mail server at all. */
	uplink_hold(uplink, uplink_is_before_login(uplink) ? HOLD_NETWORK : HOLD_SESSION, why);
}

static void
on_input(void *ctx)
{
	struct uplink *uplink = ctx;
	char line[REPLY_LINE_SIZE];
	size_t len;
	bool bare_lf;

	uplink_enter(uplink);
	while (takes_replies(uplink)) {
		enum conn_line got =
		    conn_read_line(uplink->conn, line, sizeof line, &len, &bare_lf);

		if (got == CONN_LINE_NONE)
			break;

		enum smtp_reply_result result = got == CONN_LINE_OK
						    ? smtp_reply_feed(&uplink->reply, line, len)
						    : SMTP_REPLY_INVALID;

		if (result == SMTP_REPLY_INVALID) {
			on_garbage(uplink, got == CONN_LINE_OK ? line : NULL, len);
		} else if (result == SMTP_REPLY_DONE) {
			uplink_restart_deadline(uplink, 0);
			on_reply(uplink);
			settle_down(uplink);
		}
	}
	uplink_leave(uplink);
}

/* For a handshake, a greeting, or the reply behind it. */
static void
await_first_words(struct uplink *uplink)
{
	uint64_t longest = uplink->of.upstream->timeout_ms;

	conn_set_deadline(
	    uplink->conn, uplink->of.has_alternative ? at_most(GREETING_MS, longest) : longest);
}

static void
on_secure(void *ctx)
{
	struct uplink *uplink = ctx;
	char version[64];

	uplink_enter(uplink);
	tls_describe(conn_ssl(uplink->conn), version, sizeof version);
	log_debug(
	    "upstream_secure", log_s("upstream", uplink->of.upstream->name), log_s("tls", version));
	await_first_words(uplink);
	if (uplink->of.tls_mode == TLS_IMPLICIT)
		uplink_set_phase(uplink, PHASE_GREETING);
	else
		setup_send_ehlo(uplink);
	uplink_leave(uplink);
}

static void
on_drain(void *ctx)
{
	struct uplink *uplink = ctx;

	uplink_enter(uplink);
	if (uplink->phase == PHASE_READY)
		pipeline_on_drain(uplink);
	settle_down(uplink);
	uplink_leave(uplink);
}

/* What an end means depends on where it came: in the set-up it is the upstream's trouble. */
static void
on_end(void *ctx, enum conn_end how, const char *why)
{
	struct uplink *uplink = ctx;
	char words[UPLINK_WORDS_SIZE];

	uplink_enter(uplink);
	(void)snprintf(words, sizeof words, "%s: %s%s", step_name(uplink_step(uplink)),
	    how == CONN_END_EOF        ? "the upstream closed the connection"
	    : how == CONN_END_DEADLINE ? "no answer from the upstream in time"
				       : why,
	    hint_tls_mode(uplink_step(uplink), uplink->of.tls_mode, uplink->of.port, how, why));
	/* Nothing came to an end while commands travelled together: perhaps it cannot bear that. */
	if (uplink->phase == PHASE_READY && uplink->mode != PIPELINING_OFF && uplink->served == 0 &&
	    flight_newest(&uplink->flight) != NULL)
		uplink->of.on_fallback(uplink->of.ctx, uplink, false, words);
	if (uplink->is_mark_refused) { /* no other reply came: it was the mark's own */
		uplink->is_shifted = false;
		uplink->finishing = true;
	}
	if (uplink->is_mark_refused)
		uplink_break(uplink, words);
	else if (uplink->drain == DRAIN_LEAVE || uplink->drain == DRAIN_RESETTING)
		uplink_break(uplink, uplink->why);
	else if (uplink->phase != PHASE_READY)
		uplink_hold(uplink, how == CONN_END_TLS ? HOLD_TLS : HOLD_NETWORK, words);
	else if (how == CONN_END_DEADLINE)
		uplink_hold(uplink, HOLD_SESSION, words);
	else
		uplink_break(uplink, words);
	uplink_leave(uplink);
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
	struct uplink *uplink = ctx;

	(void)peer;
	uplink_enter(uplink);
	uplink->dial = NULL;
	if (fd == -1) {
		char words[UPLINK_WORDS_SIZE];

		(void)snprintf(words, sizeof words, "connect: %s", why);
		uplink_hold(uplink, HOLD_NETWORK, words);
	} else if ((uplink->conn = conn_new(uplink->of.base, fd, &events, uplink)) == NULL) {
		evutil_closesocket(fd);
		uplink_hold(uplink, HOLD_NETWORK, "out of memory");
	} else {
		await_first_words(uplink);
		if (uplink->of.tls_mode == TLS_IMPLICIT)
			setup_start_tls(uplink);
		else
			uplink_set_phase(uplink, PHASE_GREETING);
	}
	uplink_leave(uplink);
}

static void
on_idle_too_long(evutil_socket_t fd, short what, void *ctx)
{
	struct uplink *uplink = ctx;

	(void)fd;
	(void)what;
	uplink_enter(uplink);
	quit(uplink);
	uplink_leave(uplink);
}

static struct dial *
dial(struct uplink *uplink)
{
	const struct config_upstream *upstream = uplink->of.upstream;
	const struct dial_target target = {
		.host = upstream->host,
		.port = uplink->of.port,
		.proxy_host = upstream->proxy_host,
		.proxy_port = upstream->proxy_port,
		.proxy_username = upstream->proxy_username,
		.proxy_password = uplink->of.proxy_password,
		.bind4 = upstream->bind4,
		.bind6 = upstream->bind6,
		.timeout_ms = at_most(CONNECT_MS, upstream->timeout_ms),
	};

	return dial_start(uplink->of.base, uplink->of.resolver, &target, on_dialled, uplink);
}

struct uplink *
uplink_start(const struct uplink_context *context)
{
	struct uplink *uplink = calloc(1, sizeof *uplink);

	if (uplink == NULL)
		return NULL;
	uplink->of = *context;
	uplink->is_proven = context->is_proven;
	uplink->started_ms = clock_mono_ms();
	uplink->most = SIZE_MAX;
	uplink->idle_timer = event_new(context->base, -1, 0, on_idle_too_long, uplink);
	uplink->dial = dial(uplink);
	if (uplink->idle_timer != NULL && uplink->dial != NULL)
		return uplink;
	dial_cancel(&uplink->dial);
	if (uplink->idle_timer != NULL)
		event_free(uplink->idle_timer);
	free(uplink);
	return NULL;
}

void
uplink_wake(struct uplink *uplink, size_t most)
{
	uplink_enter(uplink);
	uplink->most = most;
	settle_down(uplink);
	uplink->most = SIZE_MAX;
	if (uplink->phase != PHASE_DEAD)
		conn_flush(uplink->conn);
	uplink_leave(uplink);
}

void
uplink_finish(struct uplink *uplink)
{
	uplink_enter(uplink);
	uplink->finishing = true;
	if (uplink_is_connecting(uplink))
		uplink_break(uplink, "not needed any more");
	else
		settle_down(uplink);
	uplink_leave(uplink);
}

void
uplink_abort(struct uplink *uplink, const char *why)
{
	uplink_enter(uplink);
	uplink_break(uplink, why);
	uplink_leave(uplink);
}
