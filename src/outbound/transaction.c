/* SPDX-License-Identifier: ISC */
/*
 * transaction.c - messages over a session that is set up; see session.h.
 *
 * With PIPELINING, MAIL, all RCPTs and DATA travel together, and behind the content of one message
 * the envelope of the next (the slots current and ahead).  Without it every command waits for its
 * reply.  advance() decides what may be sent; transaction_on_reply() what a reply means;
 * close_transaction() gives the message back.
 */
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "net/conn.h"
#include "outbound/session_internal.h"
#include "spool/envelope.h"

enum { CHUNK_SIZE = 64 * 1024, SLOWEST_BYTES_PER_MS = 16 };

static void
swap_slots(struct session *session)
{
	struct transaction *free_slot = session->current;

	*free_slot = (struct transaction){ .delivery = NULL };
	session->current = session->ahead;
	session->ahead = free_slot;
}

static bool
can_pipeline(const struct session *session)
{
	return smtp_offers(&session->caps, SMTP_EXT_PIPELINING);
}

/* What was TAKEN or SENT but came to no end. */
static void
judge_open(struct delivery *delivery, enum rcpt_fate fate, int code, const char *enhanced,
    const char *words)
{
	static const enum rcpt_fate open[] = { RCPT_SENT, RCPT_TAKEN, RCPT_UNTRIED };

	for (size_t i = 0; i < sizeof open / sizeof *open; i++)
		if (open[i] != fate)
			delivery_judge_all(delivery, open[i], fate, code, enhanced, words);
}

/* Give the message of the current slot back and move up. */
static void
close_transaction(struct session *session)
{
	struct transaction *transaction = session->current;
	struct delivery *delivery = transaction->delivery;
	size_t untried = delivery_count(delivery, RCPT_UNTRIED);

	/* A transaction that moved nobody must not be begun again at once. */
	if (untried == delivery->nrcpt && transaction->replied && !session->held)
		for (size_t i = 0; i < delivery->nrcpt; i++)
			if (delivery->rcpt[i].reply != NULL)
				delivery->rcpt[i].fate = RCPT_DEFERRED;
	swap_slots(session);
	session->of.on_settled(session->of.ctx, session, delivery, session->held);
}

static void
send_mail(struct session *session, struct transaction *transaction)
{
	const struct envelope *envelope = transaction->delivery->envelope;
	struct evbuffer *out = conn_output(session->conn);

	evbuffer_add_printf(out, "MAIL FROM:<%s>", envelope->from);
	if (smtp_offers(&session->caps, SMTP_EXT_SIZE))
		evbuffer_add_printf(out, " SIZE=%" PRIu64, transaction->delivery->content_len);
	if (envelope->body == ENVELOPE_8BITMIME && smtp_offers(&session->caps, SMTP_EXT_8BITMIME))
		evbuffer_add_printf(out, " BODY=8BITMIME");
	evbuffer_add(out, "\r\n", 2);
	transaction->mail_sent = true;
	session_expect(session, STEP_MAIL, transaction, 0);
}

/* Send RCPT for the next recipient of this transaction; false when there is none. */
static bool
send_rcpt(struct session *session, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;
	size_t limit = session->caps.rcpt_max > 0 && session->caps.rcpt_max < SESSION_RCPT_MAX
			   ? session->caps.rcpt_max
			   : SESSION_RCPT_MAX;

	if (transaction->next == delivery->nrcpt || transaction->sent == limit)
		return false;

	size_t i = transaction->next++;

	evbuffer_add_printf(
	    conn_output(session->conn), "RCPT TO:<%s>\r\n", delivery_address(delivery, i));
	delivery->rcpt[i].fate = RCPT_SENT;
	transaction->sent++;
	session_expect(session, STEP_RCPT, transaction, i);
	return true;
}

static void
send_data(struct session *session, struct transaction *transaction)
{
	evbuffer_add(conn_output(session->conn), "DATA\r\n", 6);
	transaction->data_sent = true;
	session_expect(session, STEP_DATA, transaction, 0);
}

static void
send_rset(struct session *session)
{
	evbuffer_add(conn_output(session->conn), "RSET\r\n", 6);
	session_expect(session, STEP_RSET, NULL, 0);
}

/* Send what may be sent of the envelope now. */
static void
advance(struct session *session, struct transaction *transaction)
{
	bool pipeline = can_pipeline(session);

	while (!transaction->data_sent && (pipeline || session->expect_count == 0)) {
		if (!transaction->mail_sent) {
			send_mail(session, transaction);
		} else if (send_rcpt(session, transaction)) {
			continue;
		} else if (pipeline || delivery_count(transaction->delivery, RCPT_TAKEN) > 0) {
			send_data(session, transaction);
		} else {
			send_rset(session);
			close_transaction(session);
			return;
		}
	}
}

/* Whether the upstream has said that the message is too large for it. */
static bool
is_too_large(const struct session *session, const struct delivery *delivery)
{
	return session->caps.size > 0 && delivery->content_len > session->caps.size;
}

static void
refuse_too_large(struct session *session, struct delivery *delivery)
{
	char words[128];

	(void)snprintf(words, sizeof words,
	    "the message has %" PRIu64 " octets, and %s takes no more than %" PRIu64,
	    delivery->content_len, session->of.upstream->host, session->caps.size);
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_FAILED, 0, "5.3.4", words);
	session->of.on_settled(session->of.ctx, session, delivery, false);
}

/* Put the next message into an empty slot; false when there is none. */
static bool
fill(struct session *session, struct transaction *slot)
{
	struct delivery *delivery;

	while (!session->finishing && (delivery = session->of.next(session->of.ctx, session,
					   slot == session->ahead)) != NULL) {
		if (is_too_large(session, delivery)) {
			refuse_too_large(session, delivery);
			continue;
		}
		*slot = (struct transaction){ .delivery = delivery };
		session_restart_deadline(session, 0);
		advance(session, slot);
		return true;
	}
	return false;
}

void
transaction_pull(struct session *session)
{
	if (session->current->delivery == NULL) {
		if (session->expect_count > 0 && !can_pipeline(session))
			return; /* RSET is under way */
		if (!fill(session, session->current))
			return;
	}
	if (session->current->content_done && session->ahead->delivery == NULL &&
	    can_pipeline(session))
		fill(session, session->ahead);
}

/* Add encoded content to the output. */
static void
send_chunk(struct session *session, struct transaction *transaction, const char *data, size_t len)
{
	struct smtp_dot_span span;

	while (smtp_dot_encode(&transaction->encoder, &data, &len, &span))
		evbuffer_add(conn_output(session->conn), span.data, span.len);
}

static void
send_end(struct session *session, struct transaction *transaction)
{
	struct smtp_dot_span end = smtp_dot_end(&transaction->encoder);

	evbuffer_add(conn_output(session->conn), end.data, end.len);
	transaction->content_done = true;
}

static void
send_inline(struct session *session, struct transaction *transaction)
{
	struct evbuffer *content = transaction->delivery->content;
	size_t len = evbuffer_get_length(content);
	const char *data = (const char *)evbuffer_pullup(content, -1);

	if (data != NULL)
		send_chunk(session, transaction, data, len);
	send_end(session, transaction);
}

/* Send large content as far as the output has room; on_drain goes on. */
static void
send_large(struct session *session, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;
	char chunk[CHUNK_SIZE];

	while (evbuffer_get_length(conn_output(session->conn)) < SESSION_OUTPUT_MAX) {
		uint64_t left = delivery->content_len - transaction->offset;
		ssize_t got =
		    left == 0 ? 0
			      : pread(delivery->fd, chunk, left < CHUNK_SIZE ? left : CHUNK_SIZE,
				    (off_t)transaction->offset);

		if (left > 0 && got <= 0) {
			judge_open(delivery, RCPT_DEFERRED, 0, "4.3.0",
			    "the content could not be read from the spool");
			session_break(session, "spool read error");
			return;
		}
		if (left == 0) {
			send_end(session, transaction);
			return;
		}
		send_chunk(session, transaction, chunk, (size_t)got);
		transaction->offset += (uint64_t)got;
	}
}

static void
send_content(struct session *session, struct transaction *transaction)
{
	session_restart_deadline(
	    session, transaction->delivery->content_len / SLOWEST_BYTES_PER_MS);
	transaction->content_begun = true;
	session_expect(session, STEP_DOT, transaction, 0);
	if (delivery_count(transaction->delivery, RCPT_TAKEN) == 0)
		send_end(
		    session, transaction); /* RFC 2920 3.1: nobody takes it, but 354 was said */
	else if (transaction->delivery->fd == -1)
		send_inline(session, transaction);
	else
		send_large(session, transaction);
}

void
transaction_on_drain(struct session *session)
{
	struct transaction *transaction = session->current;

	if (transaction->delivery != NULL && transaction->content_begun &&
	    !transaction->content_done)
		send_large(session, transaction);
}

static void
judge_open_by_reply(struct session *session, struct delivery *delivery, enum rcpt_fate fate)
{
	char words[SESSION_WORDS_SIZE];

	smtp_reply_words(&session->reply, words, sizeof words);
	judge_open(delivery, fate, session->reply.code, session->reply.enhanced, words);
}

/* 421: the upstream is about to close.  Only the message at hand may have to do with it, unless it
 * was just begun. */
static void
on_closing(struct session *session, enum step step)
{
	char why[SESSION_WORDS_SIZE];

	session_describe(session, step, NULL, why, sizeof why);
	if (step == STEP_MAIL && session->served == 0) {
		session_hold(session, HOLD_SESSION, why);
		return;
	}
	if (step != STEP_MAIL)
		judge_open_by_reply(session, session->current->delivery, RCPT_DEFERRED);
	session_break(session, why);
}

/* The upstream's trouble, told amid a transaction: its messages go back as if never tried. */
static void
on_trouble(struct session *session, enum step step, const struct verdict *verdict)
{
	struct transaction *transaction = session->current;
	char why[SESSION_WORDS_SIZE];

	session_describe(session, step, verdict->remedy, why, sizeof why);
	if (step == STEP_DOT && verdict->fate != FATE_UNEXPECTED)
		transaction->content_done = false; /* it was refused: nothing uncertain about it */
	session_hold(session, verdict->hold, why);
}

static void
on_mail_reply(struct session *session, struct transaction *transaction, enum fate fate)
{
	if (fate == FATE_OK) {
		transaction->mail_ok = true;
		return;
	}
	judge_open_by_reply(
	    session, transaction->delivery, fate == FATE_FAIL ? RCPT_FAILED : RCPT_DEFERRED);
	if (!can_pipeline(session))
		close_transaction(session);
}

static void
on_rcpt_reply(struct session *session, struct transaction *transaction, size_t rcpt, enum fate fate)
{
	static const enum rcpt_fate fates[] = {
		[FATE_OK] = RCPT_TAKEN,
		[FATE_DEFER] = RCPT_DEFERRED,
		[FATE_FAIL] = RCPT_FAILED,
		[FATE_NEXT] = RCPT_UNTRIED,
	};
	char words[SESSION_WORDS_SIZE];

	smtp_reply_words(&session->reply, words, sizeof words);
	delivery_judge(transaction->delivery, rcpt, fates[fate], session->reply.code,
	    session->reply.enhanced, words);
}

static void
judge_taken(struct session *session, struct transaction *transaction, enum rcpt_fate fate)
{
	char words[SESSION_WORDS_SIZE];

	smtp_reply_words(&session->reply, words, sizeof words);
	delivery_judge_all(transaction->delivery, RCPT_TAKEN, fate, session->reply.code,
	    session->reply.enhanced, words);
}

static void
on_data_reply(struct session *session, struct transaction *transaction, enum fate fate)
{
	if (fate == FATE_OK) {
		send_content(session, transaction);
		return;
	}
	judge_taken(session, transaction, fate == FATE_FAIL ? RCPT_FAILED : RCPT_DEFERRED);
	if (transaction->mail_ok)
		send_rset(session);
	close_transaction(session);
}

static void
on_dot_reply(struct session *session, struct transaction *transaction, enum fate fate)
{
	bool early = !transaction->content_done;

	if (early && fate == FATE_OK) {
		session_hold(session, HOLD_SESSION,
		    "end of data: the upstream said yes before the content had ended");
		return;
	}
	judge_taken(session, transaction,
	    fate == FATE_OK     ? RCPT_DELIVERED
	    : fate == FATE_FAIL ? RCPT_FAILED
				: RCPT_DEFERRED);
	session->served++;
	close_transaction(session);
	if (early)
		session_break(session, "refused before the content had ended");
}

void
transaction_on_reply(struct session *session, const struct expectation *expectation)
{
	const struct smtp_reply *reply = &session->reply;
	struct transaction *transaction = expectation->transaction;
	enum step step = expectation->step;
	struct verdict verdict = classify(step, reply->code, reply->enhanced, reply->text);

	if (transaction == NULL) { /* RSET */
		if (verdict.fate != FATE_OK)
			session_break(session, "RSET was refused");
		return;
	}
	transaction->replied = true;
	if (step == STEP_RCPT && !transaction->mail_ok)
		return; /* judged already: this merely repeats that there is no transaction */
	if (reply->code == 421 && verdict.hold == HOLD_NONE) {
		on_closing(session, step);
		return;
	}
	if (verdict.fate == FATE_HOLD || verdict.fate == FATE_SLOW ||
	    verdict.fate == FATE_UNEXPECTED) {
		on_trouble(session, step, &verdict);
		return;
	}
	if (step == STEP_MAIL)
		on_mail_reply(session, transaction, verdict.fate);
	else if (step == STEP_RCPT)
		on_rcpt_reply(session, transaction, expectation->rcpt, verdict.fate);
	else if (step == STEP_DATA)
		on_data_reply(session, transaction, verdict.fate);
	else
		on_dot_reply(session, transaction, verdict.fate);
	if (session->phase == PHASE_READY && session->current->delivery != NULL)
		advance(session, session->current);
}

/* Whether the final dot has left: what is still in our buffer has not. */
static bool
has_left(const struct session *session, const struct transaction *transaction)
{
	return transaction->content_done && delivery_count(transaction->delivery, RCPT_TAKEN) > 0 &&
	       evbuffer_get_length(conn_output(session->conn)) == 0;
}

static void
settle_lost(struct session *session, struct transaction *transaction, const char *why)
{
	struct delivery *delivery = transaction->delivery;
	char words[SESSION_WORDS_SIZE];

	if (delivery == NULL)
		return;
	if (has_left(session, transaction)) {
		(void)snprintf(words, sizeof words, "outcome unknown: %s", why);
		delivery->uncertain = true;
		delivery_judge_all(delivery, RCPT_TAKEN, RCPT_DEFERRED, 0, "4.4.2", words);
	} else if (transaction->replied && !session->held && !session->finishing) {
		judge_open(delivery, RCPT_DEFERRED, 0, "4.4.2", why);
	}
	delivery_judge_all(delivery, RCPT_SENT, RCPT_UNTRIED, 0, "", "");
	delivery_judge_all(delivery, RCPT_TAKEN, RCPT_UNTRIED, 0, "", "");
	transaction->delivery = NULL;
	session->of.on_settled(session->of.ctx, session, delivery, session->held);
}

void
transaction_lost(struct session *session, const char *why)
{
	bool amid = session->current->delivery != NULL && !session->held && !session->finishing;

	session->expect_count = 0;
	settle_lost(session, session->current, why);
	settle_lost(session, session->ahead, why);
	if (amid)
		session->of.on_trouble(session->of.ctx, session, HOLD_NONE, why);
}
