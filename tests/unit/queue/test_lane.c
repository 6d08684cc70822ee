/* SPDX-License-Identifier: ISC */
/* test_lane.c - covers queue/lane.c: whose turn it is when others come meanwhile. */
#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/reader.h"
#include "unit.h"

static void
add(struct queue *queue, uint64_t id, const char *from)
{
	char *rcpt = (char[]){ "b@example.com" };
	struct envelope envelope = { .id = id, .from = (char *)from, .rcpt = &rcpt, .nrcpt = 1 };
	const struct spool_record record = { .id = id, .envelope = &envelope };

	ck_assert_ptr_nonnull(queue_add(queue, &record));
}

static uint64_t
take(struct queue *queue)
{
	static struct plan_taker usual = { .routes = { { 1 } } };

	return queue_take(queue, &usual)->id;
}

/* Whoever sends one message now and then does not wait for another of the backlog... */
START_TEST(who_comes_new_is_next)
{
	static const char *const others[] = { "a@example.com", "b@example.com", "c@example.com" };
	struct queue *queue = queue_new();
	uint64_t news = 1;

	for (uint64_t id = 1; id <= 100; id++)
		add(queue, id, "newsletter@example.com");
	ck_assert_uint_eq(take(queue), news++);
	for (uint64_t id = 200; id < 203; id++) {
		add(queue, id, others[id % 3]);
		ck_assert_uint_eq(take(queue), id);
	}
	ck_assert_uint_eq(take(queue), news++);
	for (uint64_t id = 300; id < 303; id++) /* at once: in their order */
		add(queue, id, others[id % 3]);
	queue_remove(queue, queue_find(queue, 301));
	ck_assert_uint_eq(take(queue), 300);
	ck_assert_uint_eq(take(queue), 302);
	ck_assert_uint_eq(take(queue), news++);
	queue_free(&queue);
}
END_TEST

/* ... but the backlog has its share, and so has who waits already. */
START_TEST(who_comes_new_keeps_nobody_out)
{
	struct queue *queue = queue_new();
	size_t news = 0;

	for (uint64_t id = 1; id <= 100; id++)
		add(queue, id, "newsletter@example.com");
	for (uint64_t turn = 0; turn < 80; turn++) {
		add(queue, 1000 + turn, turn % 2 ? "a@example.com" : "b@example.com");
		news += take(queue) <= 100;
	}
	ck_assert_uint_ge(news, 80 / 8);
	queue_free(&queue);
}
END_TEST

START_TEST(who_waits_has_the_turn_before_who_comes_new)
{
	struct queue *queue = queue_new();

	for (uint64_t id = 1; id <= 10; id++) {
		add(queue, id, "newsletter@example.com");
		add(queue, 10 + id, "list@example.com");
	}
	ck_assert_uint_eq(take(queue), 1);
	add(queue, 100, "a@example.com");
	ck_assert_uint_eq(take(queue), 11);
	ck_assert_uint_eq(take(queue), 100);
	ck_assert_uint_eq(take(queue), 2);
	ck_assert_uint_eq(take(queue), 12);
	queue_free(&queue);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "lane", who_comes_new_is_next, who_comes_new_keeps_nobody_out,
	    who_waits_has_the_turn_before_who_comes_new);
}

UNIT_MAIN("lane")
