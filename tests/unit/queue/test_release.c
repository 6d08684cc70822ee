/* SPDX-License-Identifier: ISC */
/* test_release.c - what senders want sent later (RFC 4865); of queue/queue.c. */
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
	ck_assert_uint_eq(queue_retry_all(queue), 1);
	ck_assert_uint_eq(queue_count_state(queue, QUEUE_READY), 2);
	ck_assert_int_eq(later->state, QUEUE_WAITING);
	queue_free(&queue);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "release", the_age_counts_from_the_release, knows_who_waits_for_a_release,
	    a_retry_of_all_leaves_senders_their_wish);
}

UNIT_MAIN("queue")
