/* SPDX-License-Identifier: ISC */
/*
 * compact.c - see compact.h.  Segments are chosen a few at a time, and one walk over the queue
 * finds their messages, so that the cost for each segment does not grow with the queue.
 */
#include "outbound/compact.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/id.h"
#include "outbound/feed.h"
#include "outbound/forward.h"
#include "outbound/segments.h"
#include "queue/queue.h"
#include "spool/outcome.h"
#include "spool/spool.h"
#include "spool/writer.h"

enum {
	IDLE_MS = 1000,
	TURN_MS = 100,       /* while a walk is under way */
	LOOKS_MAX = 20000,   /* messages looked at in a turn */
	BURST_MS = 250,      /* of the rate: so much may be copied at once */
	YOUNG_MS = 60000,    /* what is due and younger leaves by itself, most likely */
	REST_MS = 60000,     /* until a segment that could not be emptied is tried again */
	BUSY_REST_MS = 5000, /* when it was only that a message of it was being sent */
	SLACK_PART = 32,     /* of a segment may be taken in vain */
};

struct compact {
	struct compact_context of;
	struct event *timer;
	struct queue_cursor at; /* open: a walk is under way */
	int64_t budget;         /* octets that may be copied now */
	int64_t filled_ms;      /* monotonic: when it was last filled */
	bool met_active;        /* this walk left out what was being sent */
	uint32_t spares;        /* that were allowed last */
	uint64_t finished;      /* segments until then */
	unsigned pauses;
};

static uint64_t
slack(const struct compact *compact)
{
	return compact->of.spool->segment_size / SLACK_PART;
}

static void
fill_budget(struct compact *compact)
{
	int64_t now = clock_mono_ms(), passed = now - compact->filled_ms;

	compact->filled_ms = now;
	compact->budget += (passed < BURST_MS ? passed : BURST_MS) * (COMPACT_RATE / 1000);
	if (compact->budget > (int64_t)COMPACT_RATE / 1000 * BURST_MS)
		compact->budget = (int64_t)COMPACT_RATE / 1000 * BURST_MS;
}

/* Those that are written grow; the others were measured when they ended. */
static void
measure(struct compact *compact)
{
	struct segments *segments = compact->of.segments;
	uint64_t number = 0;

	while ((number = segments_next_open(segments, number)) != 0)
		segments_set_used(segments, number, spool_segment_use(compact->of.spool, number));
}

/* What twice the live bytes and two segments leave over may lie there as spares. */
static void
allow_spares(struct compact *compact)
{
	const struct segments_sum sum = segments_sum(compact->of.segments);
	uint64_t size = compact->of.spool->segment_size;
	uint64_t bound = 2 * (size + size / SPOOL_SEGMENT_SHARE + sum.live);
	uint64_t room = bound > sum.used ? (bound - sum.used) / size : 0;
	uint32_t spares = room < SPOOL_SPARE_MAX ? (uint32_t)room : SPOOL_SPARE_MAX;

	/* A segment that is gone may have become a spare. */
	if (spares == compact->spares &&
	    segments_finished(compact->of.segments) == compact->finished)
		return;
	compact->spares = spares;
	compact->finished = segments_finished(compact->of.segments);
	spool_outcomes_keep_spares(compact->of.outcomes, spares);
}

/* Reports and copies are done, too, some day: leave a segment that holds little else. */
static void
roll(struct compact *compact)
{
	uint64_t number = spool_writer_segment(compact->of.writer);
	const struct segments_sum sum = segments_one(compact->of.segments, number);

	if (sum.used > sum.live + sum.live / 2 + slack(compact))
		spool_writer_roll(compact->of.writer);
}

static bool
is_worth_copying(struct compact *compact, const struct queue_item *item)
{
	if (item->is_stuck || !segments_is_chosen(compact->of.segments, queue_place(item).segment))
		return false;
	if (item->state == QUEUE_ACTIVE) {
		compact->met_active = true;
		return false;
	}
	return item->state != QUEUE_READY || id_age_ms(item->id, clock_real_ms()) >= YOUNG_MS;
}

static void
end_walk(struct compact *compact)
{
	segments_rest(
	    compact->of.segments, clock_mono_ms() + (compact->met_active ? BUSY_REST_MS : REST_MS));
	compact->met_active = false;
	queue_cursor_close(&compact->at);
}

static void
walk(struct compact *compact)
{
	for (unsigned looks = 0; looks < LOOKS_MAX; looks++) {
		/* Nothing moves while the disk refuses to note it. */
		if (compact->budget <= 0 || !forward_is_ready(compact->of.forward) ||
		    spool_outcomes_kept(compact->of.outcomes) > 0)
			return;

		struct queue_item *item = queue_cursor_next(&compact->at);

		if (item == NULL || segments_count_chosen(compact->of.segments) == 0) {
			end_walk(compact);
			return;
		}
		if (!is_worth_copying(compact, item))
			continue;

		uint32_t len = queue_record_len(item);

		if (forward_message(compact->of.forward, item) == 0)
			compact->budget -= len;
	}
}

void
compact_go_on(struct compact *compact)
{
	if (compact->at.index == NULL || compact->pauses > 0)
		return;
	fill_budget(compact);
	walk(compact);
}

void
compact_pause(struct compact *compact)
{
	compact->pauses++;
}

void
compact_resume(struct compact *compact)
{
	if (--compact->pauses == 0)
		compact_go_on(compact);
}

bool
compact_turn(struct compact *compact)
{
	if (!feed_is_recovered(compact->of.feed))
		return false;
	measure(compact);
	allow_spares(compact);
	roll(compact);
	if (compact->at.index == NULL &&
	    segments_choose(compact->of.segments, slack(compact), clock_mono_ms()) > 0)
		queue_cursor_open(&compact->at, compact->of.queue);
	compact_go_on(compact);
	return compact->at.index != NULL;
}

static void
schedule(struct compact *compact, int ms)
{
	const struct timeval wait = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	event_add(compact->timer, &wait);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct compact *compact = ctx;

	(void)fd;
	(void)what;
	schedule(compact, compact_turn(compact) ? TURN_MS : IDLE_MS);
}

struct compact *
compact_new(const struct compact_context *context)
{
	struct compact *compact = calloc(1, sizeof *compact);

	if (compact == NULL)
		return NULL;
	compact->of = *context;
	compact->spares = UINT32_MAX;
	compact->timer = event_new(context->base, -1, 0, on_timer, compact);
	if (compact->timer == NULL) {
		compact_free(&compact);
		return NULL;
	}
	schedule(compact, IDLE_MS);
	return compact;
}

void
compact_free(struct compact **compact)
{
	if (*compact == NULL)
		return;
	queue_cursor_close(&(*compact)->at);
	if ((*compact)->timer != NULL)
		event_free((*compact)->timer);
	free(*compact);
	*compact = NULL;
}
