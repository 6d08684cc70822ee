/* SPDX-License-Identifier: ISC */
/*
 * plan.h - what may be done now for a message: the routes of the recipients that may be tried, and
 * how urgent it is; as a small number that all messages of the same plan share.  And whose turn it
 * is among the plans: lane.c keeps a ring of senders for each of them.
 */
#ifndef QUEUE_PLAN_H
#define QUEUE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	ROUTES_MAX = 256,
	PRIORITY_MAX = 9, /* and as much below 0 */
	PRIORITIES = 2 * PRIORITY_MAX + 1,
	PLAN_SETS_MAX = 256, /* plans of several routes; see plan_find() */
	PLAN_USUAL = 0,      /* the first route, priority 0 */
};

/* Routes by their numbers. */
struct route_set {
	uint64_t bits[ROUTES_MAX / 64];
};

void route_set_add(struct route_set *set, size_t route);
bool route_set_has(const struct route_set *set, size_t route);
bool route_set_is_empty(const struct route_set *set);
bool route_set_meets(const struct route_set *a, const struct route_set *b);

/* Make a what both have, what either has, or what only a has. */
void route_set_unite(struct route_set *a, const struct route_set *b);
void route_set_intersect(struct route_set *a, const struct route_set *b);
void route_set_subtract(struct route_set *a, const struct route_set *b);

/* The first route of a set that is not less than `from`; ROUTES_MAX: none. */
size_t route_set_next(const struct route_set *set, size_t from);

struct plan {
	struct route_set routes;
	int priority;
	/* lane.c's: */
	uint32_t ring;  /* the lane that is next; its ring_prev is the last; 0: none */
	uint32_t lanes; /* in the ring */
	uint32_t items; /* in those lanes */
	uint32_t turns; /* of lanes that are left to it in this round */
	/* The lane in the ring that had the last turn: who comes new goes before it; 0: at the end.
	 */
	uint32_t served;
	uint32_t passed; /* turns since, of lanes that were empty then */
};

struct plans {
	struct plan *plan;
	uint32_t count, room, sets;
	uint32_t single[ROUTES_MAX][PRIORITIES]; /* the plan of one route, plus 1 */
};

/* Whoever takes messages: the routes that it serves now, and its place in the order of priorities.
 */
struct plan_taker {
	struct route_set routes;
	uint8_t passed[PRIORITIES]; /* turns in a row of each, while there was less urgent mail */
};

/* Begins with PLAN_USUAL; false: out of memory. */
bool plans_init(struct plans *plans);
void plans_free(struct plans *plans);

/*
 * The number of a plan, which is made if there is none; the set is not empty.  -1: out of memory.
 * So that messages with ever new sets do not slow the turns down, there are at most PLAN_SETS_MAX
 * plans of several routes.  A set beyond that gets the plan of one of its routes: the next one
 * behind the route `behind`, so that each has its turn.
 */
int64_t plan_find(struct plans *plans, const struct route_set *routes, int priority, size_t behind);

/*
 * The plan whose turn it is for this taker; -1: none of its plans has a READY message.  Of eight
 * turns, seven are of the highest priority, and the eighth is of the next one, and so on downwards.
 * Among plans of one priority each lane has one turn in a round.
 */
int64_t plan_choose(struct plans *plans, struct plan_taker *taker);

/* READY messages that this taker might get. */
size_t plan_count_items(const struct plans *plans, const struct route_set *routes);

#endif
