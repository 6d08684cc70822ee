/* SPDX-License-Identifier: ISC */
/*
 * queue.c - the index of what is not done; see queue.h.
 * leave_state() and enter_state() are the only writers of an item's state: each state has one home
 * (lane, heap, none).
 */
#include "queue/queue.h"

#include <assert.h>
#include <stdlib.h>

#include "queue/heap.h"
#include "queue/lane.h"
#include "spool/envelope.h"
#include "spool/reader.h"

enum { BUCKETS_MIN = 1024, SLAB_ITEMS = 512, MAP_BITS = 64 };

struct slab {
	struct slab *next;
	struct queue_item item[SLAB_ITEMS];
};

struct queue {
	struct queue_item **bucket;
	size_t nbuckets; /* a power of two */
	size_t count, count_state[QUEUE_HELD + 1];
	struct queue_item *first, *last; /* in the order of arrival */
	struct heap waiting;
	struct lane_table lanes;
	struct slab *slabs;
	struct queue_item *unused;
	struct queue_cursor *cursors; /* that are open */
};

struct queue *
queue_new(void)
{
	struct queue *queue = calloc(1, sizeof *queue);

	if (queue == NULL)
		return NULL;
	queue->nbuckets = BUCKETS_MIN;
	queue->bucket = calloc(queue->nbuckets, sizeof(struct queue_item *));
	if (queue->bucket == NULL)
		queue_free(&queue);
	return queue;
}

static bool
has_map(const struct queue_item *item)
{
	return item->nrcpt > MAP_BITS;
}

void
queue_free(struct queue **queue)
{
	if (*queue == NULL)
		return;
	for (struct queue_item *item = (*queue)->first; item != NULL; item = item->all_next)
		if (has_map(item))
			free(item->done.map);
	for (struct slab *slab = (*queue)->slabs, *next; slab != NULL; slab = next) {
		next = slab->next;
		free(slab);
	}
	heap_free(&(*queue)->waiting);
	lane_table_free(&(*queue)->lanes);
	free((*queue)->bucket);
	free(*queue);
	*queue = NULL;
}

static struct queue_item *
item_alloc(struct queue *queue)
{
	if (queue->unused == NULL) {
		struct slab *slab = malloc(sizeof *slab);

		if (slab == NULL)
			return NULL;
		slab->next = queue->slabs;
		queue->slabs = slab;
		for (size_t i = 0; i < SLAB_ITEMS; i++) {
			slab->item[i].hash_next = queue->unused;
			queue->unused = &slab->item[i];
		}
	}

	struct queue_item *item = queue->unused;

	queue->unused = item->hash_next;
	*item = (struct queue_item){ .id = 0 };
	return item;
}

static void
item_free(struct queue *queue, struct queue_item *item)
{
	if (has_map(item))
		free(item->done.map);
	item->hash_next = queue->unused;
	queue->unused = item;
}

/* Ids differ in their low bits first, but the tag sits there too: mix. */
static struct queue_item **
bucket_of(const struct queue *queue, uint64_t id)
{
	return &queue->bucket[((id * 0x9e3779b97f4a7c15u) >> 20) & (queue->nbuckets - 1)];
}

static void
rehash(struct queue *queue)
{
	struct queue_item **bucket = calloc(queue->nbuckets * 2, sizeof(struct queue_item *));

	if (bucket == NULL)
		return; /* longer chains, no harm */
	free(queue->bucket);
	queue->bucket = bucket;
	queue->nbuckets *= 2;
	for (struct queue_item *item = queue->first; item != NULL; item = item->all_next) {
		struct queue_item **to = bucket_of(queue, item->id);

		item->hash_next = *to;
		*to = item;
	}
}

struct queue_item *
queue_find(const struct queue *queue, uint64_t id)
{
	struct queue_item *item = *bucket_of(queue, id);

	while (item != NULL && item->id != id)
		item = item->hash_next;
	return item;
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
		lane_push(&queue->lanes, item->lane, item);
	else if (state == QUEUE_WAITING)
		heap_add(&queue->waiting, item);
	queue->count_state[state]++;
	item->state = (uint8_t)state;
}

static void
link_item(struct queue *queue, struct queue_item *item)
{
	if (queue->count >= queue->nbuckets)
		rehash(queue);

	struct queue_item **bucket = bucket_of(queue, item->id);

	item->hash_next = *bucket;
	*bucket = item;
	queue->count++;
}

/* The last in the order of arrival; or behind the older item of its id, in the same walks. */
static void
line_up(struct queue *queue, struct queue_item *item, struct queue_item *older)
{
	struct queue_item *before = older != NULL ? older : queue->last;
	struct queue_item *after = before != NULL ? before->all_next : NULL;

	item->all_prev = before;
	item->all_next = after;
	*(before != NULL ? &before->all_next : &queue->first) = item;
	*(after != NULL ? &after->all_prev : &queue->last) = item;
	for (struct queue_cursor *cursor = queue->cursors; cursor != NULL && older != NULL;
	     cursor = cursor->next_open)
		if (cursor->end == older)
			cursor->end = item;
}

static void
step_out(struct queue *queue, struct queue_item *item)
{
	struct queue_item *before = item->all_prev, *after = item->all_next;

	*(before != NULL ? &before->all_next : &queue->first) = after;
	*(after != NULL ? &after->all_prev : &queue->last) = before;
	for (struct queue_cursor *cursor = queue->cursors; cursor != NULL;
	     cursor = cursor->next_open) {
		if (cursor->next == item && cursor->end == item)
			cursor->next = cursor->end = NULL;
		else if (cursor->next == item)
			cursor->next = after;
		else if (cursor->end == item)
			cursor->end = before;
	}
}

static void
unlink_item(struct queue *queue, struct queue_item *item)
{
	struct queue_item **at = bucket_of(queue, item->id);

	while (*at != item)
		at = &(*at)->hash_next;
	*at = item->hash_next;
	queue->count--;
}

/* Fill in a new item from its record; false when out of memory. */
static bool
describe(struct queue *queue, struct queue_item *item, const struct spool_record *record)
{
	const struct envelope *envelope = record->envelope;
	size_t words = (envelope->nrcpt + MAP_BITS - 1) / MAP_BITS;

	item->id = record->id;
	item->nrcpt = (uint32_t)envelope->nrcpt;
	if (has_map(item) && (item->done.map = calloc(words, sizeof(uint64_t))) == NULL)
		return false;
	if (!heap_reserve(&queue->waiting, queue->count + 1))
		return false;
	if ((item->lane = lane_acquire(&queue->lanes, envelope->from)) == NULL)
		return false;
	item->place = record->place;
	item->record_len = record->record_len;
	item->content_len =
	    record->content_len < UINT32_MAX ? (uint32_t)record->content_len : UINT32_MAX;
	item->next_try_ms = envelope->next_try_ms;
	item->attempts =
	    (uint16_t)(envelope->attempts < UINT16_MAX ? envelope->attempts : UINT16_MAX);
	item->warned = envelope->warned;
	item->is_report = envelope->is_report;
	item->is_large = record->is_large;
	return true;
}

struct queue_item *
queue_add(struct queue *queue, const struct spool_record *record)
{
	struct queue_item *item = item_alloc(queue), *older = queue_find(queue, record->id);

	if (item == NULL)
		return NULL;
	if (!describe(queue, item, record)) {
		item_free(queue, item);
		return NULL;
	}
	link_item(queue, item);
	line_up(queue, item, older);
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

struct queue_item *
queue_take(struct queue *queue)
{
	struct queue_item *item = lane_pop(&queue->lanes);

	if (item == NULL)
		return NULL;
	queue->count_state[QUEUE_READY]--;
	enter_state(queue, item, QUEUE_ACTIVE);
	return item;
}

void
queue_put_back(struct queue *queue, struct queue_item *item, bool last)
{
	assert(item->state == QUEUE_ACTIVE);
	leave_state(queue, item);
	item->next_try_ms = 0;
	item->state = QUEUE_READY;
	queue->count_state[QUEUE_READY]++;
	if (last)
		lane_push(&queue->lanes, item->lane, item);
	else
		lane_push_front(&queue->lanes, item->lane, item);
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
	step_out(queue, item);
	unlink_item(queue, item);
	lane_release(&queue->lanes, item->lane);
	item_free(queue, item);
}

static uint64_t *
word_of(struct queue_item *item, uint32_t rcpt)
{
	return has_map(item) ? &item->done.map[rcpt / MAP_BITS] : &item->done.bits;
}

bool
queue_rcpt_is_done(const struct queue_item *item, uint32_t rcpt)
{
	uint64_t word = has_map(item) ? item->done.map[rcpt / MAP_BITS] : item->done.bits;

	return (word >> (rcpt % MAP_BITS) & 1) != 0;
}

bool
queue_rcpt_done(struct queue_item *item, uint32_t rcpt)
{
	if (rcpt < item->nrcpt && !queue_rcpt_is_done(item, rcpt)) {
		*word_of(item, rcpt) |= UINT64_C(1) << (rcpt % MAP_BITS);
		item->ndone++;
	}
	return item->ndone == item->nrcpt;
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
	return queue->count;
}

size_t
queue_count_state(const struct queue *queue, enum queue_state state)
{
	return queue->count_state[state];
}

struct spool_place
queue_place(const struct queue_item *item)
{
	return item->place;
}

struct queue_item *
queue_oldest(const struct queue *queue)
{
	return queue->first;
}

void
queue_cursor_open(struct queue_cursor *cursor, struct queue *queue)
{
	*cursor = (struct queue_cursor){
		.queue = queue,
		.next = queue->first,
		.end = queue->last,
		.next_open = queue->cursors,
	};
	if (queue->cursors != NULL)
		queue->cursors->prev_open = cursor;
	queue->cursors = cursor;
}

void
queue_cursor_close(struct queue_cursor *cursor)
{
	if (cursor->queue == NULL)
		return;
	if (cursor->next_open != NULL)
		cursor->next_open->prev_open = cursor->prev_open;
	if (cursor->prev_open != NULL)
		cursor->prev_open->next_open = cursor->next_open;
	else
		cursor->queue->cursors = cursor->next_open;
	*cursor = (struct queue_cursor){ .queue = NULL };
}

struct queue_item *
queue_cursor_next(struct queue_cursor *cursor)
{
	struct queue_item *item = cursor->next;

	if (item != NULL && item == cursor->end)
		cursor->next = cursor->end = NULL;
	else if (item != NULL)
		cursor->next = item->all_next;
	return item;
}
