/* SPDX-License-Identifier: ISC */
/*
 * test_queue.c - states, fairness, recipients, walks; with it queue/index.c, queue/lane.c and
 * queue/heap.c.
 */
#include "queue/queue.h"

#include <time.h>

#include "spool/envelope.h"
#include "spool/reader.h"
#include "unit.h"

static char *rcpts[200];
static struct plan_taker usual = { .routes = { { 1 } } };

static struct queue_item *
add(struct queue *queue, uint64_t id, const char *from, size_t nrcpt, int64_t next_try_ms,
    bool held)
{
	struct envelope envelope = {
		.id = id,
		.from = (char *)from,
		.rcpt = rcpts,
		.nrcpt = nrcpt,
		.next_try_ms = next_try_ms,
		.held = held,
	};
	const struct spool_record record = {
		.id = id,
		.place = { .segment = 1, .offset = (uint32_t)id * 64 },
		.record_len = 128,
		.content_len = 50,
		.envelope = &envelope,
	};

	return queue_add(queue, &record);
}

static uint64_t
take(struct queue *queue)
{
	const struct queue_item *item = queue_take(queue, &usual);

	return item != NULL ? item->id : 0;
}

START_TEST(takes_messages_of_one_sender_in_order)
{
	struct queue *queue = queue_new();

	for (uint64_t id = 1; id <= 3; id++)
		add(queue, id, "a@example.com", 1, 0, false);
	ck_assert_uint_eq(take(queue), 1);
	ck_assert_uint_eq(take(queue), 2);
	ck_assert_uint_eq(take(queue), 3);
	ck_assert_uint_eq(take(queue), 0);
	ck_assert_uint_eq(queue_count_state(queue, QUEUE_ACTIVE), 3);
	queue_free(&queue);
}
END_TEST

START_TEST(senders_take_turns)
{
	struct queue *queue = queue_new();

	for (uint64_t id = 1; id <= 100; id++)
		add(queue, id, "newsletter@example.com", 1, 0, false);
	add(queue, 200, "reset@example.com", 1, 0, false);
	ck_assert_uint_eq(take(queue), 1);
	ck_assert_uint_eq(take(queue), 200);
	ck_assert_uint_eq(take(queue), 2);
	queue_free(&queue);
}
END_TEST

START_TEST(sender_lanes_ignore_case)
{
	struct queue *queue = queue_new();

	add(queue, 1, "News@Example.com", 1, 0, false);
	add(queue, 2, "news@example.com", 1, 0, false);
	add(queue, 3, "other@example.com", 1, 0, false);
	ck_assert_uint_eq(take(queue), 1);
	ck_assert_uint_eq(take(queue), 3);
	ck_assert_uint_eq(take(queue), 2);
	queue_free(&queue);
}
END_TEST

/* The plan of these routes, as bits. */
static void
replan(struct queue *queue, struct queue_item *item, uint64_t bits, int priority)
{
	const struct route_set routes = { { bits } };
	int64_t plan = queue_plan(queue, &routes, priority, 0);

	ck_assert_int_ge(plan, 0);
	ck_assert(queue_replan(queue, item, (uint32_t)plan));
	ck_assert_uint_eq(queue_routes(queue, item)->bits[0], bits);
}

START_TEST(each_taker_gets_what_its_routes_are_for)
{
	struct queue *queue = queue_new();
	struct plan_taker one = { .routes = { { 1 } } }, two = { .routes = { { 2 } } };
	struct queue_item *item[4];

	for (uint64_t id = 1; id <= 3; id++) {
		item[id] = add(queue, id, "a@example.com", 1, 0, false);
		replan(queue, item[id], id, 0);
	}
	ck_assert_uint_eq(queue_count_ready(queue, &one.routes), 2);
	ck_assert_ptr_eq(queue_take(queue, &two), item[2]);
	ck_assert_ptr_eq(queue_take(queue, &two), item[3]);
	ck_assert_ptr_null(queue_take(queue, &two));
	replan(queue, item[3], 1, 0); /* what is left of it */
	queue_put_back(queue, item[3], false, 0);
	ck_assert_ptr_null(queue_take(queue, &two));
	ck_assert_ptr_eq(queue_take(queue, &one), item[3]);
	ck_assert_ptr_eq(queue_take(queue, &one), item[1]);
	queue_free(&queue);
}
END_TEST

START_TEST(a_plan_changes_in_any_state)
{
	static const enum queue_state states[] = { QUEUE_READY, QUEUE_WAITING, QUEUE_ACTIVE,
		QUEUE_HELD };

	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		struct queue *queue = queue_new();
		bool waits = states[i] == QUEUE_WAITING, is_held = states[i] == QUEUE_HELD;
		struct queue_item *item =
		    add(queue, 1, "a@example.com", 1, waits ? 1000 : 0, is_held);
		struct plan_taker two = { .routes = { { 2 } } };

		add(queue, 2, "a@example.com", 1, 0, false);
		if (states[i] == QUEUE_ACTIVE)
			ck_assert_ptr_eq(queue_take(queue, &usual), item);
		replan(queue, item, 2, 3);
		ck_assert_int_eq(item->state, states[i]);
		ck_assert_uint_eq(take(queue), 2);
		if (states[i] == QUEUE_ACTIVE)
			queue_put_back(queue, item, true, 0);
		else
			queue_make_ready(queue, item);
		ck_assert_uint_eq(take(queue), 0);
		ck_assert_ptr_eq(queue_take(queue, &two), item);
		queue_free(&queue);
	}
}
END_TEST

START_TEST(senders_take_turns_within_a_priority)
{
	struct queue *queue = queue_new();

	for (uint64_t id = 1; id <= 20; id++)
		add(queue, id, "news@example.com", 1, 0, false);
	for (uint64_t id = 31; id <= 40; id++)
		replan(queue, add(queue, id, "urgent@example.com", 1, 0, false), 1, 5);
	for (uint64_t id = 41; id <= 43; id++)
		replan(queue, add(queue, id, "other@example.com", 1, 0, false), 1, 5);
	for (uint64_t id = 1; id <= 7; id++)
		ck_assert_uint_gt(take(queue), 30);
	ck_assert_uint_eq(take(queue), 1);
	for (uint64_t id = 1; id <= 6; id++)
		ck_assert_uint_gt(take(queue), 30);
	ck_assert_uint_eq(take(queue), 2); /* nothing urgent is left */
	queue_free(&queue);
}
END_TEST

START_TEST(waits_until_due)
{
	struct queue *queue = queue_new();

	add(queue, 1, "a@example.com", 1, 2000, false);
	add(queue, 2, "b@example.com", 1, 1000, false);
	ck_assert_int_eq(queue_next_due(queue), 1000);
	ck_assert_uint_eq(queue_release_due(queue, 999), 0);
	ck_assert_uint_eq(take(queue), 0);
	ck_assert_uint_eq(queue_release_due(queue, 1000), 1);
	ck_assert_uint_eq(take(queue), 2);
	ck_assert_int_eq(queue_next_due(queue), 2000);
	ck_assert_uint_eq(queue_release_due(queue, INT64_MAX), 1);
	ck_assert_int_eq(queue_next_due(queue), INT64_MAX);
	queue_free(&queue);
}
END_TEST

/* All of a newsletter was put off together, and is due together: others leave with the next slot,
 * whether they come then, had come before, or waited as well, and the loop does not stand still. */
START_TEST(a_backlog_that_is_due_at_once_delays_nobody)
{
	enum { BACKLOG = 100000 };
	static const char *const others[] = { "reset@example.com", "waits@example.com",
		"late@example.com" };
	struct queue *queue = queue_new();
	size_t news = 0;

	add(queue, 1, others[0], 1, 0, false);
	for (uint64_t id = 10; id < 10 + BACKLOG; id++)
		add(queue, id, "news@example.com", 1, 1000 + (int64_t)(id * 7919 % 100), false);
	add(queue, 2, others[1], 1, 1100, false);

	clock_t began = clock();

	ck_assert_uint_eq(queue_release_due(queue, 1100), BACKLOG + 1);
	ck_assert_int_lt(clock() - began, CLOCKS_PER_SEC);
	add(queue, 3, others[2], 1, 0, false);
	for (int slot = 0; slot < 4; slot++)
		news += take(queue) >= 10;
	ck_assert_uint_eq(news, 1);
	ck_assert_uint_eq(queue_count_state(queue, QUEUE_READY), BACKLOG - 1);
	add(queue, 4, others[0], 1, 0, false);
	ck_assert(take(queue) == 4 || take(queue) == 4);
	queue_free(&queue);
}
END_TEST

START_TEST(heap_keeps_order_under_removal)
{
	struct queue *queue = queue_new();
	struct queue_item *item[500];
	int64_t last = 0;

	for (uint64_t i = 0; i < 500; i++)
		item[i] =
		    add(queue, i + 1, "a@example.com", 1, (int64_t)(i * 7919 % 503) + 1, false);
	for (size_t i = 0; i < 500; i += 3)
		queue_remove(queue, item[i]);
	while (queue_next_due(queue) != INT64_MAX) {
		ck_assert_int_ge(queue_next_due(queue), last);
		last = queue_next_due(queue);
		queue_release_due(queue, last);
	}
	ck_assert_uint_eq(queue_count_state(queue, QUEUE_READY), queue_count(queue));
	queue_free(&queue);
}
END_TEST

START_TEST(held_messages_are_not_taken)
{
	struct queue *queue = queue_new();
	struct queue_item *item = add(queue, 1, "a@example.com", 1, 0, true);

	ck_assert_uint_eq(take(queue), 0);
	queue_make_ready(queue, item);
	ck_assert_uint_eq(take(queue), 1);
	queue_put_back(queue, item, false, 0);
	queue_hold(queue, item);
	ck_assert_uint_eq(take(queue), 0);
	queue_free(&queue);
}
END_TEST

START_TEST(goes_back_to_head_or_tail)
{
	struct queue *queue = queue_new();
	struct queue_item *item;

	for (uint64_t id = 1; id <= 3; id++)
		add(queue, id, "a@example.com", 1, 0, false);
	item = queue_take(queue, &usual);
	queue_put_back(queue, item, false, 0);
	ck_assert_uint_eq(take(queue), 1);
	queue_put_back(queue, item, true, 0);
	ck_assert_uint_eq(take(queue), 2);
	ck_assert_uint_eq(take(queue), 3);
	ck_assert_uint_eq(take(queue), 1);
	queue_free(&queue);
}
END_TEST

START_TEST(grabs_from_anywhere_in_a_lane)
{
	for (uint64_t id = 1; id <= 3; id++) {
		struct queue *queue = queue_new();

		for (uint64_t i = 1; i <= 3; i++)
			add(queue, i, "a@example.com", 1, 0, false);
		queue_grab(queue, queue_find(queue, id));
		for (uint64_t i = 1; i <= 3; i++)
			if (i != id)
				ck_assert_uint_eq(take(queue), i);
		ck_assert_uint_eq(take(queue), 0);
		queue_put_back(queue, queue_find(queue, id), true, 0);
		ck_assert_uint_eq(take(queue), id);
		queue_free(&queue);
	}
}
END_TEST

START_TEST(counts_recipients_once)
{
	static const size_t sizes[] = { 1, 2, 63, 64, 65, 130 };

	for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
		struct queue *queue = queue_new();
		struct queue_item *item = add(queue, 1, "a@example.com", sizes[s], 0, false);
		uint32_t last = (uint32_t)sizes[s] - 1;

		for (uint32_t i = 0; i < last; i++) {
			ck_assert_msg(!queue_rcpt_done(item, i), "%zu recipients, %u", sizes[s], i);
			ck_assert(!queue_rcpt_done(item, i));
			ck_assert(queue_rcpt_is_done(item, i));
		}
		ck_assert(!queue_rcpt_is_done(item, last));
		ck_assert(!queue_rcpt_done(item, last + 1)); /* no such recipient */
		ck_assert(queue_rcpt_done(item, last));
		queue_free(&queue);
	}
}
END_TEST

/* The ids of what a cursor has left, as one number of decimal digits. */
static uint64_t
rest(struct queue_cursor *cursor)
{
	const struct queue_item *item;
	uint64_t digits = 0;

	while ((item = queue_cursor_next(cursor)) != NULL)
		digits = digits * 10 + item->id;
	queue_cursor_close(cursor);
	return digits;
}

static struct queue *
queue_of(uint64_t count)
{
	struct queue *queue = queue_new();

	for (uint64_t id = 1; id <= count; id++)
		add(queue, id, "a@example.com", 1, 0, false);
	return queue;
}

START_TEST(walks_oldest_first_and_finds_by_id)
{
	struct queue *queue = queue_new();
	struct queue_cursor cursor;
	const struct queue_item *item;
	uint64_t id = 0;

	for (uint64_t i = 1; i <= 5000; i++)
		add(queue, i << 20, "a@example.com", 1, 0, false);
	queue_remove(queue, queue_find(queue, UINT64_C(1) << 20));
	ck_assert_ptr_null(queue_find(queue, UINT64_C(1) << 20));
	queue_cursor_open(&cursor, queue);
	while ((item = queue_cursor_next(&cursor)) != NULL) {
		ck_assert_uint_eq(
		    item->id, (id == 0 ? UINT64_C(2) << 20 : id + (UINT64_C(1) << 20)));
		id = item->id;
		ck_assert_ptr_eq(queue_find(queue, id), item);
	}
	queue_cursor_close(&cursor);
	ck_assert_uint_eq(queue_count(queue), 4999);
	queue_free(&queue);
}
END_TEST

START_TEST(a_walk_of_an_empty_queue_is_over)
{
	struct queue *queue = queue_of(0);
	struct queue_cursor cursor = { .index = NULL };

	queue_cursor_close(&cursor); /* was never opened */
	queue_cursor_open(&cursor, queue);
	add(queue, 1, "a@example.com", 1, 0, false);
	ck_assert_uint_eq(rest(&cursor), 0);
	queue_free(&queue);
}
END_TEST

START_TEST(a_walk_survives_every_removal)
{
	for (uint64_t given = 0; given <= 5; given++) {
		for (uint64_t set = 0; set < 32; set++) {
			struct queue *queue = queue_of(5);
			struct queue_cursor cursor, other;
			uint64_t expected = 0;

			queue_cursor_open(&other, queue);
			queue_cursor_open(&cursor, queue);
			for (uint64_t i = 0; i < given; i++)
				queue_cursor_next(&cursor);
			for (uint64_t id = 1; id <= 5; id++)
				if ((set >> (id - 1) & 1) != 0)
					queue_remove(queue, queue_find(queue, id));
				else if (id > given)
					expected = expected * 10 + id;
			add(queue, 6, "a@example.com", 1, 0, false);
			ck_assert_msg(rest(&cursor) == expected, "given %d, removed %x", (int)given,
			    (unsigned)set);
			queue_cursor_close(&other);
			queue_free(&queue);
		}
	}
}
END_TEST

START_TEST(a_walk_ends_with_what_was_there)
{
	struct queue *queue = queue_of(2);
	struct queue_cursor cursor;

	queue_cursor_open(&cursor, queue);
	add(queue, 3, "a@example.com", 1, 0, false);
	ck_assert_uint_eq(rest(&cursor), 12);
	queue_free(&queue);
}
END_TEST

START_TEST(a_copy_has_the_turn_of_its_original)
{
	for (uint64_t id = 1; id <= 3; id++) {
		for (uint64_t given = 0; given < id; given++) {
			struct queue *queue = queue_of(3);
			struct queue_item *older = queue_find(queue, id);
			struct queue_cursor cursor;

			queue_cursor_open(&cursor, queue);
			for (uint64_t i = 0; i < given; i++)
				queue_cursor_next(&cursor);
			add(queue, id, "a@example.com", 1, 0, false);
			queue_remove(queue, older);
			ck_assert_ptr_ne(queue_find(queue, id), NULL);
			ck_assert_uint_eq(rest(&cursor), given == 0 ? 123 : given == 1 ? 23 : 3);
			queue_free(&queue);
		}
	}
}
END_TEST

START_TEST(keeps_places_and_lengths)
{
	static const struct {
		struct spool_place place;
		uint32_t record_len;
	} cases[] = {
		{ { 1, 4096 }, 128 },
		{ { UINT64_C(0xffffffffff), (1u << 30) - 64 }, (1u << 30) - 64 },
		{ { 0x123456789, 64u << 20 }, 64 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct queue *queue = queue_new();
		struct envelope envelope = { .from = "a@example.com", .rcpt = rcpts, .nrcpt = 1 };
		const struct spool_record record = {
			.id = 1,
			.place = cases[i].place,
			.record_len = cases[i].record_len,
			.envelope = &envelope,
		};
		const struct queue_item *item = queue_add(queue, &record);

		ck_assert_uint_eq(queue_place(item).segment, cases[i].place.segment);
		ck_assert_uint_eq(queue_place(item).offset, cases[i].place.offset);
		ck_assert_uint_eq(queue_record_len(item), cases[i].record_len);
		queue_free(&queue);
	}
}
END_TEST

START_TEST(an_item_is_80_bytes)
{
	ck_assert_uint_eq(sizeof(struct queue_item), 80);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "order", takes_messages_of_one_sender_in_order, senders_take_turns,
	    sender_lanes_ignore_case, goes_back_to_head_or_tail, grabs_from_anywhere_in_a_lane);
	add_tests(suite, "plans", each_taker_gets_what_its_routes_are_for,
	    a_plan_changes_in_any_state, senders_take_turns_within_a_priority);
	add_tests(suite, "time", waits_until_due, a_backlog_that_is_due_at_once_delays_nobody,
	    heap_keeps_order_under_removal);
	add_tests(suite, "states", held_messages_are_not_taken, counts_recipients_once,
	    keeps_places_and_lengths, an_item_is_80_bytes);
	add_tests(suite, "walks", walks_oldest_first_and_finds_by_id,
	    a_walk_of_an_empty_queue_is_over, a_walk_survives_every_removal,
	    a_walk_ends_with_what_was_there, a_copy_has_the_turn_of_its_original);
}

UNIT_MAIN("queue")
