/* SPDX-License-Identifier: ISC */
/* relay.c - see relay.h.  Starts and ends things in the order in which the workers do. */
#include "config.h"

#include "relay.h"

#include <check.h>
#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbound/detour.h"
#include "outbound/feed.h"
#include "outbound/forward.h"
#include "outbound/ledger.h"
#include "outbound/report.h"
#include "outbound/segments.h"
#include "outbound/words.h"
#include "queue/queue.h"
#include "queue/reasons.h"
#include "spool/large.h"
#include "spool/outcome.h"
#include "spool/spool.h"
#include "spool/writer.h"

enum { PATIENCE_MS = 20000 };

static void
nothing(void *ctx)
{
	(void)ctx;
}

void
relay_open(
    struct relay *relay, const char *path, const struct disk_ops *disk, uint64_t segment_size)
{
	static char hostname[] = "relay.example";
	uint64_t last;

	memset(relay, 0, sizeof *relay);
	ck_assert_int_eq(spool_last_segment(path, &last), 0);
	relay->board.next_segment = last + 1;
	relay->spool = spool_open(path, &relay->board);
	relay->base = event_base_new();
	relay->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	ck_assert(relay->spool != NULL && relay->base != NULL && relay->wake_fd >= 0);
	relay->spool->disk = disk;
	relay->spool->segment_size = segment_size;
	relay->spool->inline_budget = segment_size > SPOOL_INLINE_MAX ? segment_size : 0;
	route_set_add(&relay->taker.routes, 0);
	relay->config.hostname = hostname;
	relay->config.queue.lifetime_ms = 86400000;
	relay->config.queue.retry_min_ms = 1;
	relay->config.queue.retry_max_ms = 5;
}

void
relay_close(struct relay *relay)
{
	spool_close(&relay->spool);
	event_base_free(relay->base);
	close(relay->wake_fd);
}

int
relay_start_listener(struct relay *relay, unsigned n)
{
	relay->listener[n] =
	    spool_writer_new(relay->spool, relay->base, relay->wake_fd, &relay->counters);
	return relay->listener[n] != NULL ? 0 : -1;
}

void
relay_stop_listener(struct relay *relay, unsigned n)
{
	spool_writer_free(&relay->listener[n]);
}

static void
open_ledger(struct relay *relay)
{
	const struct ledger_context context = {
		.base = relay->base,
		.config = &relay->config,
		.queue = relay->queue,
		.reasons = relay->reasons,
		.words = relay->words,
		.detours = relay->detours,
		.segments = relay->segments,
		.outcomes = relay->outcomes,
		.reporter = relay->reporter,
		.counters = &relay->counters,
		.on_idle = nothing,
		.ctx = relay,
	};

	relay->ledger = ledger_new(&context);
}

static void
open_forward(struct relay *relay)
{
	const struct forward_context context = {
		.queue = relay->queue,
		.words = relay->words,
		.spool = relay->spool,
		.writer = relay->writer,
		.on_idle = nothing,
		.ctx = relay,
	};

	relay->forward = forward_new(&context);
}

static void
open_feed(struct relay *relay)
{
	const struct feed_context context = {
		.base = relay->base,
		.config = &relay->config,
		.spool = relay->spool,
		.queue = relay->queue,
		.reasons = relay->reasons,
		.segments = relay->segments,
		.outcomes = relay->outcomes,
		.ledger = relay->ledger,
		.counters = &relay->counters,
		.wake_fd = relay->wake_fd,
		.on_news = nothing,
		.ctx = relay,
	};

	relay->feed = feed_new(&context);
}

static bool
is_known(void *ctx, uint64_t id)
{
	return queue_find(((struct relay *)ctx)->queue, id) != NULL;
}

/* Outbound leaves young files alone, for they may belong to what is being received.  Before anyone
 * listens they are all due: the sweep is the harsher for it. */
static void
recover(struct relay *relay)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;
	bool is_alone = relay->listener[0] == NULL && relay->listener[1] == NULL;

	while (!feed_is_recovered(relay->feed)) {
		ck_assert_msg(clock_mono_ms() < until, "recovery does not end");
		event_base_loop(relay->base, EVLOOP_ONCE);
	}
	if (is_alone)
		spool_large_sweep(relay->outcomes, is_known, relay, clock_real_ms() + 10000);
}

int
relay_start_outbound(struct relay *relay, bool is_reader)
{
	relay->queue = queue_new();
	relay->reasons = reasons_new();
	relay->words = words_new(relay->reasons, relay->spool);
	relay->segments = segments_new();
	if (!is_reader) {
		relay->writer =
		    spool_writer_new(relay->spool, relay->base, relay->wake_fd, &relay->counters);
		ck_assert_ptr_nonnull(relay->writer);
		relay->reporter = reporter_new(&relay->config, relay->spool, relay->writer);
	}
	relay->outcomes = spool_outcomes_new(relay->spool);
	ck_assert_ptr_nonnull(relay->outcomes);
	relay->detours = detours_new(&relay->config);
	open_ledger(relay);
	open_forward(relay);
	open_feed(relay);
	recover(relay);
	return 0;
}

void
relay_stop_outbound(struct relay *relay)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (ledger_is_busy(relay->ledger) || forward_busy(relay->forward) > 0) {
		ck_assert_msg(clock_mono_ms() < until, "reports or copies are never answered");
		event_base_loop(relay->base, EVLOOP_ONCE);
	}
	feed_free(&relay->feed);
	spool_writer_free(&relay->writer);
	forward_free(&relay->forward);
	reporter_free(&relay->reporter);
	ledger_free(&relay->ledger);
	detours_free(&relay->detours);
	spool_outcomes_free(&relay->outcomes);
	segments_free(&relay->segments);
	words_free(&relay->words);
	reasons_free(&relay->reasons);
	queue_free(&relay->queue);
}

void
relay_turn(struct relay *relay)
{
	event_base_loop(relay->base, EVLOOP_NONBLOCK);
}

void
relay_wait(struct relay *relay, const size_t *count)
{
	int64_t until = clock_mono_ms() + PATIENCE_MS;

	while (*count > 0) {
		ck_assert_msg(clock_mono_ms() < until, "no answer");
		event_base_loop(relay->base, EVLOOP_ONCE);
	}
}
