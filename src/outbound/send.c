/* SPDX-License-Identifier: ISC */
/*
 * send.c - the commands of a transaction and its content on the wire.  Each command leaves an
 * expectation.  Content goes into the output by reference as far as it travels as it is, which is
 * all of it behind BDAT, and behind DATA whatever has no dot to be doubled.
 */
#include <event2/buffer.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "net/conn.h"
#include "outbound/convert.h"
#include "outbound/delivery.h"
#include "outbound/parameters.h"
#include "outbound/uplink_internal.h"
#include "spool/envelope.h"

enum {
	PIECE_SIZE = 64 * 1024,
	PIECES_MAX = 4, /* in a turn of the loop */
};

/* Where the next octet that is added stands in all that is sent. */
static uint64_t
position(const struct uplink *uplink)
{
	return conn_written(uplink->conn) + evbuffer_get_length(conn_output(uplink->conn));
}

/* The command that was just added wants a reply. */
static void
expect(struct uplink *uplink, enum step step, struct transaction *transaction, size_t rcpt)
{
	const struct expectation expectation = {
		.transaction = transaction,
		.sent_at = position(uplink),
		.step = step,
		.rcpt = (uint32_t)rcpt,
	};

	expect_add(&uplink->expect, &expectation);
	if (transaction != NULL)
		transaction->waiting++;
}

void
send_mail(struct uplink *uplink, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;
	struct evbuffer *out = conn_output(uplink->conn);

	delivery->passes_dsn = smtp_offers(&uplink->caps, SMTP_EXT_DSN);
	evbuffer_add_printf(out, "MAIL FROM:<%s>", delivery_sent_from(delivery));
	parameters_add_mail(out, &uplink->caps, delivery);
	evbuffer_add(out, "\r\n", 2);
	transaction->mail_sent = true;
	expect(uplink, STEP_MAIL, transaction, 0);
}

bool
send_rcpt(struct uplink *uplink, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;
	size_t limit = uplink->caps.rcpt_max > 0 && uplink->caps.rcpt_max < FLIGHT_RCPT_MAX
			   ? uplink->caps.rcpt_max
			   : FLIGHT_RCPT_MAX;

	/* Whom this upstream cannot serve has a fate already. */
	while (transaction->next < delivery->nrcpt &&
	       delivery->rcpt[transaction->next].fate != RCPT_UNTRIED)
		transaction->next++;
	if (transaction->next == delivery->nrcpt || transaction->sent == limit)
		return false;

	size_t i = transaction->next++;

	struct evbuffer *out = conn_output(uplink->conn);

	evbuffer_add_printf(out, "RCPT TO:<%s>", delivery_sent_to(delivery, i));
	parameters_add_rcpt(out, &uplink->caps, delivery, i);
	evbuffer_add(out, "\r\n", 2);
	delivery->rcpt[i].fate = RCPT_SENT;
	transaction->sent++;
	expect(uplink, STEP_RCPT, transaction, i);
	return true;
}

void
send_data(struct uplink *uplink, struct transaction *transaction)
{
	evbuffer_add(conn_output(uplink->conn), "DATA\r\n", 6);
	transaction->content_asked = true;
	expect(uplink, STEP_DATA, transaction, 0);
}

void
send_reset(struct uplink *uplink, struct transaction *transaction)
{
	evbuffer_add(conn_output(uplink->conn), "RSET\r\n", 6);
	uplink->is_dirty = false;
	if (transaction != NULL)
		transaction->is_reset = true;
	expect(uplink, STEP_RSET, transaction, 0);
}

void
send_hello(struct uplink *uplink)
{
	evbuffer_add_printf(conn_output(uplink->conn), "EHLO %s\r\n", uplink->of.hostname);
	uplink->is_dirty = false;
	expect(uplink, STEP_EHLO, NULL, 0);
}

/* Content that cannot be sent whole must not look as if it had ended. */
static void
give_up_content(struct uplink *uplink, struct transaction *transaction, const char *why)
{
	delivery_judge_open(transaction->delivery, RCPT_DEFERRED, 0, "4.3.0", why);
	uplink->finishing = true; /* no fault of the upstream */
	uplink_break(uplink, why);
}

/* Move a contiguous piece of content into the output: 0, or -1 when out of memory. */
static int
add_piece(struct uplink *uplink, struct transaction *transaction, struct evbuffer *piece)
{
	struct evbuffer *out = conn_output(uplink->conn);
	size_t len = evbuffer_get_length(piece);
	const char *data = len > 0 ? (const char *)evbuffer_pullup(piece, -1) : "";
	struct smtp_dot_span span;

	if (len == 0 || transaction->is_bdat)
		return evbuffer_add_buffer(out, piece);
	if (data == NULL)
		return -1;
	while (smtp_dot_encode(&transaction->encoder, &data, &len, &span)) {
		if (span.len == evbuffer_get_length(piece))
			return evbuffer_add_buffer(out, piece);
		if (evbuffer_add(out, span.data, span.len) == -1)
			return -1;
	}
	return evbuffer_drain(piece, evbuffer_get_length(piece));
}

static void
send_end(struct uplink *uplink, struct transaction *transaction)
{
	if (!transaction->is_bdat) {
		struct smtp_dot_span end = smtp_dot_end(&transaction->encoder);

		evbuffer_add(conn_output(uplink->conn), end.data, end.len);
	}
	transaction->content_sent = transaction->is_sent = true;
	transaction->end = position(uplink);
	if (uplink->mode == PIPELINING_STREAM)
		send_reset(uplink, transaction);
}

/* Read the next piece of large content into a buffer: 0, or -1 and errno. */
static int
read_piece(struct transaction *transaction, struct evbuffer *piece)
{
	uint64_t left = transaction->delivery->stored_len - transaction->offset;
	size_t want = left < PIECE_SIZE ? (size_t)left : PIECE_SIZE;
	struct evbuffer_iovec room;

	if (evbuffer_reserve_space(piece, (ev_ssize_t)want, &room, 1) != 1)
		return -1;

	ssize_t got =
	    pread(transaction->delivery->fd, room.iov_base, want, (off_t)transaction->offset);

	if (got <= 0)
		return -1;
	room.iov_len = (size_t)got;
	transaction->offset += (uint64_t)got;
	return evbuffer_commit_space(piece, &room, 1);
}

/* What the piece that was just read is sent as: 0, or -1 when out of memory. */
static int
prepare_piece(const struct transaction *transaction, struct evbuffer *piece)
{
	struct delivery *delivery = transaction->delivery;

	return delivery->recoder == NULL
		   ? 0
		   : convert_piece(delivery, piece, transaction->offset == delivery->stored_len);
}

void
send_more(struct uplink *uplink, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;
	struct evbuffer *out = conn_output(uplink->conn);

	for (unsigned n = 0; evbuffer_get_length(out) < UPLINK_OUTPUT_MAX; n++) {
		if (transaction->offset == delivery->stored_len) {
			send_end(uplink, transaction);
			return;
		}
		if (n == PIECES_MAX) { /* most of it was left out: nothing waits to leave */
			conn_drain_soon(uplink->conn);
			return;
		}
		if (read_piece(transaction, delivery->content) == -1) {
			give_up_content(
			    uplink, transaction, "the content could not be read from the spool");
			return;
		}
		if (prepare_piece(transaction, delivery->content) == -1 ||
		    add_piece(uplink, transaction, delivery->content) == -1) {
			give_up_content(uplink, transaction, "out of memory");
			return;
		}
	}
}

static void
begin_content(struct uplink *uplink, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;

	transaction->content_begun = true;
	if (delivery->fd != -1)
		send_more(uplink, transaction);
	else if (add_piece(uplink, transaction, delivery->content) == -1)
		give_up_content(uplink, transaction, "out of memory");
	else
		send_end(uplink, transaction);
}

void
send_bdat(struct uplink *uplink, struct transaction *transaction)
{
	evbuffer_add_printf(conn_output(uplink->conn), "BDAT %" PRIu64 " LAST\r\n",
	    transaction->delivery->content_len);
	transaction->content_asked = transaction->is_bdat = true;
	expect(uplink, STEP_DOT, transaction, 0);
	begin_content(uplink, transaction);
}

void
send_content(struct uplink *uplink, struct transaction *transaction)
{
	expect(uplink, STEP_DOT, transaction, 0);
	if (transaction_has_takers(transaction)) {
		begin_content(uplink, transaction);
		return;
	}
	transaction->content_begun = true; /* RFC 2920 3.1: nobody takes it, but 354 was said */
	send_end(uplink, transaction);
}
