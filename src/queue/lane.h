/* SPDX-License-Identifier: ISC */
/*
 * lane.h - one first-in-first-out lane for each envelope sender and plan (plan.h) that have
 * messages, and for each plan a ring of the lanes that have READY ones: taking goes round the ring,
 * so that no sender waits behind another's backlog.
 */
#ifndef QUEUE_LANE_H
#define QUEUE_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/plan.h"
#include "queue/slab.h"

struct queue_item;

struct lane_table {
	const struct slabs *items;
	struct slabs lanes;
	uint32_t *bucket;
	size_t nbuckets, count;
	struct plans plans;
};

/* False: out of memory. */
bool lane_table_init(struct lane_table *table, const struct slabs *items);
void lane_table_free(struct lane_table *table);

/* Whose turn it is when two senders are equal but for case does not matter: lanes are found by a
 * hash.  0: out of memory. */
uint32_t lane_acquire(struct lane_table *table, const char *sender, uint32_t plan);
void lane_release(struct lane_table *table, uint32_t lane);

/* The lane of the same sender with another plan, instead of this one; 0: out of memory. */
uint32_t lane_exchange(struct lane_table *table, uint32_t lane, uint32_t plan);

uint32_t lane_plan(const struct lane_table *table, uint32_t lane);

/* Whether the lane may be this sender's, whatever the case: false is certain. */
bool lane_may_be_of(const struct lane_table *table, uint32_t lane, const char *sender);

/* To the lane of the item. */
void lane_push(struct lane_table *table, struct queue_item *item);
void lane_push_front(struct lane_table *table, struct queue_item *item);

/* The item whose turn it is in a plan; NULL if none of its lanes has one. */
struct queue_item *lane_pop(struct lane_table *table, uint32_t plan);

/* Take an item out of wherever it stands. */
void lane_remove(struct lane_table *table, struct queue_item *item);

#endif
