/* SPDX-License-Identifier: ISC */
/*
 * queue.c - the index of what is not done; see queue.h.
 * leave_state() and enter_state() are the only writers of an item's state: each state has one home
 * (lane, heap, none).
 */
#include "queue/queue.h"

#include <assert.h>
#include <stdlib.h>

#include "base/id.h"
#include "queue/heap.h"
#include "queue/index.h"
#include "queue/item.h"
#include "queue/lane.h"
#include "spool/envelope.h"
#include "spool/reader.h"

struct queue {
	struct index index;
	struct heap waiting;
	struct lane_table lanes;
	size_t count_state[QUEUE_HELD + 1];
};

struct queue *
queue_new(void)
{
	struct queue *queue = calloc(1, sizeof *queue);

	if (queue == NULL)
		return NULL;
	queue->waiting.items = &queue->index.items;
	if (!index_init(&queue->index) || !lane_table_init(&queue->lanes, &queue->index.items))
		queue_free(&queue);
	return queue;
}

static void
item_free(struct queue *queue, struct queue_item *item)
{
	if (item_has_map(item))
		free(item->done.map);
	index_give(&queue->index, item);
}

void
queue_free(struct queue **queue)
{
	struct queue_cursor cursor;
	struct queue_item *item;

	if (*queue == NULL)
		return;
	queue_cursor_open(&cursor, *queue);
	while ((item = queue_cursor_next(&cursor)) != NULL)
		if (item_has_map(item))
			free(item->done.map);
	heap_free(&(*queue)->waiting);
	lane_table_free(&(*queue)->lanes);
	index_free(&(*queue)->index);
	free(*queue);
	*queue = NULL;
}

struct queue_item *
queue_find(const struct queue *queue, uint64_t id)
{
	return index_find(&queue->index, id);
}

static void
leave_state(struct queue *queue, struct queue_item *item)
{
	if (item->state == QUEUE_READY)
		lane_remove(&queue->lanes, item);
	else if (item->state == QUEUE_WAITING)
		heap_remove(&queue->waiting, item);
	queue->count_state[item->state]--;
}

static void
enter_state(struct queue *queue, struct queue_item *item, enum queue_state state)
{
	if (state == QUEUE_READY)
		lane_push(&queue->lanes, item);
	else if (state == QUEUE_WAITING)
		heap_add(&queue->waiting, item);
	queue->count_state[state]++;
	item->state = (unsigned)state & 3;
}

/* The whole seconds from the id's time to the release that the envelope asks for. */
static uint32_t
release_s(const struct envelope *envelope, uint64_t id)
{
	int64_t after_ms = envelope->release_ms - id_time_ms(id);

	if (envelope->release_ms == 0 || after_ms <= 0)
		return 0;
	return after_ms / 1000 < UINT32_MAX ? (uint32_t)((after_ms + 999) / 1000) : UINT32_MAX;
}

/* Fill in a new item from its record; false when out of memory. */
static bool
describe(struct queue *queue, struct queue_item *item, const struct spool_record *record)
{
	const struct envelope *envelope = record->envelope;
	size_t words = (envelope->nrcpt + ITEM_MAP_BITS - 1) / ITEM_MAP_BITS;

	item->id = record->id;
	item->nrcpt = (uint32_t)envelope->nrcpt;
	if (item_has_map(item) && (item->done.map = calloc(words, sizeof(uint64_t))) == NULL)
		return false;
	if (!heap_reserve(&queue->waiting, queue->index.count + 1))
		return false;
	if ((item->lane = lane_acquire(&queue->lanes, envelope->from, PLAN_USUAL)) == 0)
		return false;
	item->place =
	    record->place.segment << ITEM_OFFSET_BITS | record->place.offset / ITEM_RECORD_UNIT;
	item->record_units = record->record_len / ITEM_RECORD_UNIT & ((1u << ITEM_OFFSET_BITS) - 1);
	item->content_len =
	    record->content_len < UINT32_MAX ? (uint32_t)record->content_len : UINT32_MAX;
	item->next_try_ms = envelope->next_try_ms;
	item->release_s = release_s(envelope, record->id);
	queue_set_attempts(item, envelope->attempts);
	item->warned = envelope->warned;
	item->is_report = envelope->is_report;
	item->is_large = record->is_large;
	return true;
}

int64_t
queue_plan(struct queue *queue, const struct route_set *routes, int priority, size_t behind)
{
	return plan_find(&queue->lanes.plans, routes, priority, behind);
}

struct queue_item *
queue_add(struct queue *queue, const struct spool_record *record)
{
	struct queue_item *item = index_take(&queue->index);

	if (item == NULL)
		return NULL;
	if (!describe(queue, item, record)) {
		item_free(queue, item);
		return NULL;
	}
	index_enter(&queue->index, item);
	enter_state(queue, item,
	    record->envelope->held  ? QUEUE_HELD
	    : item->next_try_ms > 0 ? QUEUE_WAITING
				    : QUEUE_READY);
	return item;
}

size_t
queue_release_due(struct queue *queue, int64_t now_ms)
{
	struct queue_item *item;
	size_t count = 0;

	while ((item = heap_top(&queue->waiting)) != NULL && item->next_try_ms <= now_ms) {
		queue_make_ready(queue, item);
		count++;
	}
	return count;
}

size_t
queue_retry_all(struct queue *queue, int64_t now_ms)
{
	struct queue_cursor cursor;
	struct queue_item *item;
	size_t count = 0;

	queue_cursor_open(&cursor, queue);
	while ((item = queue_cursor_next(&cursor)) != NULL) {
		item->was_tried = 0;
		if (item->state == QUEUE_WAITING && !queue_awaits_release(item)) {
			queue_make_ready(queue, item);
			count++;
		} else if ((item->state == QUEUE_READY || item->state == QUEUE_ACTIVE) &&
			   item->next_try_ms > now_ms && !item_is_due_at_release(item)) {
			item->next_try_ms = now_ms;
		}
	}
	queue_cursor_close(&cursor);
	return count;
}

struct queue_item *
queue_take(struct queue *queue, struct plan_taker *taker)
{
	int64_t plan = plan_choose(&queue->lanes.plans, taker);

	if (plan == -1)
		return NULL;

	struct queue_item *item = lane_pop(&queue->lanes, (uint32_t)plan);

	queue->count_state[QUEUE_READY]--;
	enter_state(queue, item, QUEUE_ACTIVE);
	return item;
}

size_t
queue_count_ready(const struct queue *queue, const struct route_set *routes)
{
	return plan_count_items(&queue->lanes.plans, routes);
}

const struct route_set *
queue_routes(const struct queue *queue, const struct queue_item *item)
{
	return &queue->lanes.plans.plan[lane_plan(&queue->lanes, item->lane)].routes;
}

bool
queue_replan(struct queue *queue, struct queue_item *item, uint32_t plan)
{
	enum queue_state state = item->state;
	uint32_t lane;

	if (lane_plan(&queue->lanes, item->lane) == plan)
		return true;
	leave_state(queue, item);
	if ((lane = lane_exchange(&queue->lanes, item->lane, plan)) != 0)
		item->lane = lane;
	enter_state(queue, item, state);
	return lane != 0;
}

void
queue_put_back(struct queue *queue, struct queue_item *item, bool last, int64_t rest_ms)
{
	assert(item->state == QUEUE_ACTIVE);
	leave_state(queue, item);
	item->next_try_ms = rest_ms;
	item->state = QUEUE_READY;
	queue->count_state[QUEUE_READY]++;
	if (last)
		lane_push(&queue->lanes, item);
	else
		lane_push_front(&queue->lanes, item);
}

void
queue_grab(struct queue *queue, struct queue_item *item)
{
	assert(item->state != QUEUE_ACTIVE);
	leave_state(queue, item);
	enter_state(queue, item, QUEUE_ACTIVE);
}

void
queue_wait(struct queue *queue, struct queue_item *item, int64_t until_ms)
{
	leave_state(queue, item);
	item->next_try_ms = until_ms;
	enter_state(queue, item, QUEUE_WAITING);
}

void
queue_hold(struct queue *queue, struct queue_item *item)
{
	assert(item->state != QUEUE_ACTIVE);
	leave_state(queue, item);
	enter_state(queue, item, QUEUE_HELD);
}

void
queue_make_ready(struct queue *queue, struct queue_item *item)
{
	assert(item->state != QUEUE_ACTIVE);
	leave_state(queue, item);
	item->next_try_ms = 0;
	enter_state(queue, item, QUEUE_READY);
}

void
queue_remove(struct queue *queue, struct queue_item *item)
{
	leave_state(queue, item);
	index_leave(&queue->index, item);
	lane_release(&queue->lanes, item->lane);
	item_free(queue, item);
}

bool
queue_sender_may_be(const struct queue *queue, const struct queue_item *item, const char *sender)
{
	return lane_may_be_of(&queue->lanes, item->lane, sender);
}

int64_t
queue_next_due(const struct queue *queue)
{
	const struct queue_item *item = heap_top(&queue->waiting);

	return item != NULL ? item->next_try_ms : INT64_MAX;
}

size_t
queue_count(const struct queue *queue)
{
	return queue->index.count;
}

size_t
queue_count_state(const struct queue *queue, enum queue_state state)
{
	return queue->count_state[state];
}

void
queue_cursor_open(struct queue_cursor *cursor, struct queue *queue)
{
	index_open(&queue->index, cursor);
}
