/* SPDX-License-Identifier: ISC */
/* test_plan.c - plans are shared, and take turns by priority and by the number of their lanes. */
#include "queue/plan.h"

#include <string.h>

#include "unit.h"

static struct route_set
set_of(unsigned bits)
{
	return (struct route_set){ { bits } };
}

static uint32_t
plan(struct plans *plans, unsigned bits, int priority)
{
	struct route_set set = set_of(bits);
	int64_t number = plan_find(plans, &set, priority, 0);

	ck_assert_int_ge(number, 0);
	return (uint32_t)number;
}

/* So many senders with more than enough messages. */
static uint32_t
busy_plan(struct plans *plans, unsigned bits, int priority, uint32_t lanes)
{
	uint32_t number = plan(plans, bits, priority);

	plans->plan[number].lanes = lanes;
	plans->plan[number].items = 1000;
	return number;
}

START_TEST(sets_are_sets)
{
	struct route_set a = { { 0 } }, b = { { 0 } };

	ck_assert(route_set_is_empty(&a));
	ck_assert_uint_eq(route_set_next(&a, 0), ROUTES_MAX);
	route_set_add(&a, 0);
	route_set_add(&a, 63);
	route_set_add(&a, 64);
	route_set_add(&a, ROUTES_MAX - 1);
	ck_assert(!route_set_is_empty(&a) && route_set_has(&a, 64) && !route_set_has(&a, 65));
	ck_assert_uint_eq(route_set_next(&a, 1), 63);
	ck_assert_uint_eq(route_set_next(&a, 65), ROUTES_MAX - 1);
	ck_assert_uint_eq(route_set_next(&a, ROUTES_MAX), ROUTES_MAX);
	route_set_add(&b, 64);
	ck_assert(route_set_meets(&a, &b));
	route_set_subtract(&a, &b);
	ck_assert(!route_set_meets(&a, &b) && route_set_has(&a, 63));
	route_set_intersect(&b, &a);
	ck_assert(route_set_is_empty(&b));
}
END_TEST

START_TEST(equal_plans_are_one)
{
	struct plans plans;

	ck_assert(plans_init(&plans));
	ck_assert_uint_eq(plan(&plans, 1, 0), PLAN_USUAL);
	ck_assert_uint_ne(plan(&plans, 1, 1), PLAN_USUAL);
	ck_assert_uint_ne(plan(&plans, 2, 0), PLAN_USUAL);
	ck_assert_uint_ne(plan(&plans, 3, 0), PLAN_USUAL);
	ck_assert_uint_eq(plan(&plans, 3, 0), plan(&plans, 3, 0));
	ck_assert_uint_eq(plan(&plans, 2, -9), plan(&plans, 2, -9));
	ck_assert_uint_eq(plans.count, 5);
	plans_free(&plans);
}
END_TEST

START_TEST(sets_without_end_get_plans_of_one_route_in_turn)
{
	struct plans plans;
	struct route_set set = set_of(7);

	ck_assert(plans_init(&plans));
	for (unsigned i = 0; i < PLAN_SETS_MAX; i++)
		plan(&plans, i << 4 | 9, 0);
	ck_assert_int_eq(plan_find(&plans, &set, 0, 0), plan(&plans, 2, 0));
	ck_assert_int_eq(plan_find(&plans, &set, 0, 1), plan(&plans, 4, 0));
	ck_assert_int_eq(plan_find(&plans, &set, 0, 2), plan(&plans, 1, 0));
	ck_assert_uint_eq(plan(&plans, 9, 0), plan(&plans, 9, 0));
	ck_assert_uint_eq(plans.sets, PLAN_SETS_MAX);
	plans_free(&plans);
}
END_TEST

START_TEST(a_taker_gets_only_its_routes)
{
	struct plans plans;
	struct plan_taker taker = { .routes = set_of(2) };

	ck_assert(plans_init(&plans));
	ck_assert_int_eq(plan_choose(&plans, &taker), -1);
	busy_plan(&plans, 1, 9, 1);
	ck_assert_int_eq(plan_choose(&plans, &taker), -1);
	ck_assert_uint_eq(plan_count_items(&plans, &taker.routes), 0);

	uint32_t both = busy_plan(&plans, 3, -9, 1);

	for (unsigned i = 0; i < 20; i++)
		ck_assert_int_eq(plan_choose(&plans, &taker), both);
	ck_assert_uint_eq(plan_count_items(&plans, &taker.routes), 1000);
	plans_free(&plans);
}
END_TEST

START_TEST(each_lane_has_a_turn_in_a_round)
{
	struct plans plans;
	struct plan_taker taker = { .routes = set_of(3) };
	unsigned count[3] = { 0 };

	ck_assert(plans_init(&plans));
	busy_plan(&plans, 1, 0, 5);
	busy_plan(&plans, 2, 0, 1);
	busy_plan(&plans, 3, 0, 2);
	for (unsigned i = 0; i < 80; i++)
		count[plan_choose(&plans, &taker)]++;
	ck_assert_uint_eq(count[0], 50);
	ck_assert_uint_eq(count[1], 10);
	ck_assert_uint_eq(count[2], 20);
	plans_free(&plans);
}
END_TEST

START_TEST(what_was_held_back_takes_no_more_than_its_share)
{
	struct plans plans;
	struct plan_taker one = { .routes = set_of(1) }, both = { .routes = set_of(3) };
	unsigned count[2] = { 0 };

	ck_assert(plans_init(&plans));
	busy_plan(&plans, 1, 0, 1);
	busy_plan(&plans, 2, 0, 1);
	for (unsigned i = 0; i < 1000; i++)
		plan_choose(&plans, &one);
	for (unsigned i = 0; i < 20; i++)
		count[plan_choose(&plans, &both)]++;
	ck_assert_uint_ge(count[0], 9);
	ck_assert_uint_ge(count[1], 9);
	plans_free(&plans);
}
END_TEST

START_TEST(the_urgent_goes_first_and_starves_nobody)
{
	struct plans plans;
	struct plan_taker taker = { .routes = set_of(1) };
	unsigned count[4] = { 0 };

	ck_assert(plans_init(&plans));
	busy_plan(&plans, 1, 0, 10);
	busy_plan(&plans, 1, 9, 1);
	busy_plan(&plans, 1, -9, 100);
	for (unsigned i = 0; i < 6400; i++)
		count[plan_choose(&plans, &taker)]++;
	ck_assert_uint_eq(count[1], 5600);
	ck_assert_uint_eq(count[0], 700);
	ck_assert_uint_eq(count[2], 100);
	plans_free(&plans);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "plans", sets_are_sets, equal_plans_are_one,
	    sets_without_end_get_plans_of_one_route_in_turn);
	add_tests(suite, "turns", a_taker_gets_only_its_routes, each_lane_has_a_turn_in_a_round,
	    what_was_held_back_takes_no_more_than_its_share,
	    the_urgent_goes_first_and_starves_nobody);
}

UNIT_MAIN("plan")
