/* SPDX-License-Identifier: ISC */
/* lane.c - fair sharing among senders; see lane.h.  A lane lives as long as any message of its
 * sender. */
#include "queue/lane.h"

#include <ctype.h>
#include <stdlib.h>

#include "queue/queue.h"

struct queue_lane {
	uint64_t sender; /* hash */
	size_t refs;
	struct queue_item *head;                  /* of a ring of items */
	struct queue_lane *ring_prev, *ring_next; /* NULL while it has nothing READY */
	struct queue_lane *bucket_next;
};

enum { LANE_BUCKETS_MIN = 64 };

/* FNV-1a: a collision merely lets two senders share a lane. */
static uint64_t
sender_hash(const char *sender)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (const unsigned char *p = (const unsigned char *)sender; *p != '\0'; p++) {
		hash ^= (uint64_t)tolower(*p);
		hash *= 0x100000001b3u;
	}
	return hash;
}

static bool
grow(struct lane_table *table)
{
	size_t nbuckets = table->nbuckets > 0 ? table->nbuckets * 2 : LANE_BUCKETS_MIN;
	struct queue_lane **bucket = calloc(nbuckets, sizeof *bucket);

	if (bucket == NULL)
		return table->nbuckets > 0;
	for (size_t i = 0; i < table->nbuckets; i++) {
		struct queue_lane *next;

		for (struct queue_lane *lane = table->bucket[i]; lane != NULL; lane = next) {
			struct queue_lane **to = &bucket[lane->sender % nbuckets];

			next = lane->bucket_next;
			lane->bucket_next = *to;
			*to = lane;
		}
	}
	free(table->bucket);
	table->bucket = bucket;
	table->nbuckets = nbuckets;
	return true;
}

struct queue_lane *
lane_acquire(struct lane_table *table, const char *sender)
{
	uint64_t hash = sender_hash(sender);

	if (table->count >= table->nbuckets && !grow(table))
		return NULL;

	struct queue_lane **bucket = &table->bucket[hash % table->nbuckets];

	for (struct queue_lane *lane = *bucket; lane != NULL; lane = lane->bucket_next) {
		if (lane->sender == hash) {
			lane->refs++;
			return lane;
		}
	}

	struct queue_lane *lane = calloc(1, sizeof *lane);

	if (lane == NULL)
		return NULL;
	lane->sender = hash;
	lane->refs = 1;
	lane->bucket_next = *bucket;
	*bucket = lane;
	table->count++;
	return lane;
}

void
lane_release(struct lane_table *table, struct queue_lane *lane)
{
	if (--lane->refs > 0)
		return;

	struct queue_lane **at = &table->bucket[lane->sender % table->nbuckets];

	while (*at != lane)
		at = &(*at)->bucket_next;
	*at = lane->bucket_next;
	table->count--;
	free(lane);
}

static void
ring_enter(struct lane_table *table, struct queue_lane *lane)
{
	if (table->ring == NULL) {
		lane->ring_prev = lane->ring_next = lane;
		table->ring = lane;
		return;
	}
	lane->ring_next = table->ring;
	lane->ring_prev = table->ring->ring_prev;
	lane->ring_prev->ring_next = lane;
	lane->ring_next->ring_prev = lane;
}

static void
ring_leave(struct lane_table *table, struct queue_lane *lane)
{
	if (lane->ring_next == lane) {
		table->ring = NULL;
	} else {
		lane->ring_prev->ring_next = lane->ring_next;
		lane->ring_next->ring_prev = lane->ring_prev;
		if (table->ring == lane)
			table->ring = lane->ring_next;
	}
	lane->ring_prev = lane->ring_next = NULL;
}

/* Put an item between the last and the first of its lane, which form a ring, too. */
static void
enter_lane(struct lane_table *table, struct queue_lane *lane, struct queue_item *item)
{
	struct queue_item *head = lane->head;

	if (head == NULL) {
		item->in_lane.prev = item->in_lane.next = item;
		lane->head = item;
		ring_enter(table, lane);
		return;
	}
	item->in_lane.next = head;
	item->in_lane.prev = head->in_lane.prev;
	item->in_lane.prev->in_lane.next = item;
	head->in_lane.prev = item;
}

void
lane_push(struct lane_table *table, struct queue_lane *lane, struct queue_item *item)
{
	enter_lane(table, lane, item);
}

void
lane_push_front(struct lane_table *table, struct queue_lane *lane, struct queue_item *item)
{
	enter_lane(table, lane, item);
	lane->head = item;
}

struct queue_item *
lane_pop(struct lane_table *table)
{
	struct queue_lane *lane = table->ring;

	if (lane == NULL)
		return NULL;

	struct queue_item *item = lane->head;

	table->ring = lane->ring_next;
	lane_remove(table, item);
	return item;
}

void
lane_remove(struct lane_table *table, struct queue_item *item)
{
	struct queue_lane *lane = item->lane;

	if (item->in_lane.next == item) {
		lane->head = NULL;
		ring_leave(table, lane);
		return;
	}
	item->in_lane.prev->in_lane.next = item->in_lane.next;
	item->in_lane.next->in_lane.prev = item->in_lane.prev;
	if (lane->head == item)
		lane->head = item->in_lane.next;
}

void
lane_table_free(struct lane_table *table)
{
	for (size_t i = 0; i < table->nbuckets; i++) {
		struct queue_lane *next;

		for (struct queue_lane *lane = table->bucket[i]; lane != NULL; lane = next) {
			next = lane->bucket_next;
			free(lane);
		}
	}
	free(table->bucket);
	*table = (struct lane_table){ .bucket = NULL };
}
