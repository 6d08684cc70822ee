/* SPDX-License-Identifier: ISC */
/* inside.c - see inside.h. */
#include "config.h"

#include "inside.h"

#include <check.h>
#include <dirent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "outbound/compact.h"
#include "outbound/delivery.h"
#include "outbound/detour.h"
#include "outbound/feed.h"
#include "outbound/forward.h"
#include "outbound/ledger.h"
#include "outbound/report.h"
#include "outbound/segments.h"
#include "outbound/words.h"
#include "queue/queue.h"
#include "queue/reasons.h"

enum { DEADLINE_MS = 20000 };

static void
on_news(void *ctx)
{
	(void)ctx;
}

static void
on_copied(void *ctx)
{
	struct inside *inside = ctx;

	if (inside->compact != NULL)
		compact_go_on(inside->compact);
}

static void
open_books(struct inside *inside)
{
	struct rig *rig = inside->rig;

	inside->queue = queue_new();
	inside->reasons = reasons_new();
	inside->words = words_new(inside->reasons, rig->spool);
	inside->segments = segments_new();
	inside->writer =
	    spool_writer_new_lean(rig->spool, inside->base, inside->wake, &rig->counters);
	inside->outcomes = spool_outcomes_new(rig->spool);
	inside->reporter = reporter_new(&inside->config, rig->spool, inside->writer);
	inside->detours = detours_new(&inside->config);
	inside->ledger = ledger_new(&(struct ledger_context){
	    .base = inside->base,
	    .config = &inside->config,
	    .queue = inside->queue,
	    .reasons = inside->reasons,
	    .words = inside->words,
	    .detours = inside->detours,
	    .segments = inside->segments,
	    .outcomes = inside->outcomes,
	    .reporter = inside->reporter,
	    .counters = &rig->counters,
	    .on_idle = on_news,
	});
}

static void
open_movers(struct inside *inside)
{
	struct rig *rig = inside->rig;

	inside->forward = forward_new(&(struct forward_context){
	    .queue = inside->queue,
	    .words = inside->words,
	    .spool = rig->spool,
	    .writer = inside->writer,
	    .on_idle = on_copied,
	    .ctx = inside,
	});
	inside->feed = feed_new(&(struct feed_context){
	    .base = inside->base,
	    .config = &inside->config,
	    .spool = rig->spool,
	    .queue = inside->queue,
	    .reasons = inside->reasons,
	    .segments = inside->segments,
	    .outcomes = inside->outcomes,
	    .ledger = inside->ledger,
	    .counters = &rig->counters,
	    .wake_fd = inside->wake,
	    .on_news = on_news,
	});
	inside->compact = compact_new(&(struct compact_context){
	    .base = inside->base,
	    .feed = inside->feed,
	    .queue = inside->queue,
	    .segments = inside->segments,
	    .spool = rig->spool,
	    .outcomes = inside->outcomes,
	    .writer = inside->writer,
	    .forward = inside->forward,
	});
}

void
inside_open(struct inside *inside, struct rig *rig)
{
	static char hostname[] = "relay.example"; /* it outlives this function */
	int64_t until = clock_mono_ms() + DEADLINE_MS;

	*inside = (struct inside){
		.rig = rig,
		.base = rig->base,
		.taker = { .routes = { { 1 } } },
		.wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC),
		.config = {
			.hostname = hostname,
			.queue = { .retry_min_ms = 3600000, .retry_max_ms = 3600000 },
		},
	};
	open_books(inside);
	open_movers(inside);
	ck_assert_ptr_nonnull(inside->compact);
	rig->writer = spool_writer_new(rig->spool, rig->base, inside->wake, &rig->counters);
	ck_assert_ptr_nonnull(rig->writer);
	while (!feed_is_recovered(inside->feed)) {
		ck_assert_int_lt(clock_mono_ms(), until);
		event_base_loop(inside->base, EVLOOP_ONCE);
	}
}

void
inside_close(struct inside *inside)
{
	compact_free(&inside->compact);
	rig_writer_free(inside->rig);
	feed_free(&inside->feed);
	spool_writer_free(&inside->writer);
	forward_free(&inside->forward);
	reporter_free(&inside->reporter);
	ledger_free(&inside->ledger);
	detours_free(&inside->detours);
	spool_outcomes_free(&inside->outcomes);
	segments_free(&inside->segments);
	words_free(&inside->words);
	reasons_free(&inside->reasons);
	queue_free(&inside->queue);
	close(inside->wake);
}

void
inside_turn(struct inside *inside)
{
	event_base_loop(inside->base, EVLOOP_NONBLOCK);
	compact_turn(inside->compact);
	event_base_loop(inside->base, EVLOOP_NONBLOCK);
}

/* As long as a server's words may be. */
static const char *
words(void)
{
	static char text[400];

	memset(text, 'w', sizeof text - 1);
	return text;
}

void
inside_deliver(struct inside *inside, bool (*wants)(void *ctx, uint64_t id), void *ctx)
{
	struct queue_item *item;
	struct delivery *delivery;

	while ((item = queue_take(inside->queue, &inside->taker)) != NULL) {
		enum delivery_result opened =
		    delivery_open(inside->rig->spool, inside->queue, item, false, &delivery);

		ck_assert_int_eq(opened, DELIVERY_OPENED);
		if (wants(ctx, item->id))
			delivery_judge_all(
			    delivery, RCPT_UNTRIED, RCPT_DELIVERED, 250, "2.0.0", "taken");
		else
			delivery_judge_all(
			    delivery, RCPT_UNTRIED, RCPT_DEFERRED, 450, "4.2.1", words());
		ledger_settle(inside->ledger, delivery, NULL, true);
	}
}

uint64_t
inside_used(const struct inside *inside)
{
	char path[400];
	struct dirent *entry;
	struct stat st;
	uint64_t used = 0;

	snprintf(path, sizeof path, "%s/log", inside->rig->path);

	DIR *dir = opendir(path);

	ck_assert_ptr_nonnull(dir);
	while ((entry = readdir(dir)) != NULL)
		if (fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			used += (uint64_t)st.st_blocks * 512;
	closedir(dir);
	return used;
}

uint64_t
inside_live(const struct inside *inside)
{
	struct queue_cursor at = { .index = NULL };
	struct queue_item *item;
	uint64_t live = 0;

	queue_cursor_open(&at, inside->queue);
	while ((item = queue_cursor_next(&at)) != NULL)
		live += queue_record_len(item);
	queue_cursor_close(&at);
	return live;
}

uint64_t
inside_bound(const struct inside *inside)
{
	uint64_t size = inside->rig->spool->segment_size;

	return 2 * inside_live(inside) + 2 * (size + size / SPOOL_SEGMENT_SHARE);
}
