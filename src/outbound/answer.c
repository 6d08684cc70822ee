/* SPDX-License-Identifier: ISC */
/*
 * answer.c - a reply comes to a transaction; see uplink.h.  transaction.c says what it means; here
 * stands what the connection does about it: on_meaning[] is the table of contents.
 */
#include <event2/buffer.h>

#include "base/log.h"
#include "config/config.h"
#include "net/conn.h"
#include "outbound/delivery.h"
#include "outbound/uplink_internal.h"

enum { STRAYS_MAX = 16 }; /* replies that nothing had asked for, before it is no mail server */

/* The upstream's replies do not fit: drain, reset, and go on one at a time.  When it was sent one
 * at a time already, or it is unknown whether the upstream waits for content, there is nothing to
 * go back to. */
static void
fall_back(struct uplink *uplink, const struct transaction *culprit, enum step step, const char *why)
{
	bool asks_for_content = step == STEP_DATA && uplink->reply.code < 400;

	if ((uplink->mode == PIPELINING_OFF && !uplink->bdat) || asks_for_content) {
		uplink->is_shifted = uplink->is_shifted || uplink->is_refused;
		uplink_hold(uplink, HOLD_SESSION, why);
		return;
	}
	if (uplink->drain == DRAIN_NONE)
		uplink->of.on_fallback(uplink->of.ctx, uplink, true, why);
	pipeline_drain(uplink, DRAIN_RESET, culprit, why);
}

static void
on_plain(struct uplink *uplink, struct transaction *transaction, enum step step,
    const struct verdict *verdict)
{
	(void)verdict;
	if (step != STEP_DOT)
		return;
	uplink->served++;
	if (!transaction->content_sent) {
		uplink->finishing = true; /* its message has a verdict */
		uplink_break(uplink, "refused before the content had ended");
	}
}

static void
on_content(struct uplink *uplink, struct transaction *transaction, enum step step,
    const struct verdict *verdict)
{
	(void)step;
	(void)verdict;
	if (uplink->drain != DRAIN_NONE && transaction_has_takers(transaction)) {
		uplink->finishing =
		    true; /* once asked for, only the end of the connection avoids it */
		uplink_break(uplink, uplink->why);
		return;
	}
	uplink_restart_deadline(uplink, transaction->delivery->content_len);
	send_content(uplink, transaction);
}

/* The connection is over.  Only the message at hand may have to do with it, unless it was just
 * begun, or the connection is what there was too much of: then it goes by another one. */
static void
on_closing(struct uplink *uplink, struct transaction *transaction, enum step step,
    const struct verdict *verdict)
{
	bool is_spent = verdict->fate == FATE_REDIAL;
	char why[UPLINK_WORDS_SIZE];

	uplink_describe(uplink, step, NULL, why, sizeof why);
	if (step == STEP_MAIL && uplink->served == 0 && verdict->fate == FATE_DEFER) {
		uplink_tell_trouble(uplink, HOLD_SESSION, why);
	} else if (step == STEP_MAIL || step == STEP_RSET || is_spent ||
		   verdict->fate == FATE_SLOW) {
		if (is_spent && uplink->served == 0)
			uplink->of.on_trouble(uplink->of.ctx, uplink, HOLD_NONE, why);
		uplink->finishing = true;
	} else {
		transaction_put_off(transaction, &uplink->reply);
	}
	pipeline_drain(uplink, DRAIN_LEAVE, transaction, why);
}

/* The upstream's trouble, told amid a transaction: its messages go back as if never tried. */
static void
on_trouble(struct uplink *uplink, struct transaction *transaction, enum step step,
    const struct verdict *verdict)
{
	char why[UPLINK_WORDS_SIZE];

	uplink_describe(uplink, step, verdict->remedy, why, sizeof why);
	uplink_tell_trouble(uplink, verdict->hold, why);
	pipeline_drain(uplink, DRAIN_LEAVE, transaction, why);
}

static void
on_odd(struct uplink *uplink, struct transaction *transaction, enum step step,
    const struct verdict *verdict)
{
	char why[UPLINK_WORDS_SIZE];

	(void)verdict;
	uplink_describe(uplink, step, "no sound reply here", why, sizeof why);
	fall_back(uplink, transaction, step, why);
}

static void (*const on_meaning[])(
    struct uplink *, struct transaction *, enum step, const struct verdict *) = {
	[MEANING_PLAIN] = on_plain,
	[MEANING_CONTENT] = on_content,
	[MEANING_CLOSING] = on_closing,
	[MEANING_TROUBLE] = on_trouble,
	[MEANING_ODD] = on_odd,
};

/* The upstream wants less, and gets it. */
static void
throttle(struct uplink *uplink, const struct transaction *transaction, enum step step,
    const struct verdict *verdict)
{
	char why[UPLINK_WORDS_SIZE];

	uplink_describe(uplink, step, verdict->remedy, why, sizeof why);
	uplink->of.on_throttle(
	    uplink->of.ctx, uplink, verdict->throttle, transaction->delivery->started_ms, why);
}

/* Where commands travel together a refusal is believed when the mark behind them has come.  With
 * DATA 354 is a mark, for all that stands before it. */
static void
note_refusal(struct uplink *uplink, const struct transaction *transaction, enum step step)
{
	if (transaction->is_refused &&
	    (uplink->mode == PIPELINING_STREAM ||
		(uplink->mode == PIPELINING_ENVELOPE && step == STEP_DOT)))
		uplink->is_refused = true;
}

static bool
has_left(const struct uplink *uplink, uint64_t position)
{
	return position <= conn_written(uplink->conn);
}

/* The reply to an RSET or EHLO that belongs to no transaction. */
static void
on_reset(struct uplink *uplink, enum step step)
{
	char why[UPLINK_WORDS_SIZE];

	if (step == STEP_EHLO) {
		uplink->is_marking = uplink->is_refused = false;
		uplink->unmarked = 0;
	}
	if (uplink->reply.code / 100 == 2) {
		uplink->is_proven =
		    uplink->is_proven || (step == STEP_EHLO && uplink->drain == DRAIN_NONE);
		return;
	}
	uplink_describe(uplink, step, NULL, why, sizeof why);
	uplink->finishing = true; /* what its messages got stands */
	uplink_break(uplink, why);
}

/* Whether the upstream ends the connection, as it may in place of any reply. */
static bool
says_goodbye(const struct uplink *uplink)
{
	const struct smtp_reply *reply = &uplink->reply;

	return reply->code == 421 || classify(STEP_RSET, uplink->of.upstream->host, reply->code,
					 reply->enhanced, reply->text)
					     .fate == FATE_REDIAL;
}

/* Whether what stands where the reply to EHLO should is one to something else: EHLO's names the
 * extensions without which nothing was pipelined. */
static bool
is_no_hello(const struct uplink *uplink)
{
	struct smtp_capabilities caps;

	smtp_capabilities_parse(uplink->reply.text, &caps);
	return caps.extensions == 0 && !says_goodbye(uplink);
}

/* What was refused in a reply too many is the content of the last message that was said to be
 * taken. */
static void
disown_last(struct uplink *uplink)
{
	struct transaction *at = flight_last(&uplink->flight);

	while (at != NULL && at->content != CONTENT_TAKEN)
		at = flight_before(&uplink->flight, at);
	if (at != NULL)
		at->is_odd = true;
}

/*
 * A reply that came before its command was sent, or is none to that, belongs to an earlier one,
 * which had its own already: any of them may have been credited to the wrong command.  A refusal in
 * place of the mark's reply may be of the mark itself, for all that is known before another comes.
 */
static void
on_stray(struct uplink *uplink, enum step step)
{
	char why[UPLINK_WORDS_SIZE] = "the upstream sent a reply that nothing had asked for";
	bool is_refusal = uplink->reply.code >= 400;

	uplink->is_shifted = true;
	uplink->is_mark_refused = is_refusal && uplink->is_marking && uplink->strays == 0;
	if (uplink->is_mark_refused)
		uplink_describe(uplink, step, NULL, why, sizeof why);
	else if (is_refusal)
		disown_last(uplink);
	if (++uplink->strays > STRAYS_MAX) {
		uplink->finishing = true;
		uplink_break(uplink, why);
		return;
	}
	uplink_restart_deadline(uplink, 0);
	fall_back(uplink, flight_first(&uplink->flight), STEP_RSET, why);
}

/* It had nothing to answer.  A no is its goodbye, in whatever words; a yes is one too many. */
static void
on_idle(struct uplink *uplink)
{
	if (uplink->reply.code < 400 && uplink->reply.code != 221 && uplink->mode != PIPELINING_OFF)
		uplink->of.on_fallback(uplink->of.ctx, uplink, true,
		    "the upstream sent a reply that nothing had asked for");
	uplink_break(uplink, "the upstream ended the idle connection");
}

void
answer_take(struct uplink *uplink)
{
	const struct expectation *first = expect_first(&uplink->expect);

	if (first == NULL) {
		on_idle(uplink);
		return;
	}
	if (uplink->is_mark_refused) {
		uplink->is_mark_refused = false;
		disown_last(uplink);
	}
	if (!has_left(uplink, first->sent_at) ||
	    (first->step == STEP_EHLO && is_no_hello(uplink))) {
		on_stray(uplink, first->step);
		return;
	}

	struct expectation expectation = expect_take(&uplink->expect);
	struct transaction *transaction = expectation.transaction;
	struct verdict verdict;

	if (transaction == NULL) {
		on_reset(uplink, expectation.step);
	} else {
		const struct answer answer = {
			.host = uplink->of.upstream->host,
			.step = expectation.step,
			.rcpt = expectation.rcpt,
			.reply = &uplink->reply,
			.is_early =
			    !transaction->content_sent || !has_left(uplink, transaction->end),
			.is_pipelined = uplink->mode != PIPELINING_OFF,
		};

		enum meaning meaning = transaction_answer(transaction, &answer, &verdict);

		note_refusal(uplink, transaction, expectation.step);
		uplink->is_closing = uplink->is_closing || uplink->reply.code == 421;
		if (verdict.fate == FATE_SLOW)
			throttle(uplink, transaction, expectation.step, &verdict);
		on_meaning[meaning](uplink, transaction, expectation.step, &verdict);
	}
	pipeline_go_on(uplink);
}
