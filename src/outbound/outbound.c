/* SPDX-License-Identifier: ISC */
/*
 * outbound.c - the parts of the outbound side put together; see outbound.h.
 * feed -> queue -> pump -> upstreams -> ledger.
 */
#include "outbound/outbound.h"

#include <event2/event.h>
#include <stdlib.h>

#include "config/config.h"
#include "config/secret.h"
#include "net/dial.h"
#include "outbound/compact.h"
#include "outbound/detour.h"
#include "outbound/feed.h"
#include "outbound/forward.h"
#include "outbound/ledger.h"
#include "outbound/outbound_internal.h"
#include "outbound/report.h"
#include "outbound/segments.h"
#include "outbound/sweep.h"
#include "outbound/turn.h"
#include "outbound/upstream.h"
#include "outbound/words.h"
#include "queue/queue.h"
#include "queue/reasons.h"
#include "spool/outcome.h"
#include "spool/spool.h"
#include "spool/writer.h"

static int
open_upstreams(struct outbound *outbound)
{
	const struct config *config = outbound->config;

	outbound->upstream = calloc(config->nupstream, sizeof(struct upstream *));
	outbound->taker = calloc(config->nupstream, sizeof *outbound->taker);
	if (outbound->upstream == NULL || outbound->taker == NULL ||
	    (outbound->turn = turn_new(config, outbound->detours, outbound->upstream)) == NULL)
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
			.next = pump_next,
			.on_settled = pump_on_settled,
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
		.detours = outbound->detours,
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

static void
on_step(void *ctx)
{
	outbound_retry_all(ctx);
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
		.turn = outbound->turn,
		.on_step = on_step,
		.ctx = outbound,
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
	if ((outbound->pump = event_new(base, -1, 0, pump_run, outbound)) != NULL &&
	    (outbound->deadline = drain_deadline_new(base, outbound)) != NULL &&
	    open_queue(outbound) == 0 &&
	    (outbound->writer = spool_writer_new_lean(spool, base, wake_fd, counters)) != NULL &&
	    (outbound->outcomes = spool_outcomes_new(spool)) != NULL &&
	    (outbound->reporter = reporter_new(config, spool, outbound->writer)) != NULL &&
	    (outbound->resolver = resolver_new(base, spool->dir)) != NULL &&
	    (outbound->detours = detours_new(config)) != NULL && open_ledger(outbound) == 0 &&
	    open_forward(outbound) == 0 && open_upstreams(outbound) == 0 &&
	    open_feed(outbound, wake_fd) == 0 && open_sweep(outbound) == 0 &&
	    open_compact(outbound) == 0)
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
	detours_free(&o->detours);
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
