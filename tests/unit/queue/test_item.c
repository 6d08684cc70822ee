/* SPDX-License-Identifier: ISC */
/* test_item.c - what an item tells by itself: its place, whose part has ended, and when its sender
 * wants it sent (RFC 4865). */
#include "queue/item.h"

#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/reader.h"
#include "unit.h"

/* A message of an id of `begun_ms` that its sender wants sent at release_ms. */
static struct queue_item *
add_later(struct queue *queue, int64_t begun_ms, int64_t release_ms, int64_t next_try_ms)
{
	char *rcpt = (char[]){ "b@example.com" };
	struct envelope envelope = { .from = (char[]){ "a@example.com" },
		.rcpt = &rcpt,
		.nrcpt = 1,
		.release_ms = release_ms,
		.next_try_ms = next_try_ms };
	const struct spool_record record = {
		.id = (uint64_t)begun_ms << 20, .record_len = 128, .envelope = &envelope
	};

	return queue_add(queue, &record);
}

START_TEST(the_age_counts_from_the_release)
{
	static const struct {
		int64_t release_ms, now_ms;
		uint64_t age_ms;
	} cases[] = {
		{ 0, 1500, 500 }, { 0, 900, 0 }, { 5000, 4999, 0 }, { 5000, 7000, 2000 },
		{ 5500, 7000, 1000 }, /* the whole second after it */
		{ 500, 1500, 500 },   /* it was over before the message was here */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct queue *queue = queue_new();
		const struct queue_item *item = add_later(queue, 1000, cases[i].release_ms, 0);

		ck_assert_uint_eq(queue_age_ms(item, cases[i].now_ms), cases[i].age_ms);
		queue_free(&queue);
	}
}
END_TEST

START_TEST(knows_who_waits_for_a_release)
{
	struct queue *queue = queue_new();
	struct queue_item *item = add_later(queue, 1000, 5500, 5500);

	ck_assert(queue_awaits_release(item));
	queue_wait(queue, item, 3000); /* it was let go early, and rests */
	ck_assert(!queue_awaits_release(item));
	queue_wait(queue, item, 9000); /* it was due, and rests: no attempt was counted */
	ck_assert(!queue_awaits_release(item));
	queue_wait(queue, item, 5500);
	ck_assert(queue_awaits_release(item));
	item->attempts = 1;
	ck_assert(!queue_awaits_release(item));
	item->attempts = 0;
	queue_release_due(queue, 5500);
	ck_assert(!queue_awaits_release(item));
	ck_assert(!queue_awaits_release(add_later(queue, 1001, 0, 9000)));
	queue_free(&queue);
}
END_TEST

START_TEST(a_retry_of_all_leaves_senders_their_wish)
{
	struct queue *queue = queue_new();
	struct queue_item *later = add_later(queue, 1000, 5000, 5000);

	add_later(queue, 1001, 0, 2000);
	add_later(queue, 1002, 0, 0);
	queue_hold(queue, add_later(queue, 1003, 0, 2000));
	ck_assert_uint_eq(queue_retry_all(queue, 1500), 1);
	ck_assert_uint_eq(queue_count_state(queue, QUEUE_READY), 2);
	ck_assert_int_eq(later->state, QUEUE_WAITING);
	queue_grab(queue, later); /* it is being copied, and that may fail */
	queue_retry_all(queue, 1500);
	ck_assert_int_eq(later->next_try_ms, 5000);
	queue_free(&queue);
}
END_TEST

START_TEST(a_retry_of_all_is_one_of_all_recipients)
{
	struct plan_taker taker = { .routes = { { 1 } } };
	struct queue *queue = queue_new();
	struct queue_item *due = add_later(queue, 1000, 0, 0),
			  *not_due = add_later(queue, 1001, 0, 0);

	/* Those of another route wait, by a clock that was ahead. */
	ck_assert_ptr_eq(queue_take(queue, &taker), due);
	queue_put_back(queue, due, true, 1400);
	ck_assert_ptr_eq(queue_take(queue, &taker), not_due);
	queue_put_back(queue, not_due, true, 9000);
	due->was_tried = not_due->was_tried = 1;
	ck_assert_uint_eq(queue_retry_all(queue, 1500), 0);
	ck_assert_int_eq(due->next_try_ms, 1400);
	ck_assert_int_eq(not_due->next_try_ms, 1500);
	ck_assert_ptr_eq(queue_take(queue, &taker), due);
	ck_assert_ptr_eq(queue_take(queue, &taker), not_due);
	ck_assert_uint_eq(queue_retry_all(queue, 1450), 0);
	ck_assert_int_eq(not_due->next_try_ms, 1450); /* while it is being tried */
	ck_assert(!due->was_tried && !not_due->was_tried);
	queue_free(&queue);
}
END_TEST

START_TEST(packs_its_place)
{
	static const struct spool_place places[] = { { .segment = 1, .offset = 4096 },
		{ .segment = UINT64_C(1) << 39, .offset = 60 * 1024 * 1024 } };
	char *rcpt = (char[]){ "b@example.com" };
	struct envelope envelope = { .from = (char[]){ "" }, .rcpt = &rcpt, .nrcpt = 1 };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct queue *queue = queue_new();
		const struct spool_record record = {
			.id = 1, .place = places[i], .record_len = 640, .envelope = &envelope
		};
		const struct queue_item *item = queue_add(queue, &record);

		ck_assert_uint_eq(queue_place(item).segment, places[i].segment);
		ck_assert_uint_eq(queue_place(item).offset, places[i].offset);
		ck_assert_uint_eq(queue_record_len(item), 640);
		queue_free(&queue);
	}
}
END_TEST

/* In the item itself, and in a map of its own. */
START_TEST(is_done_when_every_recipient_is)
{
	static const size_t counts[] = { 1, ITEM_MAP_BITS - 1, ITEM_MAP_BITS, ITEM_MAP_BITS + 1,
		2 * ITEM_MAP_BITS, 1000 };
	char *rcpts[1000];

	for (size_t i = 0; i < 1000; i++)
		rcpts[i] = (char[]){ "b@example.com" };
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		struct envelope envelope = {
			.from = (char[]){ "" }, .rcpt = rcpts, .nrcpt = counts[i]
		};
		const struct spool_record record = {
			.id = 1, .record_len = 64, .envelope = &envelope
		};
		struct queue *queue = queue_new();
		struct queue_item *item = queue_add(queue, &record);
		uint32_t last = (uint32_t)counts[i] - 1;

		ck_assert_int_eq(item_has_map(item), counts[i] > ITEM_MAP_BITS);
		for (uint32_t rcpt = 0; rcpt < last; rcpt++)
			ck_assert(!queue_rcpt_done(item, rcpt));
		ck_assert(!queue_rcpt_is_done(item, last));
		ck_assert(queue_rcpt_done(item, last));
		ck_assert(queue_rcpt_is_done(item, last));
		queue_free(&queue);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "release", the_age_counts_from_the_release, knows_who_waits_for_a_release,
	    a_retry_of_all_leaves_senders_their_wish, a_retry_of_all_is_one_of_all_recipients);
	add_tests(suite, "packed", packs_its_place, is_done_when_every_recipient_is);
}

UNIT_MAIN("queue")
