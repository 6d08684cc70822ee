/* SPDX-License-Identifier: ISC */
/*
 * transaction.c - messages over an uplink that is set up; see uplink.h.
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
#include "outbound/uplink_internal.h"
#include "spool/envelope.h"

enum { CHUNK_SIZE = 64 * 1024, SLOWEST_BYTES_PER_MS = 16 };

static void
swap_slots(struct uplink *uplink)
{
	struct transaction *free_slot = uplink->current;

	*free_slot = (struct transaction){ .delivery = NULL };
	uplink->current = uplink->ahead;
	uplink->ahead = free_slot;
}

static bool
can_pipeline(const struct uplink *uplink)
{
	return smtp_offers(&uplink->caps, SMTP_EXT_PIPELINING);
}

/* Give the message of the current slot back and move up. */
static void
close_transaction(struct uplink *uplink)
{
	struct transaction *transaction = uplink->current;
	struct delivery *delivery = transaction->delivery;
	size_t untried = delivery_count(delivery, RCPT_UNTRIED);

	/* A transaction that moved nobody must not be begun again at once. */
	if (untried == delivery->nrcpt && transaction->replied && !uplink->held &&
	    !delivery->throttled)
		for (size_t i = 0; i < delivery->nrcpt; i++)
			if (delivery->rcpt[i].reply != NULL)
				delivery->rcpt[i].fate = RCPT_DEFERRED;
	swap_slots(uplink);
	uplink->of.on_settled(uplink->of.ctx, uplink, delivery, uplink->held);
}

static void
send_mail(struct uplink *uplink, struct transaction *transaction)
{
	const struct envelope *envelope = transaction->delivery->envelope;
	struct evbuffer *out = conn_output(uplink->conn);

	evbuffer_add_printf(out, "MAIL FROM:<%s>", envelope->from);
	if (smtp_offers(&uplink->caps, SMTP_EXT_SIZE))
		evbuffer_add_printf(out, " SIZE=%" PRIu64, transaction->delivery->content_len);
	if (envelope->body == ENVELOPE_8BITMIME && smtp_offers(&uplink->caps, SMTP_EXT_8BITMIME))
		evbuffer_add_printf(out, " BODY=8BITMIME");
	evbuffer_add(out, "\r\n", 2);
	transaction->mail_sent = true;
	uplink_expect(uplink, STEP_MAIL, transaction, 0);
}

/* Send RCPT for the next recipient of this transaction; false when there is none. */
static bool
send_rcpt(struct uplink *uplink, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;
	size_t limit = uplink->caps.rcpt_max > 0 && uplink->caps.rcpt_max < UPLINK_RCPT_MAX
			   ? uplink->caps.rcpt_max
			   : UPLINK_RCPT_MAX;

	if (transaction->next == delivery->nrcpt || transaction->sent == limit)
		return false;

	size_t i = transaction->next++;

	evbuffer_add_printf(
	    conn_output(uplink->conn), "RCPT TO:<%s>\r\n", delivery_address(delivery, i));
	delivery->rcpt[i].fate = RCPT_SENT;
	transaction->sent++;
	uplink_expect(uplink, STEP_RCPT, transaction, i);
	return true;
}

static void
send_data(struct uplink *uplink, struct transaction *transaction)
{
	evbuffer_add(conn_output(uplink->conn), "DATA\r\n", 6);
	transaction->data_sent = true;
	uplink_expect(uplink, STEP_DATA, transaction, 0);
}

static void
send_rset(struct uplink *uplink)
{
	evbuffer_add(conn_output(uplink->conn), "RSET\r\n", 6);
	uplink_expect(uplink, STEP_RSET, NULL, 0);
}

/* Send what may be sent of the envelope now. */
static void
advance(struct uplink *uplink, struct transaction *transaction)
{
	bool pipeline = can_pipeline(uplink);

	while (!transaction->data_sent && (pipeline || uplink->expect_count == 0)) {
		if (!transaction->mail_sent) {
			send_mail(uplink, transaction);
		} else if (send_rcpt(uplink, transaction)) {
			continue;
		} else if (pipeline || delivery_count(transaction->delivery, RCPT_TAKEN) > 0) {
			send_data(uplink, transaction);
		} else {
			send_rset(uplink);
			close_transaction(uplink);
			return;
		}
	}
}

/* Whether the upstream has said that the message is too large for it. */
static bool
is_too_large(const struct uplink *uplink, const struct delivery *delivery)
{
	return uplink->caps.size > 0 && delivery->content_len > uplink->caps.size;
}

static void
refuse_too_large(struct uplink *uplink, struct delivery *delivery)
{
	char words[128];

	(void)snprintf(words, sizeof words,
	    "the message has %" PRIu64 " octets, and %s takes no more than %" PRIu64,
	    delivery->content_len, uplink->of.upstream->host, uplink->caps.size);
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_FAILED, 0, "5.3.4", words);
	uplink->of.on_settled(uplink->of.ctx, uplink, delivery, false);
}

/* Put the next message into an empty slot; false when there is none. */
static bool
fill(struct uplink *uplink, struct transaction *slot)
{
	struct delivery *delivery;

	while (!uplink->finishing && (delivery = uplink->of.next(
					  uplink->of.ctx, uplink, slot == uplink->ahead)) != NULL) {
		if (is_too_large(uplink, delivery)) {
			refuse_too_large(uplink, delivery);
			continue;
		}
		*slot = (struct transaction){ .delivery = delivery };
		uplink_restart_deadline(uplink, 0);
		advance(uplink, slot);
		return true;
	}
	return false;
}

void
transaction_pull(struct uplink *uplink)
{
	if (uplink->current->delivery == NULL) {
		if (uplink->expect_count > 0 && !can_pipeline(uplink))
			return; /* RSET is under way */
		if (!fill(uplink, uplink->current))
			return;
	}
	if (uplink->current->content_done && uplink->ahead->delivery == NULL &&
	    can_pipeline(uplink))
		fill(uplink, uplink->ahead);
}

/* Add encoded content to the output: 0, or -1 when out of memory. */
static int
send_chunk(struct uplink *uplink, struct transaction *transaction, const char *data, size_t len)
{
	struct smtp_dot_span span;

	while (smtp_dot_encode(&transaction->encoder, &data, &len, &span))
		if (evbuffer_add(conn_output(uplink->conn), span.data, span.len) == -1)
			return -1;
	return 0;
}

/* Content that cannot be sent whole must not look as if it had ended. */
static void
give_up_content(struct uplink *uplink, struct transaction *transaction, const char *why)
{
	delivery_judge_open(transaction->delivery, RCPT_DEFERRED, 0, "4.3.0", why);
	uplink->finishing = true; /* no fault of the upstream */
	uplink_break(uplink, why);
}

static void
send_end(struct uplink *uplink, struct transaction *transaction)
{
	struct smtp_dot_span end = smtp_dot_end(&transaction->encoder);

	evbuffer_add(conn_output(uplink->conn), end.data, end.len);
	transaction->content_done = true;
}

static void
send_inline(struct uplink *uplink, struct transaction *transaction)
{
	struct evbuffer *content = transaction->delivery->content;
	size_t len = evbuffer_get_length(content);
	const char *data = (const char *)evbuffer_pullup(content, -1);

	if (len > 0 && (data == NULL || send_chunk(uplink, transaction, data, len) == -1))
		give_up_content(uplink, transaction, "out of memory");
	else
		send_end(uplink, transaction);
}

/* Send large content as far as the output has room; on_drain goes on. */
static void
send_large(struct uplink *uplink, struct transaction *transaction)
{
	struct delivery *delivery = transaction->delivery;
	char chunk[CHUNK_SIZE];

	while (evbuffer_get_length(conn_output(uplink->conn)) < UPLINK_OUTPUT_MAX) {
		uint64_t left = delivery->content_len - transaction->offset;
		ssize_t got =
		    left == 0 ? 0
			      : pread(delivery->fd, chunk, left < CHUNK_SIZE ? left : CHUNK_SIZE,
				    (off_t)transaction->offset);

		if (left > 0 && got <= 0) {
			give_up_content(
			    uplink, transaction, "the content could not be read from the spool");
			return;
		}
		if (left == 0) {
			send_end(uplink, transaction);
			return;
		}
		if (send_chunk(uplink, transaction, chunk, (size_t)got) == -1) {
			give_up_content(uplink, transaction, "out of memory");
			return;
		}
		transaction->offset += (uint64_t)got;
	}
}

static void
send_content(struct uplink *uplink, struct transaction *transaction)
{
	uplink_restart_deadline(uplink, transaction->delivery->content_len / SLOWEST_BYTES_PER_MS);
	transaction->content_begun = true;
	uplink_expect(uplink, STEP_DOT, transaction, 0);
	if (delivery_count(transaction->delivery, RCPT_TAKEN) == 0)
		send_end(uplink, transaction); /* RFC 2920 3.1: nobody takes it, but 354 was said */
	else if (transaction->delivery->fd == -1)
		send_inline(uplink, transaction);
	else
		send_large(uplink, transaction);
}

void
transaction_on_drain(struct uplink *uplink)
{
	struct transaction *transaction = uplink->current;

	if (transaction->delivery != NULL && transaction->content_begun &&
	    !transaction->content_done)
		send_large(uplink, transaction);
}

static void
judge_taken(struct uplink *uplink, struct delivery *delivery, enum rcpt_fate fate)
{
	char words[UPLINK_WORDS_SIZE];

	smtp_reply_words(&uplink->reply, words, sizeof words);
	delivery_judge_all(
	    delivery, RCPT_TAKEN, fate, uplink->reply.code, uplink->reply.enhanced, words);
}

static void
judge_open_by_reply(struct uplink *uplink, struct delivery *delivery, enum rcpt_fate fate)
{
	char words[UPLINK_WORDS_SIZE];

	smtp_reply_words(&uplink->reply, words, sizeof words);
	delivery_judge_open(delivery, fate, uplink->reply.code, uplink->reply.enhanced, words);
}

/* 421: the upstream is about to close.  Only the message at hand may have to do with it, unless it
 * was just begun, or the connection is what there was too much of. */
static void
on_closing(struct uplink *uplink, enum step step, enum fate fate)
{
	struct transaction *transaction = uplink->current;
	char why[UPLINK_WORDS_SIZE];

	uplink_describe(uplink, step, NULL, why, sizeof why);
	if (step == STEP_MAIL && uplink->served == 0 && fate == FATE_DEFER) {
		uplink_hold(uplink, HOLD_SESSION, why);
		return;
	}
	if (step == STEP_MAIL || fate == FATE_REDIAL || fate == FATE_SLOW) {
		transaction->content_done = false; /* it was answered: nothing uncertain about it */
		if (fate == FATE_REDIAL && uplink->served == 0)
			uplink->of.on_trouble(uplink->of.ctx, uplink, HOLD_NONE, why);
		uplink->finishing = true; /* by no fault of the message: it goes by another one */
	} else {
		judge_open_by_reply(uplink, transaction->delivery, RCPT_DEFERRED);
	}
	uplink_break(uplink, why);
}

/* The upstream wants less: what it did not take waits a moment, and the upstream goes on slower. */
static void
on_throttled(
    struct uplink *uplink, enum step step, struct delivery *delivery, const struct verdict *verdict)
{
	char why[UPLINK_WORDS_SIZE];

	uplink_describe(uplink, step, verdict->remedy, why, sizeof why);
	delivery->throttled = true;
	uplink->of.on_throttle(
	    uplink->of.ctx, uplink, verdict->throttle, delivery->started_ms, why);
}

/* The upstream's trouble, told amid a transaction: its messages go back as if never tried. */
static void
on_trouble(struct uplink *uplink, enum step step, const struct verdict *verdict)
{
	struct transaction *transaction = uplink->current;
	char why[UPLINK_WORDS_SIZE];

	uplink_describe(uplink, step, verdict->remedy, why, sizeof why);
	if (step == STEP_DOT && verdict->fate != FATE_UNEXPECTED)
		transaction->content_done = false; /* it was refused: nothing uncertain about it */
	uplink_hold(uplink, verdict->hold, why);
}

/* What becomes of the recipients that a reply is about. */
static const enum rcpt_fate rcpt_fates[] = {
	[FATE_OK] = RCPT_TAKEN,
	[FATE_DEFER] = RCPT_DEFERRED,
	[FATE_FAIL] = RCPT_FAILED,
	[FATE_NEXT] = RCPT_UNTRIED,
	[FATE_SLOW] = RCPT_UNTRIED,
};

static void
on_mail_reply(struct uplink *uplink, struct transaction *transaction, enum fate fate)
{
	if (fate == FATE_OK) {
		transaction->mail_ok = true;
		return;
	}
	judge_open_by_reply(uplink, transaction->delivery, rcpt_fates[fate]);
	if (!can_pipeline(uplink))
		close_transaction(uplink);
}

static void
on_rcpt_reply(struct uplink *uplink, struct transaction *transaction, size_t rcpt, enum fate fate)
{
	char words[UPLINK_WORDS_SIZE];

	smtp_reply_words(&uplink->reply, words, sizeof words);
	delivery_judge(transaction->delivery, rcpt, rcpt_fates[fate], uplink->reply.code,
	    uplink->reply.enhanced, words);
}

static void
on_data_reply(struct uplink *uplink, struct transaction *transaction, enum fate fate)
{
	if (fate == FATE_OK) {
		send_content(uplink, transaction);
		return;
	}
	judge_taken(uplink, transaction->delivery, rcpt_fates[fate]);
	if (transaction->mail_ok)
		send_rset(uplink);
	close_transaction(uplink);
}

static void
on_dot_reply(struct uplink *uplink, struct transaction *transaction, enum fate fate)
{
	bool early = !transaction->content_done;

	if (early && fate == FATE_OK) {
		uplink_hold(uplink, HOLD_SESSION,
		    "end of data: the upstream said yes before the content had ended");
		return;
	}
	judge_taken(
	    uplink, transaction->delivery, fate == FATE_OK ? RCPT_DELIVERED : rcpt_fates[fate]);
	uplink->served++;
	close_transaction(uplink);
	if (early)
		uplink_break(uplink, "refused before the content had ended");
}

void
transaction_on_reply(struct uplink *uplink, const struct expectation *expectation)
{
	const struct smtp_reply *reply = &uplink->reply;
	struct transaction *transaction = expectation->transaction;
	enum step step = expectation->step;
	struct verdict verdict =
	    classify(step, uplink->of.upstream->host, reply->code, reply->enhanced, reply->text);

	if (transaction == NULL) { /* RSET */
		if (verdict.fate != FATE_OK)
			uplink_break(uplink, "RSET was refused");
		return;
	}
	transaction->replied = true;
	if (step == STEP_RCPT && !transaction->mail_ok)
		return; /* judged already: this merely repeats that there is no transaction */
	if (verdict.fate == FATE_HOLD || verdict.fate == FATE_UNEXPECTED) {
		on_trouble(uplink, step, &verdict);
		return;
	}
	if (verdict.fate == FATE_SLOW)
		on_throttled(uplink, step, transaction->delivery, &verdict);
	else if (verdict.remedy != NULL)
		transaction->delivery->remedy = verdict.remedy;
	if (reply->code == 421 || verdict.fate == FATE_REDIAL) {
		on_closing(uplink, step, verdict.fate);
		return;
	}
	if (step == STEP_MAIL)
		on_mail_reply(uplink, transaction, verdict.fate);
	else if (step == STEP_RCPT)
		on_rcpt_reply(uplink, transaction, expectation->rcpt, verdict.fate);
	else if (step == STEP_DATA)
		on_data_reply(uplink, transaction, verdict.fate);
	else
		on_dot_reply(uplink, transaction, verdict.fate);
	if (uplink->phase == PHASE_READY && uplink->current->delivery != NULL)
		advance(uplink, uplink->current);
}

/* Whether the final dot has left: what is still in our buffer has not. */
static bool
has_left(const struct uplink *uplink, const struct transaction *transaction)
{
	return transaction->content_done && delivery_count(transaction->delivery, RCPT_TAKEN) > 0 &&
	       evbuffer_get_length(conn_output(uplink->conn)) == 0;
}

static void
settle_lost(struct uplink *uplink, struct transaction *transaction, const char *why)
{
	struct delivery *delivery = transaction->delivery;
	char words[UPLINK_WORDS_SIZE];

	if (delivery == NULL)
		return;
	if (has_left(uplink, transaction)) {
		(void)snprintf(words, sizeof words, "outcome unknown: %s", why);
		delivery->uncertain = true;
		delivery_judge_all(delivery, RCPT_TAKEN, RCPT_DEFERRED, 0, "4.4.2", words);
	} else if (transaction->replied && !uplink->held && !uplink->finishing) {
		delivery_judge_open(delivery, RCPT_DEFERRED, 0, "4.4.2", why);
	}
	delivery_judge_all(delivery, RCPT_SENT, RCPT_UNTRIED, 0, "", "");
	delivery_judge_all(delivery, RCPT_TAKEN, RCPT_UNTRIED, 0, "", "");
	/* It may be the message that the upstream cannot bear: let others go first. */
	delivery->rest = transaction == uplink->current && uplink->served == 0 && !uplink->held &&
			 !uplink->finishing;
	transaction->delivery = NULL;
	uplink->of.on_settled(uplink->of.ctx, uplink, delivery, uplink->held);
}

void
transaction_lost(struct uplink *uplink, const char *why)
{
	/* A connection in use may be closed just when the next message begins: that is no trouble.
	 */
	bool amid = uplink->current->delivery != NULL && !uplink->held && !uplink->finishing &&
		    (uplink->served == 0 || uplink->current->replied);

	uplink->expect_count = 0;
	settle_lost(uplink, uplink->current, why);
	settle_lost(uplink, uplink->ahead, why);
	if (amid)
		uplink->of.on_trouble(uplink->of.ctx, uplink, HOLD_NONE, why);
}
