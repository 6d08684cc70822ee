/* SPDX-License-Identifier: ISC */
/* session.c - a connection's life: greeting, input by mode, TLS, and the end. */
#include "session.h"

#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "eventlog.h"
#include "reply.h"
#include "server.h"
#include "stats.h"
#include "tls.h"
#include "verbs.h"

#define OUTPUT_MAX (1024 * 1024)

bool
session_logs(const struct session *s)
{
	return s->server->log != NULL;
}

void
session_log(struct session *s, const char *event, json_t *fields)
{
	eventlog_write(s->server->log, event, s->number, fields);
}

void
session_violation(struct session *s, const char *kind, const char *detail)
{
	stats_violation(s->server->stats, kind, detail, s->number);
	if (session_logs(s))
		session_log(s, "violation",
		    json_pack("{s:s, s:o}", "kind", kind, "detail", json_text(detail)));
}

size_t
session_unread(const struct session *s)
{
	return evbuffer_get_length(bufferevent_get_input(s->bev));
}

const struct fault *
session_fault(struct session *s, enum step step, const char *rcpt)
{
	struct occasion occasion = {
		.step = step,
		.from = s->phase >= PHASE_MAIL || step == STEP_MAIL ? s->tx.from : NULL,
		.rcpts = rcpt != NULL ? &rcpt : s->tx.rcpt_addresses,
		.n_rcpts = rcpt != NULL ? 1 : s->tx.n_rcpts,
	};
	const struct fault *fault = faults_pick(s->server->faults, &occasion);

	if (fault != NULL && session_logs(s))
		session_log(s, "fault", json_pack("{s:s}", "step", step_name(step)));
	return fault;
}

void
session_end_transaction(struct session *s)
{
	json_decref(s->tx.mail_params);
	json_decref(s->tx.rcpts);
	free(s->tx.rcpt_addresses);
	message_free(&s->tx.message);
	memset(&s->tx, 0, sizeof(s->tx));
	if (s->phase != PHASE_NEW)
		s->phase = PHASE_READY;
}

void
session_free(struct session **session)
{
	struct session *s = *session;

	*session = NULL;
	if (session_logs(s))
		session_log(s, "disconnect", NULL);
	session_end_transaction(s);
	if (s->timer != NULL)
		event_free(s->timer);
	output_clear(s);
	bufferevent_free(s->bev);
	stats_disconnected(s->server->stats);
	TAILQ_REMOVE(&s->server->sessions, s, link);
	free(s);
}

void
session_settle(struct session *s)
{
	if (s->gone)
		session_free(&s);
}

/* A line of a command or of AUTH; false when there is no whole one. */
static bool
take_line(struct session *s, struct evbuffer *input)
{
	struct evbuffer_ptr eol = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);
	size_t len = eol.pos < 0 ? evbuffer_get_length(input) : (size_t)eol.pos;

	if (len > LINE_MAX_OCTETS) {
		session_violation(s, "line-too-long", "over 12288 octets");
		reply_goodbye(s, "5.5.6", "Line too long");
		return true;
	}
	if (eol.pos < 0)
		return false;
	if (!s->spoken && !output_is_empty(s))
		session_violation(s, "early-talker", "a command before the greeting was sent");
	s->spoken = true;
	evbuffer_remove(input, s->line, len);
	evbuffer_drain(input, 1);
	if (len > 0 && s->line[len - 1] == '\r')
		len--;
	else
		session_violation(s, "bare-lf-command", "a command line ends in LF without CR");
	s->line[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)s->line[i] < ' ' || s->line[i] == 0x7f) {
			session_violation(s, "control-in-command", "a control character in a line");
			break;
		}
	}
	s->pipelined = evbuffer_get_length(input) > 0;
	if (s->mode == MODE_AUTH)
		auth_continue(s, s->line);
	else
		verb_run(s, s->line);
	return true;
}

/* Work on the input by one step; false when more has to come first. */
static bool
step(struct session *s)
{
	struct evbuffer *input = bufferevent_get_input(s->bev);

	switch (s->mode) {
	case MODE_COMMAND:
	case MODE_AUTH:
		return take_line(s, input);
	case MODE_DATA:
		return receive_data(s, input) != 0;
	case MODE_BDAT:
		return receive_bdat(s, input) != 0;
	case MODE_DEAF:
		evbuffer_drain(input, evbuffer_get_length(input));
		return false;
	case MODE_PAUSED:
		break;
	}
	return false;
}

/*
 * A client that reads no replies is read from no more.  Not by a watermark:
 * with one, libevent leaves octets behind in the SSL and may never come back
 * for them.
 */
void
session_run(struct session *s)
{
	bool choked;

	while (!s->gone && output_waiting(s) < OUTPUT_MAX && step(s))
		continue;
	choked = output_waiting(s) >= OUTPUT_MAX;
	if (choked == s->choked)
		return;
	s->choked = choked;
	if (choked)
		bufferevent_disable(s->bev, EV_READ);
	else if (s->mode != MODE_PAUSED)
		bufferevent_enable(s->bev, EV_READ);
}

static void
on_readable(struct bufferevent *bev, void *ctx)
{
	struct session *s = ctx;

	(void)bev;
	session_run(s);
	session_settle(s);
}

static void
on_writable(struct bufferevent *bev, void *ctx)
{
	struct session *s = ctx;

	(void)bev;
	output_on_drained(s);
	session_run(s);
	session_settle(s);
}

static void
on_tls_done(struct session *s)
{
	SSL *ssl = bufferevent_openssl_get_ssl(s->bev);

	s->tls = true;
	s->mode = MODE_COMMAND;
	s->phase = PHASE_NEW;
	s->offered = 0;
	s->helo[0] = '\0';
	s->starttls = s->port == PORT_STARTTLS;
	stats_add(s->server->stats, COUNT_TLS_HANDSHAKES, 1);
	stats_add(s->server->stats, COUNT_TLS_RESUMED, SSL_session_reused(ssl) ? 1 : 0);
	if (session_logs(s))
		session_log(s, "tls",
		    json_pack("{s:s, s:s, s:b}", "version", SSL_get_version(ssl), "cipher",
			SSL_get_cipher_name(ssl), "resumed", SSL_session_reused(ssl)));
	if (s->port == PORT_IMPLICIT)
		session_greet(s);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	struct session *s = ctx;

	(void)bev;
	if (what & BEV_EVENT_CONNECTED) {
		on_tls_done(s);
	} else {
		if (s->handshaking && !s->tls)
			stats_add(s->server->stats, COUNT_TLS_FAILED, 1);
		s->gone = true;
	}
	session_settle(s);
}

static void
attach(struct session *s, struct bufferevent *bev)
{
	s->bev = bev;
	bufferevent_setcb(bev, on_readable, on_writable, on_event, s);
}

void
session_begin_tls(struct session *s)
{
	const struct fault *fault = s->handshaking ? NULL : session_fault(s, STEP_TLS, NULL);
	const char *certificate = NULL;
	struct bufferevent *bev;
	SSL *ssl;

	s->handshaking = true;
	if (fault != NULL && fault->action == ACTION_WRONG_CERT)
		certificate = fault->text;
	else if (fault != NULL && misbehave(s, fault))
		return;
	if (s->output.hold > 0) {
		output_then(s, OUTPUT_TLS);
		return;
	}
	ssl = tls_ssl(s->server->tls, certificate);
	bev = ssl == NULL
		  ? NULL
		  : bufferevent_openssl_socket_new(s->server->base, bufferevent_getfd(s->bev), ssl,
			BUFFEREVENT_SSL_ACCEPTING, BEV_OPT_CLOSE_ON_FREE);
	if (bev == NULL) {
		SSL_free(ssl);
		s->gone = true;
		return;
	}
	bufferevent_setfd(s->bev, -1);
	bufferevent_free(s->bev);
	attach(s, bev);
	bufferevent_openssl_set_allow_dirty_shutdown(bev, 1);
	bufferevent_enable(bev, EV_READ | EV_WRITE);
}

void
session_greet(struct session *s)
{
	struct server *server = s->server;
	unsigned long max = server->options->max_connections;
	char text[128];

	if (max != 0 && stats_get(server->stats, COUNT_CONNECTIONS) > max) {
		reply_goodbye(s, "4.7.0", "Too many connections");
		return;
	}
	snprintf(text, sizeof(text), "%s ESMTP postern-provider", server->options->name);
	reply_step(s, session_fault(s, STEP_GREETING, NULL), &(struct reply){ 220, NULL, text });
}

void
session_start(struct server *server, evutil_socket_t fd, enum port_kind port, const char *client)
{
	struct session *s = calloc(1, sizeof(*s));
	struct bufferevent *bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);
	int on = 1;

	if (s == NULL || bev == NULL)
		abort();
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	s->server = server;
	s->port = port;
	snprintf(s->client, sizeof(s->client), "%s", client);
	attach(s, bev);
	TAILQ_INSERT_TAIL(&server->sessions, s, link);
	stats_connected(server->stats);
	s->number = ++server->connections;
	if (output_init(s) < 0)
		abort();
	if (session_logs(s))
		session_log(s, "connect",
		    json_pack("{s:s, s:s}", "client", client, "port", port_names[port]));

	const struct fault *fault = session_fault(s, STEP_CONNECT, NULL);

	if (fault == NULL || !misbehave(s, fault)) {
		if (port == PORT_IMPLICIT) {
			s->mode = MODE_PAUSED;
			output_then(s, OUTPUT_TLS);
		} else {
			bufferevent_enable(bev, EV_READ);
			session_greet(s);
		}
	}
	session_settle(s);
}
