/* SPDX-License-Identifier: ISC */
/* receive.c - DATA and BDAT: content in, its flaws noted, and the reply that makes it ours. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "capture.h"
#include "eventlog.h"
#include "reply.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "verbs.h"

#define PIECE         4096
#define TARPIT_OCTETS 64

static const struct {
	unsigned flaw;
	const char *kind;
} flaws[] = {
	{ FLAW_BARE_LF, "bare-lf-content" },
	{ FLAW_BARE_CR, "bare-cr-content" },
	{ FLAW_LONG_LINE, "long-line" },
	{ FLAW_DOT, "dot-stuffing" },
	{ FLAW_NO_FINAL_CRLF, "no-final-crlf" },
};

static void
note_flaws(struct session *s)
{
	unsigned found = s->tx.check.flaws | s->tx.dots.flaws;

	for (size_t i = 0; i < sizeof(flaws) / sizeof(flaws[0]); i++)
		if (found & flaws[i].flaw)
			session_violation(s, flaws[i].kind, s->tx.from);
	if ((found & FLAW_8BIT) && !s->tx.eight_bit)
		session_violation(s, "8bit-undeclared", s->tx.from);
}

static bool
start_content(struct session *s)
{
	s->tx.message = message_new(s->server->capture);
	if (s->tx.message == NULL)
		return false;
	s->tx.content_fault = session_fault(s, STEP_CONTENT, NULL);
	return true;
}

static json_t *
describe(const struct session *s)
{
	SSL *ssl = s->tls ? bufferevent_openssl_get_ssl(s->bev) : NULL;

	return json_pack(
	    "{s:o, s:O, s:O, s:s?, s:s?, s:s?, s:s?, s:o, s:b, s:s, s:s, s:I, s:I, s:b, "
	    "s:f, s:I}",
	    "mail_from", json_text(s->tx.from), "mail_params", s->tx.mail_params, "rcpt",
	    s->tx.rcpts, "tls_version", ssl != NULL ? SSL_get_version(ssl) : NULL, "tls_cipher",
	    ssl != NULL ? SSL_get_cipher_name(ssl) : NULL, "auth_user", s->user, "auth_mechanism",
	    s->mechanism, "helo", json_text(s->helo), "esmtp", s->esmtp, "client", s->client,
	    "port", port_names[s->port], "connection", (json_int_t)s->number, "transaction",
	    (json_int_t)s->transactions, "used_bdat", s->tx.bdat, "received_at", now_seconds(),
	    "octets", (json_int_t)message_octets(s->tx.message));
}

static void
log_message(struct session *s, bool replied)
{
	char message_id[512], test_id[512];
	json_t *rcpts = json_array();

	if (!session_logs(s)) {
		json_decref(rcpts);
		return;
	}
	message_header(s->tx.message, "Message-ID", message_id, sizeof(message_id));
	message_header(s->tx.message, "X-Test-Id", test_id, sizeof(test_id));
	for (size_t i = 0; i < s->tx.n_rcpts; i++)
		json_array_append_new(rcpts, json_text(s->tx.rcpt_addresses[i]));
	session_log(s, "message",
	    json_pack("{s:I, s:o, s:o, s:o, s:o, s:I, s:b}", "transaction",
		(json_int_t)s->transactions, "message_id", json_text(message_id), "test_id",
		json_text(test_id), "from", json_text(s->tx.from), "rcpts", rcpts, "octets",
		(json_int_t)message_octets(s->tx.message), "confirmed", replied));
}

/* File the message; false when it cannot be kept. */
static bool
accept_message(struct session *s, bool confirmed)
{
	struct capture *capture = s->server->capture;
	json_t *meta = capture_keeps(capture) ? describe(s) : NULL;
	size_t octets = message_octets(s->tx.message);

	if (message_accept(s->tx.message, meta, s->number, s->transactions) < 0) {
		perror("postern-provider: cannot keep a message");
		return false;
	}
	s->messages++;
	stats_message(s->server->stats, now_seconds(), s->tx.n_rcpts, octets);
	log_message(s, confirmed);
	return true;
}

/* What stands against this message, whatever the faults; true when it was said. */
static bool
refuse_message(struct session *s)
{
	unsigned long limit = s->server->options->size;

	if (limit != 0 && message_octets(s->tx.message) > limit)
		reply(s, 552, "5.3.4", "Message too big");
	else if (!server_take_token(s->server))
		reply(s, 454, "4.7.0", "Throttling failure: Maximum sending rate exceeded.");
	else
		return false;
	return true;
}

/* The whole message is here. */
static void
finish_message(struct session *s, const struct fault *fault)
{
	struct reply ok = { 250, "2.0.0", NULL };
	char text[64];
	bool accepted = false;

	s->mode = MODE_COMMAND;
	line_check_end(&s->tx.check);
	note_flaws(s);
	if (fault == NULL)
		fault = session_fault(s, STEP_DOT, NULL);
	if (!refuse_message(s)) {
		if (fault_lets_pass(fault, '2'))
			accepted = accept_message(s, fault == NULL || !fault->accept);
		if (fault_lets_pass(fault, '2') && !accepted) {
			reply(s, 451, "4.3.0", "Cannot keep the message");
		} else {
			snprintf(
			    text, sizeof(text), "OK queued as %lu-%lu", s->number, s->transactions);
			ok.text = text;
			reply_step(s, fault, &ok);
		}
	}
	if (!accepted)
		stats_add(s->server->stats, COUNT_REFUSED_MESSAGES, 1);
	session_end_transaction(s);
}

static void
on_content(void *ctx, const char *data, size_t len)
{
	struct session *s = ctx;

	line_check_feed(&s->tx.check, data, len);
	message_add(s->tx.message, data, len);
}

/* Is it time for the content's fault to show? */
static bool
is_content_wrong(const struct session *s)
{
	const struct fault *fault = s->tx.content_fault;

	return fault != NULL && message_octets(s->tx.message) >= fault->octets;
}

/* After each piece: only a tarpit goes on to be one. */
static void
let_content_go_wrong(struct session *s)
{
	const struct fault *fault = s->tx.content_fault;

	if (!is_content_wrong(s))
		return;
	if (fault->action != ACTION_TARPIT)
		s->tx.content_fault = NULL;
	(void)misbehave(s, fault);
}

/*
 * The next octets of the content, in place; how many.  Not evbuffer_peek(),
 * which may give an empty piece for ever.
 */
static size_t
next_piece(struct session *s, struct evbuffer *input, const char **data)
{
	size_t waiting = evbuffer_get_length(input);
	size_t len = evbuffer_get_contiguous_space(input);

	if (len == 0)
		len = waiting < PIECE ? waiting : PIECE;
	if (is_content_wrong(s) && len > TARPIT_OCTETS)
		len = TARPIT_OCTETS;
	*data = len > 0 ? (const char *)evbuffer_pullup(input, (ev_ssize_t)len) : NULL;
	return *data != NULL ? len : 0;
}

void
on_data(struct session *s, char *arg)
{
	const struct fault *fault;

	(void)arg;
	if (s->tx.bdat) {
		session_violation(s, "data-after-bdat", "");
		reply(s, 503, "5.5.1", "DATA after BDAT");
		return;
	}
	fault = session_fault(s, STEP_DATA, NULL);
	if (fault_lets_pass(fault, '3')) {
		if (!start_content(s)) {
			reply(s, 451, "4.3.0", "No memory");
			return;
		}
		s->mode = MODE_DATA;
	}
	reply_step(s, fault, &(struct reply){ 354, NULL, "End data with <CR><LF>.<CR><LF>" });
}

/* Commands behind content need PIPELINING, too. */
static void
check_behind(struct session *s, const char *what)
{
	if (session_unread(s) > 0 && !(s->offered & EXT_PIPELINING))
		session_violation(s, "pipelined-unoffered", what);
}

int
receive_data(struct session *s, struct evbuffer *input)
{
	const char *data;
	size_t len;

	if (s->tx.dots.state == DOTS_END) {
		check_behind(s, "the end of data");
		finish_message(s, NULL);
		return 1;
	}
	len = next_piece(s, input, &data);
	if (len == 0)
		return 0;
	if (message_octets(s->tx.message) == 0 && s->tx.dots.state == DOTS_START &&
	    !output_is_empty(s))
		session_violation(s, "content-before-354", s->tx.from);
	len = dots_feed(&s->tx.dots, data, len, on_content, s);
	evbuffer_drain(input, len);
	let_content_go_wrong(s);
	return 1;
}

/* "N" or "N LAST"; false when it is neither. */
static bool
parse_chunk(const char *arg, struct chunk *chunk)
{
	char *end;

	*chunk = (struct chunk){ 0, false, false };
	if (*arg < '0' || *arg > '9')
		return false;
	chunk->left = strtoull(arg, &end, 10);
	chunk->last = strcasecmp(end, " LAST") == 0;
	return chunk->last || *end == '\0';
}

void
on_bdat(struct session *s, char *arg)
{
	if (!parse_chunk(arg, &s->chunk)) {
		session_violation(s, "bad-syntax", "BDAT");
		reply(s, 501, "5.5.4", "BDAT octets [LAST]");
		return;
	}
	if (!(s->offered & EXT_CHUNKING))
		session_violation(s, "bdat-unoffered", "");
	s->chunk.refused = s->phase != PHASE_RCPT || s->tx.broken || !(s->offered & EXT_CHUNKING);
	if (s->chunk.refused && s->phase != PHASE_RCPT && !s->tx.mail_tried)
		session_violation(
		    s, s->phase == PHASE_NEW ? "before-ehlo" : "out-of-order", "BDAT");
	if (!s->chunk.refused && s->tx.message == NULL && !start_content(s))
		s->chunk.refused = true;
	s->tx.bdat = true;
	s->mode = MODE_BDAT;
}

/* A chunk that nobody wanted has been read; the transaction goes no further. */
static void
refuse_chunk(struct session *s)
{
	if (s->phase == PHASE_MAIL)
		reply(s, 554, "5.5.1", "No valid recipients");
	else
		reply(s, 503, "5.5.1", "Bad sequence of commands");
	if (s->server->options->keep_transaction)
		return;
	s->tx.broken = true;
	if (s->chunk.last)
		session_end_transaction(s);
}

static void
finish_chunk(struct session *s)
{
	const struct fault *fault = NULL;

	s->mode = MODE_COMMAND;
	check_behind(s, "BDAT");
	if (s->chunk.refused) {
		refuse_chunk(s);
		return;
	}
	fault = session_fault(s, STEP_BDAT, NULL);
	if (s->chunk.last) {
		finish_message(s, fault);
		return;
	}
	if (!fault_lets_pass(fault, '2'))
		s->tx.broken = true;
	reply_step(s, fault, &(struct reply){ 250, "2.0.0", "Chunk received" });
}

int
receive_bdat(struct session *s, struct evbuffer *input)
{
	const char *data;
	size_t len;

	if (s->chunk.left == 0) {
		finish_chunk(s);
		return 1;
	}
	len = next_piece(s, input, &data);
	if (len == 0)
		return 0;
	if (len > s->chunk.left)
		len = (size_t)s->chunk.left;
	if (!s->chunk.refused)
		on_content(s, data, len);
	evbuffer_drain(input, len);
	s->chunk.left -= len;
	if (!s->chunk.refused)
		let_content_go_wrong(s);
	return 1;
}
