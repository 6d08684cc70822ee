/* SPDX-License-Identifier: ISC */
/*
 * pump.c - messages move: from the queue to the upstreams that can take them, and from there to the
 * ledger; see outbound.h.  pump_run() alone decides that they may, once for each turn of the loop
 * in which something changed.
 */
#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/id.h"
#include "base/log.h"
#include "config/config.h"
#include "outbound/delivery.h"
#include "outbound/detour.h"
#include "outbound/feed.h"
#include "outbound/ledger.h"
#include "outbound/outbound_internal.h"
#include "outbound/route.h"
#include "outbound/turn.h"
#include "outbound/upstream.h"
#include "queue/queue.h"
#include "queue/reasons.h"
#include "spool/large.h"

enum {
	PUMP_IDLE_S = 3600,
	LARGE_ORPHAN_MS =
	    600 * 1000, /* older than any message between its file's name and its commit */
};

void
pump_soon(void *ctx)
{
	struct outbound *outbound = ctx;

	event_active(outbound->pump, EV_TIMEOUT, 0);
}

/* The spool is in trouble: look at this message later. */
static void
wait_a_while(struct outbound *outbound, struct queue_item *item)
{
	queue_wait(
	    outbound->queue, item, clock_real_ms() + (int64_t)outbound->config->queue.retry_min_ms);
}

/* Whoever looks for a message that does not go finds why, at each try. */
static void
log_unreadable(const struct queue_item *item)
{
	const struct spool_place place = queue_place(item);
	const char *why = strerror(errno);
	char id[ID_TEXT_SIZE];

	id_format(item->id, id);
	log_warning("message_unreadable", log_s("id", id), log_d("segment", place.segment),
	    log_d("offset", place.offset), log_s("why", why));
}

/* Read a message to be sent; one that cannot be trusted is reported to its sender, if that is still
 * known. */
static struct delivery *
open_delivery(struct outbound *outbound, struct queue_item *item, const struct route_set *routes)
{
	struct delivery *delivery;

	switch (delivery_open(outbound->spool, outbound->queue, item, true, &delivery)) {
	case DELIVERY_OPENED:
		route_narrow(outbound->config, outbound->detours, delivery, routes);
		if (delivery->nrcpt > 0)
			return delivery;
		/* There was no memory for a better plan. */
		delivery->rest = true;
		ledger_settle(outbound->ledger, delivery, NULL, true);
		return NULL;
	case DELIVERY_DAMAGED:
		if (delivery == NULL) {
			if (ledger_discard(outbound->ledger, item, "damaged on disk") == -1)
				wait_a_while(outbound, item);
			return NULL;
		}
		delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_FAILED, 0, "5.3.0",
		    "the message was damaged on the relay's disk and cannot be sent");
		ledger_settle(outbound->ledger, delivery, NULL, true);
		return NULL;
	case DELIVERY_LATER:
		log_unreadable(item);
		wait_a_while(outbound, item);
		return NULL;
	}
	return NULL;
}

/* Whether messages may be taken for delivery at all. */
static bool
may_begin(const struct outbound *outbound)
{
	return !outbound->draining && feed_is_recovered(outbound->feed) &&
	       ledger_has_room(outbound->ledger);
}

/* Those of its routes whose messages an upstream may have now, for its taker. */
static struct plan_taker *
prepare_taker(struct outbound *outbound, size_t i)
{
	outbound->taker[i].routes = turn_routes(outbound->turn, i);
	return &outbound->taker[i];
}

static size_t
place_of(const struct outbound *outbound, const struct upstream *upstream)
{
	return (size_t)(upstream_config(upstream) - outbound->config->upstream);
}

struct delivery *
pump_next(void *ctx, struct upstream *upstream)
{
	struct outbound *outbound = ctx;
	struct plan_taker *taker = prepare_taker(outbound, place_of(outbound, upstream));
	struct queue_item *item;
	struct delivery *delivery = NULL;

	if (!may_begin(outbound))
		return NULL;
	while (delivery == NULL && (item = queue_take(outbound->queue, taker)) != NULL)
		delivery = open_delivery(outbound, item, &taker->routes);
	return delivery;
}

/* Whom it cannot take goes another way, if there is one; why, is told to whoever looks. */
static void
go_around(struct outbound *outbound, struct delivery *delivery, const struct upstream *upstream)
{
	struct queue_item *item = delivery->item;
	const char *why = detours_take(outbound->detours, delivery, place_of(outbound, upstream));
	char id[ID_TEXT_SIZE];

	if (why == NULL || route_set_is_empty(&delivery->detours))
		return;
	reasons_drop(outbound->reasons, item->reason);
	item->reason = reasons_take(outbound->reasons, why);
	id_format(item->id, id);
	log_info("goes_around", log_s("id", id), log_s("upstream", upstream_config(upstream)->name),
	    log_s("why", why));
}

void
pump_on_settled(void *ctx, struct upstream *upstream, struct delivery *delivery, bool last)
{
	struct outbound *outbound = ctx;

	go_around(outbound, delivery, upstream);
	ledger_settle(outbound->ledger, delivery, upstream_config(upstream), last);
	pump_soon(outbound);
}

/* Wake up when the next message is due. */
static void
schedule(struct outbound *outbound)
{
	int64_t due = queue_next_due(outbound->queue);
	int64_t wait = due != INT64_MAX ? due - clock_real_ms() : PUMP_IDLE_S * 1000;

	wait = wait < 0 ? 0 : wait > PUMP_IDLE_S * 1000 ? PUMP_IDLE_S * 1000 : wait;

	const struct timeval after = {
		.tv_sec = (time_t)(wait / 1000),
		.tv_usec = (suseconds_t)(wait % 1000 * 1000),
	};

	event_add(outbound->pump, &after);
}

static bool
is_known(void *ctx, uint64_t id)
{
	return queue_find(((struct outbound *)ctx)->queue, id) != NULL;
}

/* Once after recovery: remove large contents that a crash left without a record. */
static void
sweep_large(struct outbound *outbound)
{
	if (outbound->swept || !feed_is_recovered(outbound->feed))
		return;
	outbound->swept = true;
	spool_large_sweep(
	    outbound->outcomes, is_known, outbound, clock_real_ms() - LARGE_ORPHAN_MS);
}

void
pump_run(evutil_socket_t fd, short what, void *ctx)
{
	struct outbound *outbound = ctx;

	(void)fd;
	(void)what;
	gauge_set(&outbound->counters->queued, queue_count(outbound->queue));
	if (outbound->draining) {
		drain_finish(outbound);
		return;
	}
	sweep_large(outbound);
	queue_release_due(outbound->queue, clock_real_ms());
	turn_watch(outbound->turn);
	for (size_t i = 0; i < outbound->nupstream; i++) {
		const struct plan_taker *taker = prepare_taker(outbound, i);

		upstream_kick(outbound->upstream[i],
		    may_begin(outbound) ? queue_count_ready(outbound->queue, &taker->routes) : 0);
	}
	schedule(outbound);
}
