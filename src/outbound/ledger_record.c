/* SPDX-License-Identifier: ISC */
/*
 * ledger_record.c - a fate on disk, and the end of a message and of its segment; see ledger.h.
 * What has happened is kept until the disk takes it (ledger_keep_*); what an operator wants does
 * not happen unless the disk takes it (ledger_record, ledger_discard).
 */
#include <event2/event.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "outbound/detour.h"
#include "outbound/ledger_internal.h"
#include "outbound/segments.h"
#include "queue/queue.h"
#include "queue/reasons.h"

enum { RETRY_S = 1 };

static void
write_later(struct ledger *ledger)
{
	static const struct timeval wait = { .tv_sec = RETRY_S };

	if (spool_outcomes_kept(ledger->of.outcomes) > 0 &&
	    !event_pending(ledger->retry, EV_TIMEOUT, NULL))
		event_add(ledger->retry, &wait);
}

void
ledger_write_kept(evutil_socket_t fd, short what, void *ctx)
{
	struct ledger *ledger = ctx;

	(void)fd;
	(void)what;
	spool_outcomes_write_kept(ledger->of.outcomes);
	write_later(ledger);
	ledger->of.on_idle(ledger->of.ctx);
}

bool
ledger_has_room(const struct ledger *ledger)
{
	return spool_outcomes_kept(ledger->of.outcomes) < LEDGER_KEPT_MAX;
}

/* It has happened, so it counts, whatever the disk says to it. */
static void
keep(struct ledger *ledger, struct queue_item *item, const struct outcome *outcome)
{
	uint64_t segment = queue_place(item).segment;

	if (spool_outcome_keep(ledger->of.outcomes, segment, outcome) == 0)
		segments_add_used(ledger->of.segments, segment, spool_outcome_size(outcome));
	else
		item->unrecorded = true;
	write_later(ledger);
}

void
ledger_keep_rcpt(
    struct ledger *ledger, const struct delivery *delivery, size_t i, enum outcome_kind kind)
{
	struct queue_item *item = delivery->item;
	const struct outcome outcome = {
		.kind = kind,
		.id = item->id,
		.offset = queue_place(item).offset,
		.rcpt = delivery->rcpt[i].index,
		.time_ms = clock_real_ms(),
		.reply = delivery->rcpt[i].reply,
	};

	keep(ledger, item, &outcome);
}

static struct outcome
of_all(const struct queue_item *item, enum outcome_kind kind, int64_t time_ms, const char *words)
{
	return (struct outcome){
		.kind = kind,
		.id = item->id,
		.offset = queue_place(item).offset,
		.rcpt = OUTCOME_ALL,
		.time_ms = time_ms,
		.reply = words,
	};
}

void
ledger_keep_all(struct ledger *ledger, struct queue_item *item, enum outcome_kind kind,
    int64_t time_ms, const char *words)
{
	const struct outcome outcome = of_all(item, kind, time_ms, words);

	keep(ledger, item, &outcome);
}

static int
record_all(struct ledger *ledger, const struct queue_item *item, enum outcome_kind kind,
    int64_t time_ms, const char *words)
{
	const struct outcome outcome = of_all(item, kind, time_ms, words);
	uint64_t segment = queue_place(item).segment;

	if (spool_outcome_record(ledger->of.outcomes, segment, &outcome) == -1)
		return -1;
	segments_add_used(ledger->of.segments, segment, spool_outcome_size(&outcome));
	return 0;
}

int
ledger_record(
    struct ledger *ledger, const struct queue_item *item, enum outcome_kind kind, int64_t time_ms)
{
	return record_all(ledger, item, kind, time_ms, NULL);
}

void
ledger_drop_if_finished(struct ledger *ledger, uint64_t segment)
{
	if (segments_take_finished(ledger->of.segments, segment))
		spool_outcomes_drop_segment(ledger->of.outcomes, segment);
}

static void
forget(struct ledger *ledger, struct queue_item *item)
{
	uint64_t segment = queue_place(item).segment;

	segments_unref(ledger->of.segments, segment, queue_record_len(item));
	reasons_drop(ledger->of.reasons, item->reason);
	detours_forget(ledger->of.detours, item->id);
	queue_remove(ledger->of.queue, item);
	ledger_drop_if_finished(ledger, segment);
}

void
ledger_forget(struct ledger *ledger, struct queue_item *item)
{
	/* What may be sent again after a restart needs its content then. */
	if (item->is_large && !item->unrecorded)
		spool_outcomes_drop_large(ledger->of.outcomes, item->id);
	forget(ledger, item);
}

int
ledger_discard(struct ledger *ledger, struct queue_item *item, const char *why)
{
	char id[ID_TEXT_SIZE];

	if (record_all(ledger, item, OUTCOME_REMOVED, clock_real_ms(), why) == -1)
		return -1;
	id_format(item->id, id);
	log_info("removed", log_s("id", id), log_s("why", why));
	ledger_forget(ledger, item);
	return 0;
}

void
ledger_supersede(struct ledger *ledger, struct queue_item *item)
{
	ledger_keep_all(ledger, item, OUTCOME_MOVED, clock_real_ms(), NULL);
	forget(ledger, item);
}
