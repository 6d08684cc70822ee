/* SPDX-License-Identifier: ISC */
/*
 * pipeline.c - which commands are sent before the replies to those before them; see uplink.h.
 *
 *	stream    MAIL RCPT.. BDAT LAST and the content of one message behind the other.  RSET goes
 *	          behind each: a server that took none of the recipients keeps the transaction
 *	          open, and would take the next message under its sender; and its reply tells
 *	          when there was one too many
 *	envelope  MAIL RCPT.. DATA, and behind the content of one message the envelope of the next
 *	off       each command waits for its reply
 *
 * Only the newest transaction is ever sent in part.  Large content waits for the replies to its
 * envelope, in each mode.
 */
#include "config/config.h"
#include "net/conn.h"
#include "outbound/delivery.h"
#include "outbound/demand.h"
#include "outbound/uplink_internal.h"

#include <inttypes.h>
#include <stdio.h>

/* RSET, MAIL, RCPTs and DATA with the end of its content: no transaction is begun without room for
 * all of them. */
enum { EXPECT_OF_ONE = FLIGHT_RCPT_MAX + 4 };

/* Whether the content waits until it is known who takes it. */
static bool
waits_for_envelope(const struct uplink *uplink, const struct transaction *transaction)
{
	return uplink->mode == PIPELINING_OFF || (uplink->bdat && transaction->delivery->fd != -1);
}

/* Ask to send the content; false: not yet, or nobody takes it. */
static bool
ask_for_content(struct uplink *uplink, struct transaction *transaction)
{
	if (waits_for_envelope(uplink, transaction)) {
		if (transaction->waiting > 0)
			return false;
		if (!transaction_has_takers(transaction)) {
			transaction->is_sent = true;
			return false;
		}
	}
	if (!uplink->bdat) {
		send_data(uplink, transaction);
		return true;
	}
	/* No reply stands between the command and its content: the time for both begins here. */
	if (transaction->delivery->fd != -1)
		uplink_restart_deadline(uplink, transaction->delivery->content_len);
	send_bdat(uplink, transaction);
	return true;
}

/* Send the next command of a transaction; false: none for now. */
static bool
send_next(struct uplink *uplink, struct transaction *transaction)
{
	struct transaction *before = flight_before(&uplink->flight, transaction);

	if (transaction->is_sent || transaction->content_asked)
		return false;
	if (transaction->mail_sent)
		return (!transaction->mail_refused && send_rcpt(uplink, transaction)) ||
		       ask_for_content(uplink, transaction);
	if (uplink->is_dirty || (before != NULL && uplink->bdat && !before->is_reset)) {
		send_reset(uplink, before);
		if (uplink->mode == PIPELINING_OFF)
			return true;
	}
	send_mail(uplink, transaction);
	return true;
}

/* Send what may be sent now. */
static void
advance(struct uplink *uplink)
{
	struct transaction *newest = flight_last(&uplink->flight);

	if (newest == NULL || uplink->drain != DRAIN_NONE)
		return;
	while (uplink->mode != PIPELINING_OFF || expect_first(&uplink->expect) == NULL)
		if (!send_next(uplink, newest))
			return;
}

/* Whether the upstream can take the message, or some of its recipients. */
static bool
can_serve(const struct uplink *uplink, struct delivery *delivery)
{
	const struct demand_offer offer = {
		.caps = &uplink->caps,
		.is_verified = conn_is_secure(uplink->conn), /* no TLS goes unverified */
		.host = uplink->of.upstream->host,
	};

	return demand_is_met(delivery, &offer);
}

/* A server that drops what it has not asked for yet would take one command of each message, and its
 * replies to these would pass for those to one: so the first message goes alone, with a mark. */
static bool
is_trusted(const struct uplink *uplink)
{
	return uplink->mode != PIPELINING_STREAM || uplink->is_proven;
}

/* Whether a message whose content is ready may be begun. */
static bool
is_open(const struct uplink *uplink)
{
	const struct transaction *newest = flight_newest(&uplink->flight);

	if (uplink->phase != PHASE_READY || uplink->finishing || uplink->drain != DRAIN_NONE ||
	    uplink->is_marking || uplink->is_refused)
		return false;
	if (newest == NULL)
		return expect_first(&uplink->expect) == NULL;
	return newest->is_sent && is_trusted(uplink) &&
	       flight_may_begin(&uplink->flight, uplink->mode, uplink->served) &&
	       expect_room(&uplink->expect) >= EXPECT_OF_ONE;
}

bool
pipeline_has_room(const struct uplink *uplink)
{
	return is_open(uplink) && !prepare_is_busy(uplink);
}

/* The upstream takes no more on this connection (LIMITS MAILMAX, RFC 9422). */
static bool
has_had_its_share(const struct uplink *uplink)
{
	return uplink->caps.mail_max > 0 && uplink->begun >= uplink->caps.mail_max;
}

/* Send of a message, whose content is ready, what may be sent. */
static void
begin(struct uplink *uplink, struct delivery *delivery)
{
	if (!can_serve(uplink, delivery)) {
		uplink->of.on_settled(uplink->of.ctx, uplink, delivery, false);
		return;
	}
	flight_add(&uplink->flight, delivery);
	uplink->begun++;
	uplink->unmarked++;
	if (has_had_its_share(uplink))
		uplink->finishing = true;
	if (expect_first(&uplink->expect) == NULL)
		uplink_restart_deadline(uplink, 0);
	advance(uplink);
}

/* Take the next message and begin it, now or when its content is ready; false: there is none. */
static bool
begin_next(struct uplink *uplink)
{
	bool is_ahead = flight_last(&uplink->flight) != NULL;
	struct delivery *delivery = uplink->of.next(uplink->of.ctx, uplink, is_ahead);

	if (delivery == NULL)
		return false;
	uplink->most--;
	if (!prepare_begin(uplink, delivery))
		begin(uplink, delivery);
	return true;
}

void
pipeline_pull(struct uplink *uplink)
{
	struct delivery *ready;

	if (uplink->finishing)
		prepare_cancel(uplink);
	if (is_open(uplink) && (ready = prepare_take(uplink)) != NULL)
		begin(uplink, ready);
	while (uplink->most > 0 && pipeline_has_room(uplink) && begin_next(uplink))
		continue;
}

void
pipeline_on_drain(struct uplink *uplink)
{
	struct transaction *newest = flight_last(&uplink->flight);

	if (newest != NULL && newest->content_begun && !newest->content_sent)
		send_more(uplink, newest);
}

/* Whether something is to be kept until a mark has come in step. */
static bool
is_unsure(const struct uplink *uplink)
{
	return uplink->drain == DRAIN_NONE &&
	       (uplink->is_refused || !is_trusted(uplink) ||
		   (uplink->mode == PIPELINING_STREAM && uplink->unmarked > 1));
}

/*
 * Were there a reply too many, the last ones to a burst would not be heard, and a refusal might be
 * that of an earlier command.  So the newest message is kept until the mark, one that was refused
 * as well, and one in front of that.
 */
bool
pipeline_keeps(struct uplink *uplink, const struct transaction *oldest)
{
	const struct transaction *behind = flight_behind(&uplink->flight, oldest);

	if (!is_unsure(uplink))
		return false;
	if (behind == NULL || oldest->is_refused)
		return true;
	return uplink->mode == PIPELINING_STREAM && behind->is_sent &&
	       (behind->waiting > 0 || behind->is_refused);
}

void
pipeline_mark_end(struct uplink *uplink)
{
	const struct transaction *newest = flight_newest(&uplink->flight);

	if (uplink->is_marking || newest == NULL || !newest->is_sent ||
	    expect_first(&uplink->expect) != NULL || !is_unsure(uplink))
		return;
	uplink->is_marking = true;
	uplink_restart_deadline(uplink, 0);
	send_hello(uplink);
}

void
pipeline_drain(struct uplink *uplink, enum uplink_drain drain, const struct transaction *culprit,
    const char *why)
{
	struct transaction *newest = flight_last(&uplink->flight);

	if (uplink->drain == DRAIN_NONE && culprit != NULL)
		for (struct transaction *behind = flight_behind(&uplink->flight, culprit);
		     behind != NULL; behind = flight_behind(&uplink->flight, behind))
			behind->is_doubted = true;
	if (uplink->drain < drain) {
		uplink->drain = drain;
		(void)snprintf(uplink->why, sizeof uplink->why, "%s", why);
	}
	if (newest != NULL && !newest->content_begun)
		newest->is_sent = true;
}

/* All that was sent is answered: what the drain was for. */
static void
end_drain(struct uplink *uplink)
{
	if (uplink->drain == DRAIN_LEAVE) {
		uplink_break(uplink, uplink->why);
	} else if (uplink->drain == DRAIN_RESET) {
		uplink->drain = DRAIN_RESETTING;
		send_hello(uplink);
	} else {
		settle_answered(uplink);
		uplink->drain = DRAIN_NONE;
		uplink->is_shifted = uplink->is_refused = false;
		uplink->strays = 0;
		uplink->mode = PIPELINING_OFF;
		uplink->bdat = false;
	}
}

void
pipeline_go_on(struct uplink *uplink)
{
	const struct transaction *newest = flight_newest(&uplink->flight);

	if (uplink->phase != PHASE_READY)
		return;
	if (uplink->drain == DRAIN_NONE) {
		advance(uplink);
		settle_answered(uplink);
	} else if (expect_first(&uplink->expect) == NULL && (newest == NULL || newest->is_sent)) {
		end_drain(uplink);
	}
}
