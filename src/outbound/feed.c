/* SPDX-License-Identifier: ISC */
/*
 * feed.c - see feed.h.  A record of an id that is in the queue already is a copy that was moved
 * forward: the later one counts.  Works in batches, so that sessions and the control socket are
 * served during a long recovery.
 */
#include "outbound/feed.h"

#include <errno.h>
#include <event2/event.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "outbound/history.h"
#include "outbound/ledger.h"
#include "outbound/route.h"
#include "outbound/segments.h"
#include "queue/queue.h"
#include "queue/reasons.h"
#include "queue/retry.h"
#include "spool/envelope.h"
#include "spool/outcome.h"
#include "spool/reader.h"
#include "spool/spool.h"

enum {
	BATCH = 512,
	BATCHES_A_TRIM =
	    16, /* each costs a millisecond, and gives the past of 8192 messages back */
	ERROR_WAIT_S = 1,
};

struct feed {
	struct feed_context of;
	struct spool_reader *reader;
	struct history *history;
	struct event *wake;  /* the eventfd */
	struct event *again; /* the next batch, or a retry after an error */
	bool recovered, failing;
	unsigned batches; /* of the recovery */
	int64_t started_ms;
};

/* The index of the queue is all that outbound has: without memory for it, start over (the log has
 * everything). */
static void
die_of_memory(void)
{
	log_error("out_of_memory", log_s("while", "building the queue"));
	abort();
}

/* What is left to do of a new item goes the ways that today's config says. */
static void
plan(struct feed *feed, struct queue_item *item, const struct envelope *envelope)
{
	const struct config *config = feed->of.config;
	struct route_set routes = route_outstanding(config, NULL, item, envelope);
	int64_t number = route_plan(config, feed->of.queue, envelope, &routes, 0);

	if (number == -1 || !queue_replan(feed->of.queue, item, (uint32_t)number))
		die_of_memory();
}

/* Tell a new item its past, which hands its reason on. */
static void
apply(struct feed *feed, struct queue_item *item, struct past *past)
{
	item->warned |= past->warned;
	if (past->attempts > 0) {
		queue_set_attempts(item, (uint64_t)item->attempts + past->attempts);
		reasons_drop(feed->of.reasons, item->reason);
		item->reason = past->reason;
		past->reason = 0;
	}
	if (past->held)
		queue_hold(feed->of.queue, item);
	else if (past->next_try_ms > 0)
		queue_wait(feed->of.queue, item, past->next_try_ms);
}

/* Told by a clock that was ahead, or for longer than the config has it now. */
static void
bound_wait(struct feed *feed, struct queue_item *item)
{
	const struct config_queue *config = &feed->of.config->queue;
	const struct retry_policy policy = { config->retry_min_ms, config->retry_max_ms };
	int64_t latest = clock_real_ms() + (int64_t)retry_longest(&policy);

	if (item->state == QUEUE_WAITING && item->next_try_ms > latest &&
	    !queue_awaits_release(item))
		queue_wait(feed->of.queue, item, latest);
}

static void
add(struct feed *feed, const struct spool_record *record, struct past *past)
{
	struct queue_item *older = queue_find(feed->of.queue, record->id);
	struct queue_item *item = queue_add(feed->of.queue, record);

	if (item == NULL)
		die_of_memory();
	segments_ref(feed->of.segments, record->place.segment, record->record_len);
	/* Where outcomes could not be read at once the copy has come before. */
	if (older != NULL && queue_place(older).segment > record->place.segment) {
		ledger_supersede(feed->of.ledger, item);
		return;
	}
	if (older != NULL) {
		item->was_tried = older->was_tried;
		ledger_supersede(feed->of.ledger, older);
	}
	item->reason = reasons_take(feed->of.reasons, record->envelope->last_reply);
	for (size_t i = 0; past != NULL && i < past->ndone; i++)
		queue_rcpt_done(item, past->done[i]);
	if (queue_is_done(item)) {
		ledger_forget(feed->of.ledger, item);
		return;
	}
	plan(feed, item, record->envelope);
	if (past != NULL)
		apply(feed, item, past);
	bound_wait(feed, item);
}

/* It is done as a whole, and so is an older copy whose outcomes did not outlive a loss of power. */
static void
drop(struct feed *feed, const struct spool_record *record)
{
	struct queue_item *item = queue_find(feed->of.queue, record->id);

	if (item != NULL)
		ledger_supersede(feed->of.ledger, item);
	if (record->is_large)
		spool_outcomes_drop_large(feed->of.outcomes, record->id);
}

static void
take_record(struct feed *feed, struct spool_record *record)
{
	struct past *past = history_take(feed->history, &record->place);

	if (past != NULL && past->removed)
		drop(feed, record);
	else if (past == NULL || !past->moved)
		add(feed, record, past);
	past_free(&past);
	envelope_free(&record->envelope);
}

struct loading {
	struct feed *feed;
	uint64_t segment;
	uint32_t reach;
};

static void
on_outcome(void *ctx, const struct outcome *outcome)
{
	struct loading *loading = ctx;

	if (outcome->offset > loading->reach)
		loading->reach = outcome->offset;
	if (!history_add(loading->feed->history, loading->segment, outcome))
		die_of_memory();
}

static int
on_segment(void *ctx, uint64_t segment, uint32_t *reach)
{
	struct feed *feed = ctx;
	struct loading loading = { feed, segment, 0 };
	struct segments_unread unread = { .number = segment };

	if (!segments_enter(feed->of.segments, segment))
		die_of_memory();
	if (spool_outcomes_load(feed->of.outcomes, segment, on_outcome, &loading) == 0) {
		segments_set_unread(feed->of.segments, &unread);
		*reach = loading.reach;
		return 0;
	}
	unread.error = errno;
	unread.messages = spool_count_records(feed->of.spool, segment);
	segments_set_unread(feed->of.segments, &unread);
	log_error("outcomes_unreadable", log_d("segment", segment),
	    log_s("why", strerror(unread.error)), log_d("messages", unread.messages),
	    log_s("means", "what waits in this segment is not sent until they can be read, for "
			   "some of it was delivered"));
	history_forget(feed->history, segment);
	return -1;
}

static void
on_sealed(void *ctx, uint64_t segment, uint32_t size)
{
	struct feed *feed = ctx;

	(void)size;
	segments_set_used(feed->of.segments, segment, spool_segment_use(feed->of.spool, segment));
	segments_seal(feed->of.segments, segment);
	ledger_drop_if_finished(feed->of.ledger, segment);
}

static const struct spool_reader_events reader_events = {
	.on_segment = on_segment,
	.on_sealed = on_sealed,
};

static void
recovery_is_over(struct feed *feed)
{
	feed->recovered = true;
	(void)malloc_trim(0); /* outcomes are told one by one from now on */
	log_info("recovered", log_d("messages", queue_count(feed->of.queue)),
	    log_d("segments", segments_count(feed->of.segments)),
	    log_d("ms", clock_mono_ms() - feed->started_ms));
}

static void
look_again(struct feed *feed)
{
	static const struct timeval wait = { .tv_sec = ERROR_WAIT_S };

	event_add(feed->again, &wait);
}

static void
wait_and_retry(struct feed *feed)
{
	if (!feed->failing)
		log_error("spool_unreadable", log_s("why", strerror(errno)));
	feed->failing = true;
	look_again(feed);
}

/* All was read that can be. */
static void
come_to_rest(struct feed *feed)
{
	if (spool_reader_is_stuck(feed->reader))
		look_again(feed);
	if (!feed->recovered)
		recovery_is_over(feed);
}

/* The past of a segment goes while the queue grows, so that both need not fit. */
static void
give_memory_back(struct feed *feed)
{
	if (!feed->recovered && ++feed->batches % BATCHES_A_TRIM == 0)
		(void)malloc_trim(0);
}

static void
run(struct feed *feed)
{
	/* Not event_active(): the loop would come back here before it looks at any socket. */
	static const struct timeval at_once = { .tv_sec = 0 };
	struct spool_record record;

	for (unsigned n = 0; n < BATCH; n++) {
		enum spool_next next = spool_reader_next(feed->reader, &record);

		if (next == SPOOL_NEXT_RECORD) {
			feed->failing = false;
			take_record(feed, &record);
			continue;
		}
		if (next == SPOOL_NEXT_ERROR)
			wait_and_retry(feed);
		else
			come_to_rest(feed);
		feed->of.on_news(feed->of.ctx);
		return;
	}
	give_memory_back(feed);
	event_add(feed->again, &at_once);
	feed->of.on_news(feed->of.ctx);
}

static void
on_again(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	run(ctx);
}

static void
on_wake(evutil_socket_t fd, short what, void *ctx)
{
	struct feed *feed = ctx;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) == sizeof count)
		run(feed);
}

struct feed *
feed_new(const struct feed_context *context)
{
	struct feed *feed = calloc(1, sizeof *feed);

	if (feed == NULL)
		return NULL;
	feed->of = *context;
	feed->started_ms = clock_mono_ms();
	feed->history = history_new(context->reasons);
	feed->reader = spool_reader_new(context->spool, context->counters);
	feed->wake =
	    event_new(context->base, context->wake_fd, EV_READ | EV_PERSIST, on_wake, feed);
	feed->again = event_new(context->base, -1, 0, on_again, feed);
	if (feed->history == NULL || feed->reader == NULL || feed->wake == NULL ||
	    feed->again == NULL || event_add(feed->wake, NULL) == -1) {
		feed_free(&feed);
		return NULL;
	}
	spool_reader_on(feed->reader, &reader_events, feed);
	event_active(feed->again, EV_TIMEOUT, 0);
	return feed;
}

void
feed_free(struct feed **feed)
{
	if (*feed == NULL)
		return;
	if ((*feed)->wake != NULL)
		event_free((*feed)->wake);
	if ((*feed)->again != NULL)
		event_free((*feed)->again);
	spool_reader_free(&(*feed)->reader);
	history_free(&(*feed)->history);
	free(*feed);
	*feed = NULL;
}

bool
feed_is_recovered(const struct feed *feed)
{
	return feed->recovered;
}
