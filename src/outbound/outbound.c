/* SPDX-License-Identifier: ISC */
/*
 * outbound.c - the parts of the outbound side put together; see outbound.h.
 * feed -> queue -> pump -> upstreams -> ledger: pump() alone decides that messages may move, once
 * for each turn of the loop in which something changed.
 */
#include "outbound/outbound.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/id.h"
#include "base/log.h"
#include "config/config.h"
#include "config/secret.h"
#include "net/dial.h"
#include "outbound/compact.h"
#include "outbound/feed.h"
#include "outbound/forward.h"
#include "outbound/ledger.h"
#include "outbound/outbound_internal.h"
#include "outbound/report.h"
#include "outbound/route.h"
#include "outbound/segments.h"
#include "outbound/sweep.h"
#include "outbound/turn.h"
#include "outbound/upstream.h"
#include "outbound/words.h"
#include "queue/queue.h"
#include "queue/reasons.h"
#include "spool/large.h"
#include "spool/outcome.h"
#include "spool/spool.h"
#include "spool/writer.h"

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
		route_narrow(outbound->config, delivery, routes);
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

static struct delivery *
next(void *ctx, struct upstream *upstream)
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

static void
on_settled(void *ctx, struct upstream *upstream, struct delivery *delivery, bool last)
{
	struct outbound *outbound = ctx;

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

static void
pump(evutil_socket_t fd, short what, void *ctx)
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

static int
open_upstreams(struct outbound *outbound)
{
	const struct config *config = outbound->config;

	outbound->upstream = calloc(config->nupstream, sizeof(struct upstream *));
	outbound->taker = calloc(config->nupstream, sizeof *outbound->taker);
	if (outbound->upstream == NULL || outbound->taker == NULL ||
	    (outbound->turn = turn_new(config, outbound->upstream)) == NULL)
		return -1;
	for (size_t i = 0; i < config->nupstream; i++) {
		const struct upstream_context context = {
			.base = outbound->base,
			.resolver = outbound->resolver,
			.config = config,
			.upstream = &config->upstream[i],
			.password = outbound->secrets->password[i],
			.certificate = outbound->secrets->certificate[i],
			.proxy_password = outbound->secrets->proxy_password[i],
			.counters = outbound->counters,
			.sizes = outbound->sizes,
			.next = next,
			.on_settled = on_settled,
			.on_change = pump_soon,
			.ctx = outbound,
		};

		if ((outbound->upstream[i] = upstream_new(&context)) == NULL)
			return -1;
		outbound->nupstream++;
	}
	return 0;
}

static int
open_queue(struct outbound *outbound)
{
	return (outbound->queue = queue_new()) != NULL &&
		       (outbound->reasons = reasons_new()) != NULL &&
		       (outbound->words = words_new(outbound->reasons, outbound->spool)) != NULL &&
		       (outbound->segments = segments_new()) != NULL
		   ? 0
		   : -1;
}

static int
open_ledger(struct outbound *outbound)
{
	const struct ledger_context context = {
		.base = outbound->base,
		.config = outbound->config,
		.queue = outbound->queue,
		.reasons = outbound->reasons,
		.words = outbound->words,
		.segments = outbound->segments,
		.outcomes = outbound->outcomes,
		.reporter = outbound->reporter,
		.counters = outbound->counters,
		.on_idle = pump_soon,
		.ctx = outbound,
	};

	return (outbound->ledger = ledger_new(&context)) != NULL ? 0 : -1;
}

static void
on_copied(void *ctx)
{
	struct outbound *outbound = ctx;

	if (outbound->compact != NULL)
		compact_go_on(outbound->compact);
	pump_soon(outbound);
}

static int
open_forward(struct outbound *outbound)
{
	const struct forward_context context = {
		.queue = outbound->queue,
		.words = outbound->words,
		.spool = outbound->spool,
		.writer = outbound->writer,
		.on_idle = on_copied,
		.ctx = outbound,
	};

	return (outbound->forward = forward_new(&context)) != NULL ? 0 : -1;
}

static int
open_feed(struct outbound *outbound, int wake_fd)
{
	const struct feed_context context = {
		.base = outbound->base,
		.config = outbound->config,
		.spool = outbound->spool,
		.queue = outbound->queue,
		.reasons = outbound->reasons,
		.segments = outbound->segments,
		.outcomes = outbound->outcomes,
		.ledger = outbound->ledger,
		.counters = outbound->counters,
		.wake_fd = wake_fd,
		.on_news = pump_soon,
		.ctx = outbound,
	};

	return (outbound->feed = feed_new(&context)) != NULL ? 0 : -1;
}

static int
open_sweep(struct outbound *outbound)
{
	const struct sweep_context context = {
		.base = outbound->base,
		.config = outbound->config,
		.feed = outbound->feed,
		.queue = outbound->queue,
		.words = outbound->words,
		.spool = outbound->spool,
		.ledger = outbound->ledger,
	};

	return (outbound->sweep = sweep_new(&context)) != NULL ? 0 : -1;
}

static int
open_compact(struct outbound *outbound)
{
	const struct compact_context context = {
		.base = outbound->base,
		.feed = outbound->feed,
		.queue = outbound->queue,
		.segments = outbound->segments,
		.spool = outbound->spool,
		.outcomes = outbound->outcomes,
		.writer = outbound->writer,
		.forward = outbound->forward,
	};

	return (outbound->compact = compact_new(&context)) != NULL ? 0 : -1;
}

struct outbound *
outbound_new(struct event_base *base, const struct config *config, struct secrets *secrets,
    struct spool *spool, struct counters *counters, struct sizes *sizes, int wake_fd)
{
	struct outbound *outbound = calloc(1, sizeof *outbound);

	if (outbound == NULL)
		return NULL;
	outbound->base = base;
	outbound->config = config;
	outbound->secrets = secrets;
	outbound->spool = spool;
	outbound->counters = counters;
	outbound->sizes = sizes;
	if ((outbound->pump = event_new(base, -1, 0, pump, outbound)) != NULL &&
	    (outbound->deadline = drain_deadline_new(base, outbound)) != NULL &&
	    open_queue(outbound) == 0 &&
	    (outbound->writer = spool_writer_new_lean(spool, base, wake_fd, counters)) != NULL &&
	    (outbound->outcomes = spool_outcomes_new(spool)) != NULL &&
	    (outbound->reporter = reporter_new(config, spool, outbound->writer)) != NULL &&
	    (outbound->resolver = resolver_new(base, spool->dir)) != NULL &&
	    open_ledger(outbound) == 0 && open_forward(outbound) == 0 &&
	    open_upstreams(outbound) == 0 && open_feed(outbound, wake_fd) == 0 &&
	    open_sweep(outbound) == 0 && open_compact(outbound) == 0)
		return outbound;
	outbound->secrets = NULL; /* not taken */
	outbound_free(&outbound);
	return NULL;
}

void
outbound_free(struct outbound **outbound)
{
	struct outbound *o = *outbound;

	if (o == NULL)
		return;
	o->draining = true;
	for (size_t i = 0; i < o->nupstream; i++)
		upstream_free(&o->upstream[i]);
	free(o->upstream);
	free(o->taker);
	turn_free(&o->turn);
	sweep_free(&o->sweep);
	compact_free(&o->compact);
	feed_free(&o->feed);
	spool_writer_free(
	    &o->writer); /* runs the callbacks of reports and copies: before what they use */
	forward_free(&o->forward);
	resolver_free(&o->resolver);
	reporter_free(&o->reporter);
	ledger_free(&o->ledger);
	spool_outcomes_free(&o->outcomes);
	segments_free(&o->segments);
	words_free(&o->words);
	reasons_free(&o->reasons);
	queue_free(&o->queue);
	if (o->pump != NULL)
		event_free(o->pump);
	if (o->deadline != NULL)
		event_free(o->deadline);
	secrets_free(&o->secrets);
	free(o);
	*outbound = NULL;
}
