/* SPDX-License-Identifier: ISC */
/* index.c - see index.h: chains of numbers from a table of buckets, and a list linked both ways. */
#include "queue/index.h"

#include <stdlib.h>

#include "queue/queue.h"

enum { BUCKETS_MIN = 1024 };

bool
index_init(struct index *index)
{
	*index = (struct index){ .nbuckets = BUCKETS_MIN };
	slabs_init(&index->items, sizeof(struct queue_item));
	index->bucket = calloc(index->nbuckets, sizeof *index->bucket);
	return index->bucket != NULL;
}

void
index_free(struct index *index)
{
	slabs_free(&index->items);
	free(index->bucket);
	*index = (struct index){ .bucket = NULL };
}

static struct queue_item *
item_at(const struct index *index, uint32_t number)
{
	return number != 0 ? slabs_at(&index->items, number) : NULL;
}

struct queue_item *
index_take(struct index *index)
{
	uint32_t number = slabs_take(&index->items);
	struct queue_item *item = item_at(index, number);

	if (item != NULL)
		item->self = number;
	return item;
}

void
index_give(struct index *index, struct queue_item *item)
{
	slabs_give(&index->items, item->self);
}

/* Ids differ in their low bits first, but the tag sits there too: mix. */
static uint32_t *
bucket_of(const struct index *index, uint64_t id)
{
	return &index->bucket[((id * 0x9e3779b97f4a7c15u) >> 20) & (index->nbuckets - 1)];
}

static void
chain(struct index *index, struct queue_item *item)
{
	uint32_t *bucket = bucket_of(index, item->id);

	item->hash_next = *bucket;
	*bucket = item->self;
}

/* In the order of arrival, so that of two with the same id the younger one is found first. */
static void
rehash(struct index *index)
{
	uint32_t *bucket = calloc(index->nbuckets * 2, sizeof *bucket);

	if (bucket == NULL)
		return; /* longer chains, no harm */
	free(index->bucket);
	index->bucket = bucket;
	index->nbuckets *= 2;
	for (struct queue_item *item = item_at(index, index->first); item != NULL;
	     item = item_at(index, item->all_next))
		chain(index, item);
}

struct queue_item *
index_find(const struct index *index, uint64_t id)
{
	struct queue_item *item = item_at(index, *bucket_of(index, id));

	while (item != NULL && item->id != id)
		item = item_at(index, item->hash_next);
	return item;
}

/* Link two neighbours; 0 for either end of the list. */
static void
join(struct index *index, uint32_t before, uint32_t after)
{
	*(before != 0 ? &item_at(index, before)->all_next : &index->first) = after;
	*(after != 0 ? &item_at(index, after)->all_prev : &index->last) = before;
}

static void
line_up(struct index *index, struct queue_item *item, const struct queue_item *older)
{
	uint32_t after = older != NULL ? older->all_next : 0;

	join(index, older != NULL ? older->self : index->last, item->self);
	join(index, item->self, after);
	for (struct queue_cursor *cursor = index->cursors; cursor != NULL && older != NULL;
	     cursor = cursor->next_open)
		if (cursor->end == older)
			cursor->end = item;
}

void
index_enter(struct index *index, struct queue_item *item)
{
	const struct queue_item *older = index_find(index, item->id);

	if (index->count >= index->nbuckets)
		rehash(index);
	chain(index, item);
	line_up(index, item, older);
	index->count++;
}

/* The item is about to go: cursors that stand at it step aside. */
static void
move_cursors(struct index *index, const struct queue_item *item)
{
	for (struct queue_cursor *cursor = index->cursors; cursor != NULL;
	     cursor = cursor->next_open) {
		if (cursor->next == item && cursor->end == item)
			cursor->next = cursor->end = NULL;
		else if (cursor->next == item)
			cursor->next = item_at(index, item->all_next);
		else if (cursor->end == item)
			cursor->end = item_at(index, item->all_prev);
	}
}

void
index_leave(struct index *index, struct queue_item *item)
{
	uint32_t *at = bucket_of(index, item->id);

	while (*at != item->self)
		at = &item_at(index, *at)->hash_next;
	*at = item->hash_next;
	move_cursors(index, item);
	join(index, item->all_prev, item->all_next);
	index->count--;
}

void
index_open(struct index *index, struct queue_cursor *cursor)
{
	*cursor = (struct queue_cursor){
		.index = index,
		.next = item_at(index, index->first),
		.end = item_at(index, index->last),
		.next_open = index->cursors,
	};
	if (index->cursors != NULL)
		index->cursors->prev_open = cursor;
	index->cursors = cursor;
}

void
queue_cursor_close(struct queue_cursor *cursor)
{
	if (cursor->index == NULL)
		return;
	if (cursor->next_open != NULL)
		cursor->next_open->prev_open = cursor->prev_open;
	if (cursor->prev_open != NULL)
		cursor->prev_open->next_open = cursor->next_open;
	else
		cursor->index->cursors = cursor->next_open;
	*cursor = (struct queue_cursor){ .index = NULL };
}

struct queue_item *
queue_cursor_next(struct queue_cursor *cursor)
{
	struct queue_item *item = cursor->next;

	if (item != NULL && item == cursor->end)
		cursor->next = cursor->end = NULL;
	else if (item != NULL)
		cursor->next = item_at(cursor->index, item->all_next);
	return item;
}
