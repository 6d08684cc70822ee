/* SPDX-License-Identifier: ISC */
/* plan.c - see plan.h.  A plan is never given up: there are few, and today's config makes them. */
#include "queue/plan.h"

#include <stdlib.h>
#include <string.h>

enum { WORDS = ROUTES_MAX / 64, PLANS_MIN = 8, TURNS_ABOVE = 7 };

void
route_set_add(struct route_set *set, size_t route)
{
	set->bits[route / 64] |= UINT64_C(1) << (route % 64);
}

bool
route_set_has(const struct route_set *set, size_t route)
{
	return (set->bits[route / 64] >> (route % 64) & 1) != 0;
}

bool
route_set_is_empty(const struct route_set *set)
{
	return !route_set_meets(set, set);
}

bool
route_set_meets(const struct route_set *a, const struct route_set *b)
{
	for (size_t i = 0; i < WORDS; i++)
		if ((a->bits[i] & b->bits[i]) != 0)
			return true;
	return false;
}

void
route_set_unite(struct route_set *a, const struct route_set *b)
{
	for (size_t i = 0; i < WORDS; i++)
		a->bits[i] |= b->bits[i];
}

void
route_set_intersect(struct route_set *a, const struct route_set *b)
{
	for (size_t i = 0; i < WORDS; i++)
		a->bits[i] &= b->bits[i];
}

void
route_set_subtract(struct route_set *a, const struct route_set *b)
{
	for (size_t i = 0; i < WORDS; i++)
		a->bits[i] &= ~b->bits[i];
}

size_t
route_set_next(const struct route_set *set, size_t from)
{
	while (from < ROUTES_MAX && !route_set_has(set, from))
		from++;
	return from;
}

bool
plans_init(struct plans *plans)
{
	struct route_set usual = { { 1 } };

	*plans = (struct plans){ .plan = NULL };
	return plan_find(plans, &usual, 0, 0) == PLAN_USUAL;
}

void
plans_free(struct plans *plans)
{
	free(plans->plan);
	plans->plan = NULL;
	plans->count = plans->room = 0;
}

/* -1: out of memory. */
static int64_t
make(struct plans *plans, const struct route_set *routes, int priority)
{
	if (plans->count == plans->room) {
		uint32_t room = plans->room > 0 ? plans->room * 2 : PLANS_MIN;
		struct plan *plan = reallocarray(plans->plan, room, sizeof *plan);

		if (plan == NULL)
			return -1;
		plans->plan = plan;
		plans->room = room;
	}
	plans->plan[plans->count] = (struct plan){ .routes = *routes, .priority = priority };
	return plans->count++;
}

static int64_t
find_single(struct plans *plans, size_t route, int priority)
{
	uint32_t *known = &plans->single[route][priority + PRIORITY_MAX];
	struct route_set set = { { 0 } };
	int64_t made;

	if (*known > 0)
		return *known - 1;
	route_set_add(&set, route);
	if ((made = make(plans, &set, priority)) != -1)
		*known = (uint32_t)made + 1;
	return made;
}

int64_t
plan_find(struct plans *plans, const struct route_set *routes, int priority, size_t behind)
{
	size_t first = route_set_next(routes, 0);
	int64_t made;

	if (route_set_next(routes, first + 1) == ROUTES_MAX)
		return find_single(plans, first, priority);
	for (uint32_t i = 0; i < plans->count; i++)
		if (plans->plan[i].priority == priority &&
		    memcmp(&plans->plan[i].routes, routes, sizeof *routes) == 0)
			return i;
	if (plans->sets == PLAN_SETS_MAX) {
		size_t next = route_set_next(routes, behind + 1);

		return find_single(plans, next < ROUTES_MAX ? next : first, priority);
	}
	if ((made = make(plans, routes, priority)) != -1)
		plans->sets++;
	return made;
}

static bool
may_take(const struct plan *plan, const struct route_set *routes)
{
	return plan->items > 0 && route_set_meets(&plan->routes, routes);
}

/* The highest priority that is below this one and has messages for the taker; -PRIORITIES: none. */
static int
highest_below(const struct plans *plans, const struct route_set *routes, int below)
{
	int highest = -PRIORITIES;

	for (uint32_t i = 0; i < plans->count; i++)
		if (plans->plan[i].priority < below && plans->plan[i].priority > highest &&
		    may_take(&plans->plan[i], routes))
			highest = plans->plan[i].priority;
	return highest;
}

/* Whose turn it is among the priorities; -PRIORITIES: there is nothing. */
static int
choose_priority(const struct plans *plans, struct plan_taker *taker)
{
	int priority = highest_below(plans, &taker->routes, PRIORITIES), lower;

	if (priority == -PRIORITIES)
		return priority;
	while ((lower = highest_below(plans, &taker->routes, priority)) != -PRIORITIES) {
		uint8_t *passed = &taker->passed[priority + PRIORITY_MAX];

		if (++*passed <= TURNS_ABOVE)
			break;
		*passed = 0;
		priority = lower;
	}
	return priority;
}

/* The first plan of this priority that has turns left in the round; -1: the round is over. */
static int64_t
choose_plan(const struct plans *plans, const struct route_set *routes, int priority)
{
	for (uint32_t i = 0; i < plans->count; i++)
		if (plans->plan[i].priority == priority && plans->plan[i].turns > 0 &&
		    may_take(&plans->plan[i], routes))
			return i;
	return -1;
}

int64_t
plan_choose(struct plans *plans, struct plan_taker *taker)
{
	int priority = choose_priority(plans, taker);
	int64_t chosen;

	if (priority == -PRIORITIES)
		return -1;
	if ((chosen = choose_plan(plans, &taker->routes, priority)) == -1) {
		for (uint32_t i = 0; i < plans->count; i++)
			if (plans->plan[i].priority == priority &&
			    may_take(&plans->plan[i], &taker->routes))
				plans->plan[i].turns = plans->plan[i].lanes;
		chosen = choose_plan(plans, &taker->routes, priority);
	}
	plans->plan[chosen].turns--;
	return chosen;
}

size_t
plan_count_items(const struct plans *plans, const struct route_set *routes)
{
	size_t count = 0;

	for (uint32_t i = 0; i < plans->count; i++)
		if (route_set_meets(&plans->plan[i].routes, routes))
			count += plans->plan[i].items;
	return count;
}
