/* SPDX-License-Identifier: ISC */
/*
 * transaction.c - see transaction.h.  on_reply[] is the table of contents: what a reply to each
 * step means for the recipients.  A reply that is out of step tells nothing, and makes all others
 * to the same message worthless, but for a content that was taken: that is never sent again at
 * once.
 */
#include "outbound/transaction.h"

#include <stdio.h>
#include <string.h>

#include "outbound/delivery.h"
#include "smtp/reply.h"

enum { WORDS_SIZE = 1024 };

bool
transaction_has_takers(const struct transaction *transaction)
{
	return delivery_count(transaction->delivery, RCPT_TAKEN) > 0;
}

/* Judge those whose fate is `of` with the words of a reply. */
static void
judge_by(struct delivery *delivery, enum rcpt_fate of, enum rcpt_fate fate,
    const struct smtp_reply *reply)
{
	char words[WORDS_SIZE];

	smtp_reply_words(reply, words, sizeof words);
	delivery_judge_all(delivery, of, fate, reply->code, reply->enhanced, words);
}

static void
judge_open(struct delivery *delivery, enum rcpt_fate fate, const struct smtp_reply *reply)
{
	char words[WORDS_SIZE];

	smtp_reply_words(reply, words, sizeof words);
	delivery_judge_open(delivery, fate, reply->code, reply->enhanced, words);
}

void
transaction_put_off(struct transaction *transaction, const struct smtp_reply *reply)
{
	struct delivery *delivery = transaction->delivery;

	if (transaction->content_begun && transaction->content == CONTENT_OPEN) {
		judge_by(delivery, RCPT_SENT, RCPT_DEFERRED, reply);
		judge_by(delivery, RCPT_UNTRIED, RCPT_DEFERRED, reply);
	} else {
		judge_open(delivery, RCPT_DEFERRED, reply);
	}
}

/* What becomes of the recipients that a reply is about. */
static const enum rcpt_fate rcpt_fates[] = {
	[FATE_OK] = RCPT_TAKEN,
	[FATE_DEFER] = RCPT_DEFERRED,
	[FATE_FAIL] = RCPT_FAILED,
	[FATE_NEXT] = RCPT_UNTRIED,
	[FATE_SLOW] = RCPT_UNTRIED,
};

static enum meaning
on_mail(struct transaction *transaction, const struct answer *answer, enum fate fate)
{
	transaction->mail_ok = fate == FATE_OK;
	transaction->mail_refused = fate != FATE_OK;
	if (fate != FATE_OK)
		judge_open(transaction->delivery, rcpt_fates[fate], answer->reply);
	return MEANING_PLAIN;
}

static enum meaning
on_rcpt(struct transaction *transaction, const struct answer *answer, enum fate fate)
{
	char words[WORDS_SIZE];

	smtp_reply_words(answer->reply, words, sizeof words);
	delivery_judge(transaction->delivery, answer->rcpt, rcpt_fates[fate], answer->reply->code,
	    answer->reply->enhanced, words);
	return MEANING_PLAIN;
}

static enum meaning
on_data(struct transaction *transaction, const struct answer *answer, enum fate fate)
{
	if (fate == FATE_OK)
		return MEANING_CONTENT;
	judge_by(transaction->delivery, RCPT_TAKEN, rcpt_fates[fate], answer->reply);
	transaction->is_sent = true;
	return MEANING_PLAIN;
}

static enum meaning
on_content(struct transaction *transaction, const struct answer *answer, enum fate fate)
{
	transaction->content = fate == FATE_OK ? CONTENT_TAKEN : CONTENT_REFUSED;
	if (fate == FATE_OK && answer->is_early)
		return MEANING_ODD;
	judge_by(transaction->delivery, RCPT_TAKEN,
	    fate == FATE_OK ? RCPT_DELIVERED : rcpt_fates[fate], answer->reply);
	return MEANING_PLAIN;
}

static enum meaning (*const on_reply[])(struct transaction *, const struct answer *, enum fate) = {
	[STEP_MAIL] = on_mail,
	[STEP_RCPT] = on_rcpt,
	[STEP_DATA] = on_data,
	[STEP_DOT] = on_content,
};

/* Whether nobody takes this message, so that the reply merely says so once more. */
static bool
is_repetition(const struct transaction *transaction, enum step step)
{
	if (step == STEP_RCPT)
		return transaction->mail_refused;
	return (step == STEP_DATA || step == STEP_DOT) && !transaction_has_takers(transaction);
}

/* To be asked for content that nobody takes is sound (RFC 2920 3.1), and what is then said of its
 * lone dot means nothing. */
static enum meaning
on_repetition(struct transaction *transaction, enum step step, enum fate fate)
{
	if (step == STEP_DATA) {
		transaction->is_sent = fate != FATE_OK;
		return fate == FATE_OK ? MEANING_CONTENT : MEANING_PLAIN;
	}
	if (step == STEP_DOT)
		transaction->content =
		    fate == FATE_OK && transaction->is_bdat ? CONTENT_TAKEN : CONTENT_REFUSED;
	return fate == FATE_OK && (step == STEP_RCPT || transaction->is_bdat) ? MEANING_ODD
									      : MEANING_PLAIN;
}

/* Whether the upstream has lost its place, or does not know a command that it offers: such a reply
 * says nothing of a message. */
static bool
is_out_of_step(const struct transaction *transaction, const struct answer *answer)
{
	const struct smtp_reply *reply = answer->reply;

	if (answer->is_pipelined && reply->code >= 500 &&
	    (strcasestr(reply->text, "pipelining") != NULL ||
		strcasestr(reply->text, "synchroni") != NULL))
		return true;
	if (reply->enhanced[0] != '\0' && strncmp(reply->enhanced + 1, ".5.", 3) != 0)
		return false;
	if (answer->step == STEP_DOT && transaction->is_bdat)
		return reply->code >= 500 && reply->code <= 504;
	return reply->code == 503 ||
	       (answer->is_pipelined && (reply->code == 500 || reply->code == 502));
}

static enum meaning
odd(struct transaction *transaction, enum step step, int code)
{
	transaction->is_odd = true;
	transaction->is_sent = transaction->is_sent || step == STEP_DATA;
	if (step == STEP_DOT && transaction->content == CONTENT_OPEN)
		transaction->content = code >= 500 ? CONTENT_REFUSED : CONTENT_UNCLEAR;
	return MEANING_ODD;
}

static enum meaning
on_reset(struct transaction *transaction, enum fate fate)
{
	transaction->reset_refused = fate != FATE_OK;
	return fate == FATE_OK ? MEANING_PLAIN : MEANING_ODD;
}

/* Refused for reasons that are not the message's. */
static enum meaning
turned_away(struct transaction *transaction, enum step step, enum meaning meaning)
{
	transaction->mail_refused = transaction->mail_refused || step == STEP_MAIL;
	transaction->is_sent = transaction->is_sent || step == STEP_DATA;
	if (step == STEP_DOT)
		transaction->content = CONTENT_REFUSED;
	return meaning;
}

/* What is known of a reply goes with all whom it was about. */
static void
advise(struct delivery *delivery, const struct answer *answer, const char *remedy)
{
	for (size_t i = 0; i < delivery->nrcpt; i++) {
		struct delivery_rcpt *rcpt = &delivery->rcpt[i];
		bool is_about = answer->step == STEP_RCPT ? i == answer->rcpt
							  : rcpt->code == answer->reply->code;

		if (is_about && rcpt->remedy == NULL)
			rcpt->remedy = remedy;
	}
}

/* What the ledger is to know besides the fates. */
static void
note(struct delivery *delivery, const struct verdict *verdict)
{
	if (verdict->fate == FATE_SLOW)
		delivery->throttled = true;
	else if (verdict->remedy != NULL)
		delivery->remedy = verdict->remedy;
}

enum meaning
transaction_answer(
    struct transaction *transaction, const struct answer *answer, struct verdict *verdict)
{
	const struct smtp_reply *reply = answer->reply;
	enum step step = answer->step;
	enum meaning meaning;

	*verdict = classify(step, answer->host, reply->code, reply->enhanced, reply->text);
	transaction->waiting--;
	transaction->replied = transaction->replied || step != STEP_RSET;
	note(transaction->delivery, verdict);
	if (verdict->fate != FATE_HOLD && (reply->code == 421 || verdict->fate == FATE_REDIAL))
		return turned_away(transaction, step, MEANING_CLOSING);
	if (step == STEP_RSET)
		return on_reset(transaction, verdict->fate);
	if (is_repetition(transaction, step) && verdict->fate != FATE_UNEXPECTED)
		meaning = on_repetition(transaction, step, verdict->fate);
	else if (verdict->fate == FATE_HOLD)
		return turned_away(transaction, step, MEANING_TROUBLE);
	else if (verdict->fate == FATE_UNEXPECTED || is_out_of_step(transaction, answer))
		meaning = MEANING_ODD;
	else
		meaning = on_reply[step](transaction, answer, verdict->fate);
	if (!transaction->is_refused)
		transaction->taken += verdict->fate == FATE_OK;
	if (verdict->fate == FATE_DEFER || verdict->fate == FATE_FAIL) {
		transaction->is_refused = true;
		advise(transaction->delivery, answer, verdict->remedy);
	}
	return meaning == MEANING_ODD ? odd(transaction, step, reply->code) : meaning;
}

static void
forget(struct delivery *delivery, enum rcpt_fate of)
{
	delivery_judge_all(delivery, of, RCPT_UNTRIED, 0, "", "");
}

/* Refusals that nobody believes any more. */
static void
forget_refusals(struct delivery *delivery)
{
	forget(delivery, RCPT_DEFERRED);
	forget(delivery, RCPT_FAILED);
}

/* What came to no end goes back as if never tried. */
static void
forget_open(struct delivery *delivery)
{
	forget(delivery, RCPT_SENT);
	forget(delivery, RCPT_TAKEN);
}

/* It may have been delivered to those whose fate is `of`: they are tried again, later. */
static void
leave_unknown(struct delivery *delivery, enum rcpt_fate of, const char *why)
{
	char words[WORDS_SIZE];

	(void)snprintf(words, sizeof words, "outcome unknown: %s", why);
	delivery->uncertain = true;
	delivery_judge_all(delivery, of, RCPT_DEFERRED, 0, "4.4.2", words);
}

/* Whether the content may have been taken, where no single reply can be believed.  Of those that
 * are shifted by one the reply to the content is the one taken for it, or for the RSET behind. */
static bool
may_be_taken(const struct transaction *transaction, bool is_shifted)
{
	if (is_shifted && transaction->content_sent && !transaction->reset_refused)
		return true;
	return transaction->content == CONTENT_TAKEN ||
	       (transaction->content == CONTENT_UNCLEAR && transaction_has_takers(transaction));
}

static void
conclude_odd(struct transaction *transaction, bool is_shifted)
{
	static const char why[] = "the upstream's replies contradict each other";
	struct delivery *delivery = transaction->delivery;
	bool is_unknown = may_be_taken(transaction, is_shifted);

	forget_refusals(delivery);
	forget_open(delivery);
	if (is_unknown) {
		leave_unknown(delivery, RCPT_UNTRIED, why);
		leave_unknown(delivery, RCPT_DELIVERED, why);
	}
}

/* A transaction that moved nobody must not be begun again at once. */
static void
put_off_unmoved(struct delivery *delivery)
{
	if (delivery_count(delivery, RCPT_UNTRIED) < delivery->nrcpt || delivery->throttled)
		return;
	for (size_t i = 0; i < delivery->nrcpt; i++)
		if (delivery->rcpt[i].reply != NULL)
			delivery->rcpt[i].fate = RCPT_DEFERRED;
}

void
transaction_conclude(struct transaction *transaction, bool is_shifted)
{
	if (transaction->is_odd || is_shifted) {
		conclude_odd(transaction, is_shifted);
		return;
	}
	if (transaction->is_doubted)
		forget_refusals(transaction->delivery);
	else
		put_off_unmoved(transaction->delivery);
	forget_open(transaction->delivery);
}

/* Whether somebody may have got it although nobody has said so. */
static bool
may_have_arrived(const struct transaction *transaction, bool has_left)
{
	return has_left && transaction->content != CONTENT_TAKEN &&
	       transaction->content != CONTENT_REFUSED && !transaction->mail_refused &&
	       (transaction_has_takers(transaction) ||
		   delivery_count(transaction->delivery, RCPT_SENT) > 0);
}

void
transaction_lose(struct transaction *transaction, bool has_left, bool is_blamed, const char *why)
{
	struct delivery *delivery = transaction->delivery;
	bool is_unknown = may_have_arrived(transaction, has_left);

	if (transaction->is_odd && !is_unknown) {
		conclude_odd(transaction, false);
		return;
	}
	if (transaction->is_odd || transaction->is_doubted)
		forget_refusals(delivery);
	if (is_unknown) {
		leave_unknown(delivery, RCPT_TAKEN, why);
		leave_unknown(delivery, RCPT_SENT, why);
	} else if (is_blamed) {
		delivery_judge_open(delivery, RCPT_DEFERRED, 0, "4.4.2", why);
	}
	forget_open(delivery);
}
