/* SPDX-License-Identifier: ISC */
/* test_detour.c - the ways around upstreams: each is met once, and the last one's no is final. */
#include "outbound/detour.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "config/config.h"
#include "outbound/delivery.h"
#include "outbound/route.h"
#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/reader.h"

enum { FIRST, SECOND, THIRD };

static struct config_route routes[] = {
	{ .name = (char[]){ "two" },
	    .to = { (char *[]){ "two.example" }, 1 },
	    .upstreams = { (char *[]){ "first", "second" }, 2 },
	    .upstream = (size_t[]){ FIRST, SECOND } },
	{ .name = (char[]){ "three" },
	    .upstreams = { (char *[]){ "third", "first", "second" }, 3 },
	    .upstream = (size_t[]){ THIRD, FIRST, SECOND } },
};
static const struct config config = { .route = routes, .nroute = 2 };
static char *rcpts[] = { (char[]){ "a@two.example" }, (char[]){ "b@three.example" } };
static struct envelope envelope = { .from = (char[]){ "s@x" }, .rcpt = rcpts, .nrcpt = 2 };

static struct detours *detours;
static struct queue *queue;
static struct queue_item *item;
static struct delivery_rcpt rcpt[2];
static struct delivery delivery;

static void
set_up(void)
{
	const struct spool_record record = { .id = 7, .envelope = &envelope };

	detours = detours_new(&config);
	queue = queue_new();
	item = queue_add(queue, &record);
	memset(rcpt, 0, sizeof rcpt);
	rcpt[1].index = 1;
	delivery =
	    (struct delivery){ .item = item, .envelope = &envelope, .rcpt = rcpt, .nrcpt = 2 };
}

static void
tear_down(void)
{
	for (size_t i = 0; i < 2; i++)
		free(rcpt[i].reply);
	queue_free(&queue);
	detours_free(&detours);
}

/* This upstream cannot take these recipients. */
static void
is_unable(size_t upstream, bool first, bool second)
{
	const bool unable[] = { first, second };

	delivery.detours = (struct route_set){ { 0 } };
	for (size_t i = 0; i < 2; i++)
		if (unable[i])
			delivery_judge(&delivery, i, RCPT_UNABLE, 0, "5.3.4", "too large");
	ck_assert_str_eq(detours_take(detours, &delivery, upstream), "too large");
}

static size_t
way(size_t i)
{
	return detours_find(detours, item->id, (uint32_t)i, i);
}

START_TEST(nobody_goes_around_without_need)
{
	ck_assert_ptr_null(detours_take(detours, &delivery, FIRST));
	ck_assert_uint_eq(detours_count(detours), config.nroute);
	ck_assert_uint_eq(way(0), 0);
	ck_assert_uint_eq(way(1), 1);
}
END_TEST

START_TEST(one_recipient_goes_around_alone)
{
	is_unable(FIRST, true, false);
	ck_assert_int_eq(rcpt[0].fate, RCPT_UNTRIED);
	ck_assert_uint_eq(way(0), config.nroute);
	ck_assert_uint_eq(way(1), 1);
	ck_assert_uint_eq(detours_route(detours, way(0)), 0);
	ck_assert(!detours_leads_by(detours, way(0), 0));
	ck_assert(detours_leads_by(detours, way(0), 1));
	ck_assert(route_set_has(&delivery.detours, way(0)));

	const struct route_set left = route_outstanding(&config, detours, item, &envelope);

	ck_assert(route_set_has(&left, way(0)) && route_set_has(&left, 1));
	ck_assert(!route_set_has(&left, 0));
	delivery.routes = left;
	route_narrow(&config, detours, &delivery, &delivery.detours);
	ck_assert_uint_eq(delivery.nrcpt, 1);
	ck_assert_uint_eq(delivery.rcpt[0].index, 0);
}
END_TEST

START_TEST(the_last_no_is_final)
{
	is_unable(FIRST, true, true);
	is_unable(SECOND, true, true);
	ck_assert_int_eq(rcpt[0].fate, RCPT_FAILED);
	ck_assert_str_eq(rcpt[0].reply, "too large");
	ck_assert_int_eq(rcpt[1].fate, RCPT_UNTRIED);
	ck_assert(detours_leads_by(detours, way(1), 0));
	ck_assert(!detours_leads_by(detours, way(1), 1) && !detours_leads_by(detours, way(1), 2));
	is_unable(THIRD, false, true);
	ck_assert_int_eq(rcpt[1].fate, RCPT_FAILED);
	ck_assert(route_set_is_empty(&delivery.detours));
}
END_TEST

START_TEST(messages_share_their_detours_and_are_forgotten)
{
	is_unable(FIRST, false, true);

	size_t count = detours_count(detours), first = way(1);
	const struct spool_record record = { .id = 8, .envelope = &envelope };

	delivery.item = item = queue_add(queue, &record);
	is_unable(FIRST, false, true);
	ck_assert_uint_eq(way(1), first);
	ck_assert_uint_eq(detours_count(detours), count);
	ck_assert_uint_eq(detours_ways(detours, 1).bits[0], 1 << 1 | 1 << first);
	detours_forget(detours, item->id);
	detours_forget(detours, item->id);
	ck_assert_uint_eq(way(1), 1);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("detour");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, nobody_goes_around_without_need);
	tcase_add_test(tcase, one_recipient_goes_around_alone);
	tcase_add_test(tcase, the_last_no_is_final);
	tcase_add_test(tcase, messages_share_their_detours_and_are_forgotten);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("outbound/detour")
