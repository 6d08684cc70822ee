/* SPDX-License-Identifier: ISC */
/* test_ledger.c - a disk that refuses: nothing is forgotten of what happened, no message ends
 * without its report, and not too much is begun.  And when a message counts as tried. */
#include "config.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>

#include "../unit.h"
#include "base/clock.h"
#include "inside.h"
#include "outbound/delivery.h"
#include "outbound/ledger.h"
#include "outbound/route.h"
#include "queue/queue.h"

enum { SEGMENT = 1 << 20, MANY = 128, KEPT_MAX = 4096, ALWAYS = 1 << 30, DEADLINE_MS = 20000 };

static void
begin(struct inside *inside, struct rig *rig, unsigned messages)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(rig, SEGMENT);
	inside_open(inside, rig);
	for (uint64_t id = 1; id <= messages; id++)
		ck_assert_int_eq(rig_put(rig, id, 1000), 0);
	while (queue_count(inside->queue) < messages)
		inside_turn(inside);
}

static void
end(struct inside *inside, struct rig *rig)
{
	rig_mend();
	inside_close(inside);
	rig_close(rig);
}

static bool
no(void *ctx, uint64_t id)
{
	(void)ctx;
	(void)id;
	return false;
}

/* One stays, so that its segment does. */
static bool
all_but_one(void *ctx, uint64_t id)
{
	(void)ctx;
	return id != MANY;
}

/* The only message is refused by the upstream, and what follows from that comes to its end. */
static void
refuse_message(struct inside *inside)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	struct delivery *delivery;
	struct queue_item *item;

	queue_release_due(inside->queue, INT64_MAX);
	item = queue_take(inside->queue, &inside->taker);
	ck_assert_ptr_nonnull(item);
	ck_assert_int_eq(delivery_open(inside->rig->spool, inside->queue, item, false, &delivery),
	    DELIVERY_OPENED);
	delivery_judge_all(
	    delivery, RCPT_UNTRIED, RCPT_FAILED, 550, "5.1.1", "there is no such user");
	ledger_settle(inside->ledger, delivery, NULL, true);
	while (ledger_is_busy(inside->ledger)) {
		ck_assert_int_lt(clock_mono_ms(), until);
		inside_turn(inside);
	}
}

START_TEST(a_message_ends_when_its_report_is_safe)
{
	struct inside inside;
	struct rig rig;

	begin(&inside, &rig, 1);
	rig_break(CALL_PWRITEV, 0, ALWAYS, ENOSPC);
	for (unsigned i = 0; i < 3; i++) {
		refuse_message(&inside);
		ck_assert_ptr_nonnull(queue_find(inside.queue, 1));
		ck_assert_uint_eq(rig.counters.bounces, 0);
		ck_assert_uint_eq(rig.counters.failed, 0);
	}
	rig_mend();
	refuse_message(&inside);
	ck_assert_ptr_null(queue_find(inside.queue, 1));
	ck_assert_uint_eq(rig.counters.bounces, 1);
	ck_assert_uint_eq(rig.counters.failed, 1);
	end(&inside, &rig);
}
END_TEST

/* Defer all until no more may begin: how many outcomes that took. */
static unsigned
defer_until_full(struct inside *inside)
{
	unsigned deferred = 0;

	while (ledger_has_room(inside->ledger)) {
		ck_assert_uint_le(deferred, KEPT_MAX);
		queue_release_due(inside->queue, INT64_MAX);
		inside_deliver(inside, no, NULL);
		deferred += MANY;
	}
	return deferred;
}

START_TEST(little_begins_while_the_disk_refuses)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	struct inside inside;
	struct rig rig;

	begin(&inside, &rig, MANY);
	rig_break(CALL_PWRITEV, 0, ALWAYS, ENOSPC);
	ck_assert_uint_eq(defer_until_full(&inside), KEPT_MAX);
	ck_assert_uint_eq(spool_outcomes_kept(inside.outcomes), KEPT_MAX);
	rig_mend();
	while (spool_outcomes_kept(inside.outcomes) > 0) { /* by itself */
		ck_assert_int_lt(clock_mono_ms(), until);
		event_base_loop(inside.base, EVLOOP_ONCE);
	}
	ck_assert(ledger_has_room(inside.ledger));
	ck_assert_uint_eq(queue_count(inside.queue), MANY);
	end(&inside, &rig);
}
END_TEST

START_TEST(what_was_delivered_on_a_full_disk_stays_so)
{
	int64_t until = clock_mono_ms() + DEADLINE_MS;
	struct inside inside;
	struct rig rig;

	begin(&inside, &rig, MANY);
	rig_break(CALL_PWRITEV, 0, ALWAYS, ENOSPC);
	inside_deliver(&inside, all_but_one, NULL);
	ck_assert_uint_eq(spool_outcomes_kept(inside.outcomes), MANY);
	rig_mend();
	while (spool_outcomes_kept(inside.outcomes) > 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		event_base_loop(inside.base, EVLOOP_ONCE);
	}
	inside_close(&inside);
	rig_restart(&rig);
	inside_open(&inside, &rig);
	ck_assert_uint_eq(queue_count(inside.queue), 1);
	ck_assert_ptr_nonnull(queue_find(inside.queue, MANY));
	end(&inside, &rig);
}
END_TEST

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	(void)ctx;
	(void)place;
	ck_assert_int_eq(error, 0);
}

/* A message for two, who go different ways. */
static void
put_for_two(struct inside *inside, uint64_t id)
{
	char *rcpt[] = { (char[]){ "a@one.example" }, (char[]){ "b@two.example" } };
	const struct envelope envelope = {
		.id = id,
		.client = (char[]){ "127.0.0.1:40000" },
		.helo = (char[]){ "app" },
		.listener = (char[]){ "local" },
		.from = (char[]){ "from@example.com" },
		.rcpt = rcpt,
		.nrcpt = 2,
	};

	spool_message_commit(
	    spool_message_begin(inside->rig->writer, id), &envelope, on_commit, NULL);
	while (queue_find(inside->queue, id) == NULL)
		inside_turn(inside);
}

/* What its plan has for these routes, without its end. */
static struct delivery *
take(struct inside *inside, struct route_set routes)
{
	struct delivery *delivery;
	struct queue_item *item;

	inside->taker.routes = routes;
	item = queue_take(inside->queue, &inside->taker);
	ck_assert_ptr_nonnull(item);
	ck_assert_int_eq(delivery_open(inside->rig->spool, inside->queue, item, false, &delivery),
	    DELIVERY_OPENED);
	route_narrow(&inside->config, inside->detours, delivery, &routes);
	ck_assert_uint_eq(delivery->nrcpt, 1);
	return delivery;
}

START_TEST(it_was_tried_when_all_had_their_turn)
{
	static char one[] = "one.example", *to[] = { one };
	static struct config_route route[] = { { .name = "one", .to = { to, 1 } },
		{ .name = "rest" } };
	struct inside inside;
	struct rig rig;

	begin(&inside, &rig, 0);
	inside.config.route = route;
	inside.config.nroute = 2;
	put_for_two(&inside, 1);
	for (unsigned i = 0; i < 2; i++) {
		struct delivery *delivery =
		    take(&inside, (struct route_set){ { UINT64_C(1) << i } });

		ck_assert(!queue_find(inside.queue, 1)->was_tried);
		delivery_judge_all(
		    delivery, RCPT_UNTRIED, RCPT_DEFERRED, 450, "4.2.1", "mailbox busy");
		ledger_settle(inside.ledger, delivery, NULL, true);
	}
	ck_assert(queue_find(inside.queue, 1)->was_tried);
	end(&inside, &rig);
}
END_TEST

START_TEST(a_broken_connection_is_a_try_and_a_throttle_is_none)
{
	for (unsigned i = 0; i < 2; i++) {
		struct inside inside;
		struct rig rig;

		begin(&inside, &rig, 1);

		struct delivery *delivery = take(&inside, (struct route_set){ { 1 } });

		delivery->rest = i == 0;
		delivery->throttled = i == 1;
		ledger_settle(inside.ledger, delivery, NULL, true);
		ck_assert_int_eq(queue_find(inside.queue, 1)->state, QUEUE_WAITING);
		ck_assert_int_eq(queue_find(inside.queue, 1)->was_tried, i == 0);
		end(&inside, &rig);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "tries", it_was_tried_when_all_had_their_turn,
	    a_broken_connection_is_a_try_and_a_throttle_is_none);
	add_tests(suite, "full disk", a_message_ends_when_its_report_is_safe,
	    little_begins_while_the_disk_refuses, what_was_delivered_on_a_full_disk_stays_so);
}

UNIT_MAIN("outbound/ledger")
