/* SPDX-License-Identifier: ISC */
/* test_writer.c - committing: what was answered is there, groups share their sync, segments follow
 * each other. */
#include "config.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "rig.h"
#include "spool/message.h"

enum { SMALL = 256 * 1024 };

static struct found found;

START_TEST(commits_one)
{
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1, 4096), 0);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_uint_eq(found.sealed, 0);
	rig_writer_free(&rig);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 1);
	ck_assert_uint_eq(found.sealed, 1);
	rig_close(&rig);
}
END_TEST

START_TEST(commits_every_size)
{
	static const size_t size[] = { 0, 1, 63, 64, 65, 4096, 65535, 65536, 65537, 100000,
		3000000 };
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (size_t i = 0; i < sizeof size / sizeof *size; i++)
		ck_assert_int_eq(rig_put(&rig, i + 1, size[i]), 0);
	rig_writer_free(&rig);
	rig_restart(&rig);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, sizeof size / sizeof *size);
	for (size_t i = 0; i < found.count; i++)
		ck_assert_uint_eq(found.record[i].content_len, size[found.record[i].id - 1]);
	ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 3);
	ck_assert_uint_eq(rig_count(&rig, "large", ".part"), 0);
	rig_close(&rig);
}
END_TEST

static void
commit_empty(struct spool_message *message, uint64_t id)
{
	char *rcpt = (char[]){ "to@example.com" };
	const struct envelope envelope = {
		.id = id, .from = (char[]){ "" }, .rcpt = &rcpt, .nrcpt = 1
	};

	spool_message_commit(message, &envelope, NULL, NULL);
}

/* How many of these, begun one after another and committed in the end, go to files. */
static const struct budget_case {
	uint64_t budget;
	size_t size, large;
} budgets[] = {
	{ 0, 64 * 1024, 0 },
	{ 0, 64 * 1024 + 1, 4 },
	{ 2, 64 * 1024 + 1, 2 },
	{ 4, 64 * 1024 + 1, 0 },
	{ 40 * 1024, 100 * 1024, 3 },
	{ 144 * 1024, 100 * 1024, 0 },
	{ 8 * 192 * 1024, 256 * 1024, 0 },
	{ 8 * 192 * 1024, 256 * 1024 + 1, 4 },
};

static void
append_in_pieces(struct spool_message *message, size_t size)
{
	static const char piece[8192];
	struct evbuffer *content = evbuffer_new();

	while (size > 0) {
		size_t len = size < sizeof piece ? size : sizeof piece;

		evbuffer_add(content, piece, len);
		ck_assert_int_eq(spool_message_append(message, content), 0);
		size -= len;
	}
	evbuffer_free(content);
}

/* Twice, so that the second time shows that the first gave everything back. */
START_TEST(borrows_within_the_budget)
{
	const struct budget_case *c = &budgets[_i];
	struct rig rig;

	rig_open(&rig, 4 * 1024 * 1024);
	rig.spool->inline_budget = c->budget;
	rig_writer(&rig);
	for (uint64_t round = 0; round < 2; round++) {
		struct spool_message *message[4];
		struct sent sent;

		for (uint64_t i = 0; i < 4; i++) {
			message[i] = spool_message_begin(rig.writer, round * 10 + i + 1);
			append_in_pieces(message[i], c->size);
		}
		for (uint64_t i = 0; i < 4; i++)
			commit_empty(message[i], round * 10 + i + 1);
		/* Those above go through the file thread, and so does this: it comes last. */
		rig_send(&rig, round * 10 + 9, SPOOL_INLINE_MAX + 1, &sent);
		rig_wait(&rig, &sent, 1);
		ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), (round + 1) * (c->large + 1));
	}
	rig_close(&rig);
}
END_TEST

START_TEST(shares_syncs)
{
	enum { MESSAGES = 200 };
	static struct sent sent[MESSAGES];
	struct rig rig;

	rig_open(&rig, 4 * 1024 * 1024);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1000, 10), 0);
	rig_slow(20);

	int before = rig_calls(CALL_FDATASYNC);

	for (size_t i = 0; i < MESSAGES; i++)
		rig_send(&rig, i + 1, 2000, &sent[i]);
	rig_wait(&rig, sent, MESSAGES);

	int syncs = rig_calls(CALL_FDATASYNC) - before;

	rig_slow(0);
	ck_assert_msg(syncs < MESSAGES / 10, "%d syncs", syncs);
	for (size_t i = 0; i < MESSAGES; i++)
		ck_assert_int_eq(sent[i].error, 0);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, MESSAGES + 1);
	rig_close(&rig);
}
END_TEST

/* Two are begun, so the first that waits is held back, until as many wait. */
START_TEST(waits_for_what_is_begun)
{
	struct spool_message *begun[2];
	struct sent sent[2];
	struct rig rig;

	rig_open(&rig, 4 * 1024 * 1024);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1000, 10), 0);
	rig.writer->gather.wait_us = INT64_C(60) * 1000 * 1000;
	for (uint64_t i = 0; i < 2; i++)
		begun[i] = spool_message_begin(rig.writer, i + 1);

	uint64_t before = counter_get(&rig.counters.spool_groups);

	rig_send(&rig, 3, 10, &sent[0]);
	usleep(1000); /* long enough for it to be committed alone */
	rig_send(&rig, 4, 10, &sent[1]);
	rig_wait(&rig, sent, 2);
	ck_assert_int_eq(sent[0].error, 0);
	ck_assert_int_eq(sent[1].error, 0);
	ck_assert_uint_eq(counter_get(&rig.counters.spool_groups) - before, 1);
	for (size_t i = 0; i < 2; i++)
		spool_message_abort(&begun[i]);
	rig_close(&rig);
}
END_TEST

START_TEST(waits_for_no_one_for_ever)
{
	struct spool_message *stuck[20];
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (uint64_t i = 0; i < 20; i++)
		stuck[i] = spool_message_begin(rig.writer, i + 100);
	for (uint64_t i = 0; i < 50; i++)
		ck_assert_int_eq(rig_put(&rig, i + 1, 10), 0);
	for (int i = 0; i < 20; i++)
		spool_message_abort(&stuck[i]);
	ck_assert_int_eq(rig_put(&rig, 60, 10), 0);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 51);
	rig_close(&rig);
}
END_TEST

START_TEST(fills_many_segments)
{
	enum { MESSAGES = 300 };
	static struct sent sent[MESSAGES];
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (size_t i = 0; i < MESSAGES; i++)
		rig_send(&rig, i + 1, 10000, &sent[i]);
	rig_wait(&rig, sent, MESSAGES);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, MESSAGES);
	for (size_t i = 1; i < found.count; i++)
		ck_assert_uint_eq(found.record[i].id, found.record[i - 1].id + 1);
	ck_assert_uint_ge(found.sealed, 11);
	rig_close(&rig);
}
END_TEST

/* What was in it is lost, but nobody's 250 that comes later. */
START_TEST(writes_nothing_to_a_removed_file)
{
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1, 100), 0);
	ck_assert_int_eq(unlink(rig_file(&rig, "log", 1, "seg")), 0);
	ck_assert_int_eq(rig_put(&rig, 2, 100), 0);
	ck_assert_int_eq(rig_put(&rig, 3, 100), 0);
	rig_writer_free(&rig);
	rig_restart(&rig);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_uint_eq(found.record[0].id, 2);
	ck_assert_uint_eq(found.record[1].id, 3);
	ck_assert_uint_eq(found.record[1].place.segment, 2);
	rig_close(&rig);
}
END_TEST

START_TEST(refuses_what_fits_in_no_segment)
{
	struct rig rig;

	rig_open(&rig, 32 * 1024);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1, 40000), EMSGSIZE);
	ck_assert_int_eq(rig_put(&rig, 2, 1000), 0);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 1);
	rig_close(&rig);
}
END_TEST

static void
never(void *ctx, int error, const struct spool_place *place)
{
	(void)ctx;
	(void)place;
	ck_abort_msg("called back with %d", error);
}

START_TEST(keeps_a_forgotten_message)
{
	struct rig rig;
	struct sent sent;
	char *rcpt = (char[]){ "to@example.com" };
	const struct envelope envelope = {
		.id = 7, .from = (char[]){ "" }, .rcpt = &rcpt, .nrcpt = 1
	};

	rig_open(&rig, SMALL);
	rig_writer(&rig);

	struct spool_message *message = spool_message_begin(rig.writer, 7);

	spool_message_commit(message, &envelope, never, NULL);
	spool_message_forget(message);
	rig_send(&rig, 8, 10, &sent);
	rig_wait(&rig, &sent, 1);
	rig_read(&rig, &found);
	ck_assert(rig_has(&found, 7));
	rig_close(&rig);
}
END_TEST

START_TEST(aborts_without_trace)
{
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (uint64_t id = 1; id <= 2; id++) {
		struct spool_message *message = spool_message_begin(rig.writer, id);
		struct evbuffer *content = evbuffer_new();
		char piece[1000] = "";

		for (int i = 0; i < (id == 1 ? 10 : 200); i++) {
			evbuffer_add(content, piece, sizeof piece);
			ck_assert_int_eq(spool_message_append(message, content), 0);
		}
		spool_message_abort(&message);
		ck_assert_ptr_null(message);
		evbuffer_free(content);
	}
	rig_writer_free(&rig);
	ck_assert_uint_eq(rig_count(&rig, "large", ".part"), 0);
	ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 0);
	ck_assert_uint_eq(rig_count(&rig, "log", ".seg"), 0);
	rig_close(&rig);
}
END_TEST

static void
count_drain(void *ctx)
{
	++*(int *)ctx;
}

START_TEST(asks_the_sender_to_pause)
{
	struct rig rig;
	int drained = 0;
	bool was_backlogged = false;
	char piece[32768] = "";

	rig_open(&rig, SMALL);
	rig_writer(&rig);

	struct spool_message *message = spool_message_begin(rig.writer, 1);
	struct evbuffer *content = evbuffer_new();

	spool_message_on_drain(message, count_drain, &drained);
	rig_slow(100);
	for (int i = 0; i < 400 && !was_backlogged; i++) {
		evbuffer_add(content, piece, sizeof piece);
		ck_assert_int_eq(spool_message_append(message, content), 0);
		was_backlogged = spool_message_is_backlogged(message);
	}
	rig_slow(0);
	ck_assert(was_backlogged);
	while (drained == 0)
		event_base_loop(rig.base, EVLOOP_ONCE);
	ck_assert(!spool_message_is_backlogged(message));
	evbuffer_free(content);
	spool_message_abort(&message);
	rig_close(&rig);
}
END_TEST

START_TEST(two_writers_do_not_meet)
{
	enum { MESSAGES = 100 };
	static struct sent sent[2][MESSAGES];
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);

	struct spool_writer *first = rig.writer;

	rig_writer(&rig);

	struct spool_writer *second = rig.writer;

	ck_assert_uint_ne(spool_writer_tag(first), spool_writer_tag(second));
	for (size_t i = 0; i < MESSAGES; i++) {
		rig.writer = first;
		rig_send(&rig, i + 1, i % 10 == 0 ? 70000 : 9000, &sent[0][i]);
		rig.writer = second;
		rig_send(&rig, i + 1001, i % 10 == 0 ? 70000 : 9000, &sent[1][i]);
	}
	rig_wait(&rig, sent[0], MESSAGES);
	rig_wait(&rig, sent[1], MESSAGES);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 2 * MESSAGES);
	spool_writer_free(&first);
	rig_close(&rig);
}
END_TEST

START_TEST(takes_an_older_message)
{
	static const size_t size[] = { 5000, 90000 };
	char *rcpt = (char[]){ "to@example.com" };
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (size_t i = 0; i < 2; i++) {
		const struct envelope envelope = { .id = i + 1,
			.from = (char[]){ "" },
			.rcpt = &rcpt,
			.nrcpt = 1,
			.attempts = 3 };
		struct sent sent;

		rig_send(&rig, i + 1, size[i], &sent);
		rig_wait(&rig, &sent, 1);

		struct spool_message *message = spool_message_begin(rig.writer, i + 1);

		ck_assert_int_eq(spool_message_take(message, &sent.place), 0);
		ck_assert_uint_eq(spool_message_size(message), size[i]);
		spool_message_commit(message, &envelope, NULL, NULL);
	}
	rig_writer_free(&rig);
	rig_read(&rig, &found);
	ck_assert_uint_eq(rig_times(&found, 1), 2);
	ck_assert_uint_eq(rig_times(&found, 2), 2);
	/* Recovery meets the copy later. */
	for (size_t i = 0; i < found.count; i++)
		for (size_t j = i + 1; j < found.count; j++)
			ck_assert(found.record[i].id != found.record[j].id ||
				  found.record[i].place.segment < found.record[j].place.segment);
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "commit", commits_one, commits_every_size, shares_syncs,
	    waits_for_what_is_begun, waits_for_no_one_for_ever, fills_many_segments,
	    writes_nothing_to_a_removed_file, refuses_what_fits_in_no_segment,
	    two_writers_do_not_meet, takes_an_older_message);
	TCase *budget = tcase_create("budget");

	tcase_add_loop_test(budget, borrows_within_the_budget, 0, sizeof budgets / sizeof *budgets);
	suite_add_tcase(suite, budget);
	add_tests(suite, "message", keeps_a_forgotten_message, aborts_without_trace,
	    asks_the_sender_to_pause);
}

UNIT_MAIN("spool/writer")
