/* SPDX-License-Identifier: ISC */
/*
 * settle.c - messages go back to the uplink's owner, in the order in which they were begun, each
 * with what the replies to it and the end of the connection made of it; see uplink.h.
 */
#include "net/conn.h"
#include "outbound/delivery.h"
#include "outbound/uplink_internal.h"

/* Whether the upstream has ended the transaction for sure.  With BDAT it may keep it open after a
 * refusal; a refused MAIL opens none. */
static bool
has_ended(const struct transaction *transaction)
{
	if (transaction->content == CONTENT_TAKEN || transaction->mail_refused ||
	    transaction->is_reset)
		return true;
	return transaction->content != CONTENT_OPEN && !transaction->is_bdat;
}

/* Give the oldest message back. */
static void
give_back(struct uplink *uplink)
{
	struct delivery *delivery = flight_first(&uplink->flight)->delivery;

	flight_drop_first(&uplink->flight);
	uplink->of.on_settled(uplink->of.ctx, uplink, delivery, uplink->held);
}

/*
 * Whether a reply of the oldest message may have been meant for another command: where there were
 * too many, a refusal may be that of a command in front.  Between the content of one message and
 * the first reply to the next stands that to RSET.  Those that got yes upon yes did so however they
 * are counted.
 */
static bool
is_misled(struct uplink *uplink, const struct transaction *oldest)
{
	const struct transaction *behind = flight_behind(&uplink->flight, oldest);

	if (!uplink->is_shifted)
		return false;
	return oldest->is_refused || oldest->reset_refused ||
	       (behind != NULL && behind->is_refused && behind->taken + 2 <= uplink->strays);
}

void
settle_answered(struct uplink *uplink)
{
	struct transaction *oldest;

	while ((oldest = flight_first(&uplink->flight)) != NULL && oldest->is_sent &&
	       oldest->waiting == 0 && !pipeline_keeps(uplink, oldest)) {
		if (flight_behind(&uplink->flight, oldest) == NULL)
			uplink->is_dirty = !has_ended(oldest) && uplink->drain == DRAIN_NONE;
		transaction_conclude(oldest, is_misled(uplink, oldest));
		give_back(uplink);
	}
}

static bool
is_answered(const struct transaction *transaction)
{
	return transaction->content == CONTENT_TAKEN || transaction->content == CONTENT_REFUSED ||
	       (transaction->is_sent && transaction->waiting == 0);
}

/* What the end of the connection makes of a message.  Only what the first one was answered may have
 * been the reason for it. */
static void
lose(struct uplink *uplink, struct transaction *transaction, bool is_first, const char *why)
{
	bool is_blamed = is_first && transaction->replied && !uplink->held && !uplink->finishing;
	bool has_left = transaction->content_sent && !uplink->is_closing &&
			transaction->end <= conn_written(uplink->conn);

	transaction->is_doubted = transaction->is_doubted || uplink->is_shifted;
	if (is_answered(transaction))
		transaction_conclude(transaction, is_misled(uplink, transaction));
	else
		transaction_lose(transaction, has_left, is_blamed, why);
}

void
settle_lost(struct uplink *uplink, const char *why)
{
	struct transaction *oldest = flight_first(&uplink->flight);
	bool is_ours = uplink->held || uplink->finishing;
	/* A connection in use may be closed just when the next message begins: that is no trouble.
	 */
	bool amid = oldest != NULL && !is_ours && !is_answered(oldest) &&
		    (uplink->served == 0 || oldest->replied);
	bool is_first = true;

	/* No mark came behind what did not fit. */
	if ((uplink->drain == DRAIN_RESET || uplink->drain == DRAIN_RESETTING) &&
	    uplink->is_refused && !uplink->is_mark_refused)
		uplink->is_shifted = true;
	expect_clear(&uplink->expect);
	while ((oldest = flight_first(&uplink->flight)) != NULL) {
		lose(uplink, oldest, is_first, why);
		/* It may be the message that the upstream cannot bear: let others go first. */
		oldest->delivery->rest = is_first && uplink->served == 0 && !is_ours;
		give_back(uplink);
		is_first = false;
	}
	prepare_cancel(uplink);
	if (amid)
		uplink->of.on_trouble(uplink->of.ctx, uplink, HOLD_NONE, why);
}
