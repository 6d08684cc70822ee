/* SPDX-License-Identifier: ISC */
/* operator.c - what the control socket asks of the outbound side; see outbound.h. */
#include <stddef.h>

#include "base/clock.h"
#include "config/config.h"
#include "outbound/compact.h"
#include "outbound/delivery.h"
#include "outbound/detour.h"
#include "outbound/feed.h"
#include "outbound/forward.h"
#include "outbound/ledger.h"
#include "outbound/outbound_internal.h"
#include "outbound/route.h"
#include "outbound/segments.h"
#include "outbound/turn.h"
#include "outbound/upstream.h"
#include "outbound/words.h"
#include "queue/queue.h"

const struct config *
outbound_config(const struct outbound *outbound)
{
	return outbound->config;
}

struct queue *
outbound_queue(struct outbound *outbound)
{
	return outbound->queue;
}

struct spool *
outbound_spool(struct outbound *outbound)
{
	return outbound->spool;
}

struct spool_outcomes *
outbound_outcomes(struct outbound *outbound)
{
	return outbound->outcomes;
}

/* Why none of a route's upstreams takes messages; NULL: one does. */
static const char *
hold_reason(const struct outbound *outbound, size_t way)
{
	const struct config_route *config =
	    &outbound->config->route[detours_route(outbound->detours, way)];
	struct outbound_upstream_status status;

	if (turn_upstream(outbound->turn, way) != -1)
		return NULL;
	upstream_status(outbound->upstream[config->upstream[0]], &status);
	return status.hold_reason;
}

const char *
outbound_reason(const struct outbound *outbound, const struct queue_item *item)
{
	const char *reason = words_of(outbound->words, item), *held = NULL;
	const struct route_set *routes = queue_routes(outbound->queue, item);

	if (reason == NULL && queue_awaits_release(item))
		return "its sender wants it to wait until then (FUTURERELEASE)";
	if (reason != NULL || item->state != QUEUE_READY)
		return reason;
	for (size_t i = route_set_next(routes, 0); i < ROUTES_MAX;
	     i = route_set_next(routes, i + 1)) {
		if ((reason = hold_reason(outbound, i)) == NULL)
			return NULL;
		if (held == NULL)
			held = reason;
	}
	return held;
}

size_t
outbound_route_ready(const struct outbound *outbound, size_t route)
{
	const struct route_set ways = detours_ways(outbound->detours, route);

	return queue_count_ready(outbound->queue, &ways);
}

size_t
outbound_way(
    const struct outbound *outbound, const struct queue_item *item, uint32_t rcpt, size_t route)
{
	return detours_find(outbound->detours, item->id, rcpt, route);
}

int
outbound_route_upstream(const struct outbound *outbound, size_t way)
{
	return turn_upstream(outbound->turn, way);
}

bool
outbound_upstream_status(
    const struct outbound *outbound, unsigned i, struct outbound_upstream_status *status)
{
	if (i >= outbound->nupstream)
		return false;
	upstream_status(outbound->upstream[i], status);
	return true;
}

bool
outbound_next_unread(
    const struct outbound *outbound, uint64_t segment, struct segments_unread *unread)
{
	return segments_next_unread(outbound->segments, segment, unread);
}

bool
outbound_is_recovered(const struct outbound *outbound)
{
	return feed_is_recovered(outbound->feed);
}

/* All of its recipients are due, those too that a round of turns had left behind. */
static void
make_ready(struct outbound *outbound, struct queue_item *item)
{
	struct delivery *delivery;

	/* What waits has all of them in its plan. */
	if (outbound->config->nroute <= 1 || item->state == QUEUE_WAITING) {
		queue_make_ready(outbound->queue, item);
		return;
	}
	queue_grab(outbound->queue, item);
	delivery_open(outbound->spool, outbound->queue, item, false, &delivery);
	if (delivery != NULL)
		ledger_rejoin(outbound->ledger, delivery);
	else
		queue_put_back(outbound->queue, item, true, 0);
}

/* A drain has ended compaction for good: then there is nothing to pause. */
void
outbound_calm(struct outbound *outbound)
{
	if (outbound->compact != NULL)
		compact_pause(outbound->compact);
}

void
outbound_calm_end(struct outbound *outbound)
{
	if (outbound->compact != NULL)
		compact_resume(outbound->compact);
}

bool
outbound_is_still(const struct outbound *outbound)
{
	return forward_is_still(outbound->forward);
}

/* A retry is about now, and not recorded; as outbound_retry_all(). */
static enum outbound_answer
retry(struct outbound *outbound, struct queue_item *item)
{
	if (item->state == QUEUE_HELD)
		return OUTBOUND_IS_HELD;
	if (item->state != QUEUE_READY || item->next_try_ms != 0)
		make_ready(outbound, item);
	return OUTBOUND_DONE;
}

/* From when on a message that is released may be sent: a hold that is lifted does not undo its
 * sender's wish. */
static int64_t
released_from(const struct queue_item *item, int64_t now_ms)
{
	int64_t wish = item->attempts == 0 ? queue_release_ms(item) : 0;

	return item->state == QUEUE_HELD && wish > now_ms ? wish : now_ms;
}

static enum outbound_answer
release(struct outbound *outbound, struct queue_item *item)
{
	int64_t now = clock_real_ms(), from = released_from(item, now);

	if (ledger_record(outbound->ledger, item, OUTCOME_RELEASED, from) == -1)
		return OUTBOUND_FAILED;
	if (from > now)
		queue_wait(outbound->queue, item, from);
	else
		make_ready(outbound, item);
	return OUTBOUND_DONE;
}

static enum outbound_answer
hold(struct outbound *outbound, struct queue_item *item)
{
	if (ledger_record(outbound->ledger, item, OUTCOME_HELD, clock_real_ms()) == -1)
		return OUTBOUND_FAILED;
	queue_hold(outbound->queue, item);
	return OUTBOUND_DONE;
}

static enum outbound_answer
discard(struct outbound *outbound, struct queue_item *item)
{
	return ledger_discard(outbound->ledger, item, "deleted by an operator") == 0
		   ? OUTBOUND_DONE
		   : OUTBOUND_FAILED;
}

enum outbound_answer
outbound_command(struct outbound *outbound, enum outbound_command command, uint64_t id)
{
	static enum outbound_answer (*const obey[])(struct outbound *, struct queue_item *) = {
		[OUTBOUND_RETRY] = retry,
		[OUTBOUND_HOLD] = hold,
		[OUTBOUND_RELEASE] = release,
		[OUTBOUND_DELETE] = discard,
	};
	struct queue_item *item = queue_find(outbound->queue, id);

	if (item == NULL)
		return OUTBOUND_NO_SUCH_MESSAGE;
	if (item->state == QUEUE_ACTIVE)
		return OUTBOUND_BUSY;

	enum outbound_answer answer = obey[command](outbound, item);

	pump_soon(outbound);
	return answer;
}

void
outbound_probe_now(struct outbound *outbound)
{
	for (size_t i = 0; i < outbound->nupstream; i++)
		upstream_probe_now(outbound->upstream[i]);
}

uint64_t
outbound_retry_all(struct outbound *outbound)
{
	uint64_t count = queue_retry_all(outbound->queue, clock_real_ms());

	outbound_probe_now(outbound);
	pump_soon(outbound);
	return count;
}
