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
	struct queue_item *head, *tail;
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

void
lane_push(struct lane_table *table, struct queue_lane *lane, struct queue_item *item)
{
	item->lane_next = NULL;
	if (lane->tail != NULL)
		lane->tail->lane_next = item;
	else
		lane->head = item;
	lane->tail = item;
	if (lane->ring_next == NULL)
		ring_enter(table, lane);
}

void
lane_push_front(struct lane_table *table, struct queue_lane *lane, struct queue_item *item)
{
	item->lane_next = lane->head;
	lane->head = item;
	if (lane->tail == NULL)
		lane->tail = item;
	if (lane->ring_next == NULL)
		ring_enter(table, lane);
}

struct queue_item *
lane_pop(struct lane_table *table)
{
	struct queue_lane *lane = table->ring;

	if (lane == NULL)
		return NULL;

	struct queue_item *item = lane->head;

	lane->head = item->lane_next;
	item->lane_next = NULL;
	if (lane->head == NULL) {
		lane->tail = NULL;
		ring_leave(table, lane);
	} else {
		table->ring = lane->ring_next;
	}
	return item;
}

void
lane_remove(struct lane_table *table, struct queue_item *item)
{
	struct queue_lane *lane = item->lane;
	struct queue_item *before = NULL;

	for (struct queue_item *at = lane->head; at != item; at = at->lane_next)
		before = at;
	if (before != NULL)
		before->lane_next = item->lane_next;
	else
		lane->head = item->lane_next;
	if (lane->tail == item)
		lane->tail = before;
	item->lane_next = NULL;
	if (lane->head == NULL)
		ring_leave(table, lane);
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
