/* SPDX-License-Identifier: ISC */
/* lane.c - fair sharing among senders; see lane.h.  A lane lives as long as any message of its
 * sender and plan. */
#include "queue/lane.h"

#include <ctype.h>
#include <stdlib.h>

#include "queue/queue.h"

struct queue_lane {
	uint32_t sender; /* hash */
	uint32_t plan;
	uint32_t refs;
	uint32_t head;                 /* of a ring of items */
	uint32_t ring_prev, ring_next; /* 0 while it has nothing READY */
	uint32_t bucket_next;
};

enum {
	LANE_BUCKETS_MIN = 64,
	PASSED_MAX = 7, /* so often in a row who comes new goes before who waits */
};

bool
lane_table_init(struct lane_table *table, const struct slabs *items)
{
	*table = (struct lane_table){ .items = items };
	slabs_init(&table->lanes, sizeof(struct queue_lane));
	return plans_init(&table->plans);
}

void
lane_table_free(struct lane_table *table)
{
	slabs_free(&table->lanes);
	plans_free(&table->plans);
	free(table->bucket);
	*table = (struct lane_table){ .bucket = NULL };
}

static struct queue_lane *
lane_at(const struct lane_table *table, uint32_t number)
{
	return slabs_at(&table->lanes, number);
}

static struct queue_item *
item_at(const struct lane_table *table, uint32_t number)
{
	return slabs_at(table->items, number);
}

/* FNV-1a, folded: a collision merely lets two senders share a lane. */
static uint32_t
sender_hash(const char *sender)
{
	uint64_t hash = 0xcbf29ce484222325u;

	for (const unsigned char *p = (const unsigned char *)sender; *p != '\0'; p++) {
		hash ^= (uint64_t)tolower(*p);
		hash *= 0x100000001b3u;
	}
	return (uint32_t)(hash ^ hash >> 32);
}

/* Both parts count: a sender may have lanes of many plans. */
static size_t
place_of(const struct queue_lane *lane, size_t nbuckets)
{
	return (lane->sender ^ lane->plan * 0x9e3779b1u) % nbuckets;
}

static bool
grow(struct lane_table *table)
{
	size_t nbuckets = table->nbuckets > 0 ? table->nbuckets * 2 : LANE_BUCKETS_MIN;
	uint32_t *bucket = calloc(nbuckets, sizeof *bucket);

	if (bucket == NULL)
		return table->nbuckets > 0;
	for (size_t i = 0; i < table->nbuckets; i++) {
		uint32_t next;

		for (uint32_t number = table->bucket[i]; number != 0; number = next) {
			struct queue_lane *lane = lane_at(table, number);
			uint32_t *to = &bucket[place_of(lane, nbuckets)];

			next = lane->bucket_next;
			lane->bucket_next = *to;
			*to = number;
		}
	}
	free(table->bucket);
	table->bucket = bucket;
	table->nbuckets = nbuckets;
	return true;
}

static uint32_t
acquire(struct lane_table *table, uint32_t sender, uint32_t plan)
{
	const struct queue_lane wanted = { .sender = sender, .plan = plan };
	uint32_t number;

	if (table->count >= table->nbuckets && !grow(table))
		return 0;

	uint32_t *bucket = &table->bucket[place_of(&wanted, table->nbuckets)];

	for (number = *bucket; number != 0; number = lane_at(table, number)->bucket_next) {
		struct queue_lane *lane = lane_at(table, number);

		if (lane->sender == sender && lane->plan == plan) {
			lane->refs++;
			return number;
		}
	}
	if ((number = slabs_take(&table->lanes)) == 0)
		return 0;
	*lane_at(table, number) = (struct queue_lane){
		.sender = sender,
		.plan = plan,
		.refs = 1,
		.bucket_next = *bucket,
	};
	*bucket = number;
	table->count++;
	return number;
}

uint32_t
lane_acquire(struct lane_table *table, const char *sender, uint32_t plan)
{
	return acquire(table, sender_hash(sender), plan);
}

void
lane_release(struct lane_table *table, uint32_t number)
{
	struct queue_lane *lane = lane_at(table, number);

	if (--lane->refs > 0)
		return;

	uint32_t *at = &table->bucket[place_of(lane, table->nbuckets)];

	while (*at != number)
		at = &lane_at(table, *at)->bucket_next;
	*at = lane->bucket_next;
	table->count--;
	slabs_give(&table->lanes, number);
}

uint32_t
lane_exchange(struct lane_table *table, uint32_t lane, uint32_t plan)
{
	uint32_t other = acquire(table, lane_at(table, lane)->sender, plan);

	if (other != 0)
		lane_release(table, lane);
	return other;
}

uint32_t
lane_plan(const struct lane_table *table, uint32_t lane)
{
	return lane_at(table, lane)->plan;
}

static struct plan *
plan_of(const struct lane_table *table, const struct queue_lane *lane)
{
	return &table->plans.plan[lane->plan];
}

bool
lane_may_be_of(const struct lane_table *table, uint32_t lane, const char *sender)
{
	return lane_at(table, lane)->sender == sender_hash(sender);
}

/* A lane that has just had its turn lets those go first that come then, or they would wait for
 * another of its backlog. */
static void
ring_enter(struct lane_table *table, uint32_t number)
{
	struct queue_lane *lane = lane_at(table, number);
	struct plan *plan = plan_of(table, lane);

	plan->lanes++;
	if (plan->ring == 0) {
		lane->ring_prev = lane->ring_next = number;
		plan->ring = number;
		return;
	}

	uint32_t behind = plan->served != 0 ? plan->served : plan->ring;
	struct queue_lane *next = lane_at(table, behind);

	lane->ring_next = behind;
	lane->ring_prev = next->ring_prev;
	lane_at(table, lane->ring_prev)->ring_next = number;
	next->ring_prev = number;
	if (plan->served == plan->ring)
		plan->ring = number;
}

static void
ring_leave(struct lane_table *table, uint32_t number)
{
	struct queue_lane *lane = lane_at(table, number);
	struct plan *plan = plan_of(table, lane);

	plan->lanes--;
	if (plan->served == number)
		plan->served = 0;
	if (lane->ring_next == number) {
		plan->ring = 0;
		plan->turns = 0;
	} else {
		lane_at(table, lane->ring_prev)->ring_next = lane->ring_next;
		lane_at(table, lane->ring_next)->ring_prev = lane->ring_prev;
		if (plan->ring == number)
			plan->ring = lane->ring_next;
	}
	lane->ring_prev = lane->ring_next = 0;
}

/* Put an item between the last and the first of its lane, which form a ring, too. */
void
lane_push(struct lane_table *table, struct queue_item *item)
{
	struct queue_lane *lane = lane_at(table, item->lane);

	plan_of(table, lane)->items++;
	if (lane->head == 0) {
		item->in_lane.prev = item->in_lane.next = item->self;
		lane->head = item->self;
		ring_enter(table, item->lane);
		return;
	}

	struct queue_item *head = item_at(table, lane->head);

	item->in_lane.next = lane->head;
	item->in_lane.prev = head->in_lane.prev;
	item_at(table, item->in_lane.prev)->in_lane.next = item->self;
	head->in_lane.prev = item->self;
}

void
lane_push_front(struct lane_table *table, struct queue_item *item)
{
	lane_push(table, item);
	lane_at(table, item->lane)->head = item->self;
}

struct queue_item *
lane_pop(struct lane_table *table, uint32_t number)
{
	struct plan *plan = &table->plans.plan[number];

	if (plan->ring == 0)
		return NULL;

	const struct queue_lane *lane = lane_at(table, plan->ring);
	struct queue_item *item = item_at(table, lane->head);

	plan->ring = lane->ring_next;
	lane_remove(table, item);
	if (lane->head != 0) {
		plan->served = item->lane;
		plan->passed = 0;
	} else if (++plan->passed >= PASSED_MAX) {
		plan->served = 0;
	}
	return item;
}

void
lane_remove(struct lane_table *table, struct queue_item *item)
{
	struct queue_lane *lane = lane_at(table, item->lane);

	plan_of(table, lane)->items--;
	if (item->in_lane.next == item->self) {
		lane->head = 0;
		ring_leave(table, item->lane);
		return;
	}
	item_at(table, item->in_lane.prev)->in_lane.next = item->in_lane.next;
	item_at(table, item->in_lane.next)->in_lane.prev = item->in_lane.prev;
	if (lane->head == item->self)
		lane->head = item->in_lane.next;
}
