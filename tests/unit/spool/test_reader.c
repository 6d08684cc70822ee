/* SPDX-License-Identifier: ISC */
/* test_reader.c - following live segments, and reading messages again by their place. */
#include "config.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "rig.h"
#include "spool/large.h"
#include "spool/record.h"

enum { SMALL = 256 * 1024 };

struct told {
	uint64_t opened[16], sealed[16];
	uint32_t size[16];
	size_t nopened, nsealed;
	unsigned refused; /* so often on_segment will fail */
};

static int
on_segment(void *ctx, uint64_t segment, uint32_t *reach)
{
	struct told *told = ctx;

	*reach = 0;
	if (told->refused > 0) {
		told->refused--;
		errno = EACCES;
		return -1;
	}
	told->opened[told->nopened++ % 16] = segment;
	return 0;
}

static void
on_sealed(void *ctx, uint64_t segment, uint32_t size)
{
	struct told *told = ctx;

	told->size[told->nsealed % 16] = size;
	told->sealed[told->nsealed++ % 16] = segment;
}

static const struct spool_reader_events events = { on_segment, on_sealed };

/* The id of the next message, 0 when there is none. */
static uint64_t
next_id(struct spool_reader *reader)
{
	struct spool_record record;
	enum spool_next next = spool_reader_next(reader, &record);

	ck_assert_int_ne(next, SPOOL_NEXT_ERROR);
	if (next == SPOOL_NEXT_WAIT)
		return 0;
	envelope_free(&record.envelope);
	return record.id;
}

START_TEST(follows_a_writer)
{
	struct told told = { .nopened = 0 };
	struct rig rig;

	rig_open(&rig, SMALL);

	struct spool_reader *reader = spool_reader_new(rig.spool, &rig.counters);

	spool_reader_on(reader, &events, &told);
	ck_assert_uint_eq(next_id(reader), 0);
	rig_writer(&rig);
	for (uint64_t id = 1; id <= 100; id++) {
		ck_assert_int_eq(rig_put(&rig, id, 9000), 0);
		ck_assert_uint_eq(next_id(reader), id);
		ck_assert_uint_eq(next_id(reader), 0);
	}
	ck_assert_uint_ge(told.nopened, 3);
	ck_assert_uint_eq(told.nsealed, told.nopened - 1);
	rig_writer_free(&rig);
	ck_assert_uint_eq(next_id(reader), 0);
	ck_assert_uint_eq(told.nsealed, told.nopened);
	ck_assert_uint_gt(told.size[0], 9000 * 20);
	spool_reader_free(&reader);
	rig_close(&rig);
}
END_TEST

/* What is written and not committed is not there. */
START_TEST(never_reads_past_the_committed_offset)
{
	struct rig rig;
	struct sent sent[3];

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (size_t i = 0; i < 3; i++) {
		rig_send(&rig, i + 1, 1000, &sent[i]);
		rig_wait(&rig, &sent[i], 1);
	}
	rig.board->slot[0].committed = sent[2].place.offset;

	struct spool_reader *reader = spool_reader_new(rig.spool, &rig.counters);

	ck_assert_uint_eq(next_id(reader), 1);
	ck_assert_uint_eq(next_id(reader), 2);
	ck_assert_uint_eq(next_id(reader), 0);
	rig.board->slot[0].committed = rig.board->slot[0].committed + 5000;
	spool_reader_free(&reader);
	rig_close(&rig);
}
END_TEST

START_TEST(waits_while_a_number_is_being_claimed)
{
	struct spool_record record;
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1, 1000), 0);
	rig.board->slot[5].segment = BOARD_CLAIMING;

	struct spool_reader *reader = spool_reader_new(rig.spool, &rig.counters);

	ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_ERROR);
	ck_assert_int_eq(errno, EAGAIN);
	rig.board->slot[5].segment = 0;
	ck_assert_uint_eq(next_id(reader), 1);
	spool_reader_free(&reader);
	rig_close(&rig);
}
END_TEST

/* A writer that has a number and no file yet holds up nobody, and is not forgotten. */
START_TEST(waits_for_a_file_that_is_to_come)
{
	struct rig rig;
	char later[160];

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1, 1000), 0);

	struct spool_writer *first = rig.writer;

	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 2, 1000), 0);
	snprintf(later, sizeof later, "%s/later", rig.path);
	ck_assert_int_eq(rename(rig_file(&rig, "log", 1, "seg"), later), 0);

	struct spool_reader *reader = spool_reader_new(rig.spool, &rig.counters);

	ck_assert_uint_eq(next_id(reader), 2);
	ck_assert_uint_eq(next_id(reader), 0);
	ck_assert_int_eq(rename(later, rig_file(&rig, "log", 1, "seg")), 0);
	ck_assert_uint_eq(next_id(reader), 1);
	spool_reader_free(&reader);
	spool_writer_free(&first);
	rig_close(&rig);
}
END_TEST

START_TEST(a_busy_segment_does_not_starve_the_others)
{
	enum { MESSAGES = 600 };
	static struct sent sent[MESSAGES + 1];
	struct rig rig;
	size_t before = 0;

	rig_open(&rig, 1024 * 1024);
	rig_writer(&rig);

	struct spool_writer *first = rig.writer;

	for (size_t i = 0; i < MESSAGES; i++)
		rig_send(&rig, i + 1, 10, &sent[i]);
	rig_wait(&rig, sent, MESSAGES);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 9999, 10), 0);

	struct spool_reader *reader = spool_reader_new(rig.spool, &rig.counters);

	while (next_id(reader) != 9999)
		before++;
	ck_assert_uint_lt(before, MESSAGES);
	spool_reader_free(&reader);
	spool_writer_free(&first);
	rig_close(&rig);
}
END_TEST

/* Outcomes that cannot be read hold up their segment, which is left alone, and nothing else. */
START_TEST(waits_for_outcomes_that_cannot_be_read)
{
	int64_t until = clock_mono_ms() + 10000;
	struct told told = { .refused = 1 };
	struct rig rig;

	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1, 1000), 0);
	rig_writer_free(&rig);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 2, 1000), 0);

	struct spool_reader *reader = spool_reader_new(rig.spool, &rig.counters);

	spool_reader_on(reader, &events, &told);
	ck_assert_uint_eq(next_id(reader), 2);
	ck_assert_uint_eq(next_id(reader), 0);
	ck_assert(spool_reader_is_stuck(reader));
	ck_assert(rig.spool->is_unread);
	ck_assert_uint_eq(told.nopened, 1);
	ck_assert_uint_eq(spool_count_records(rig.spool, 1), 1);
	ck_assert_uint_eq(spool_count_records(rig.spool, 3), 0); /* no such segment */
	while (spool_reader_is_stuck(reader)) {
		uint64_t id = next_id(reader);

		ck_assert(id <= 1);
		ck_assert_int_lt(clock_mono_ms(), until);
		if (id == 1)
			break;
		usleep(10000);
	}
	ck_assert_uint_eq(told.nopened, 2);
	ck_assert_uint_eq(next_id(reader), 0);
	ck_assert_uint_eq(told.nsealed, 1);
	spool_reader_free(&reader);
	rig_close(&rig);
}
END_TEST

START_TEST(an_envelope_can_be_read_again)
{
	struct envelope *envelope;
	struct sent sent;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	rig_send(&rig, 77, 1000, &sent);
	rig_wait(&rig, &sent, 1);
	ck_assert_int_eq(spool_read_envelope(rig.spool, &sent.place, &envelope), 0);
	ck_assert_uint_eq(envelope->id, 77);
	ck_assert_str_eq(envelope->from, "from@example.com");
	envelope_free(&envelope);
	sent.place.offset += 64;
	ck_assert_int_eq(spool_read_envelope(rig.spool, &sent.place, &envelope), 1);
	ck_assert_ptr_null(envelope);
	sent.place.segment = 1234;
	ck_assert_int_eq(spool_read_envelope(rig.spool, &sent.place, &envelope), -1);
	ck_assert_int_eq(errno, ENOENT);
	rig_close(&rig);
}
END_TEST

/* A content that the disk changed is never given away, not even a part of it. */
START_TEST(a_changed_content_is_refused)
{
	static const size_t sizes[] = { 5000, 200000 };

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < 2; i++) {
		struct evbuffer *content = evbuffer_new();
		struct sent sent;
		struct rig rig;
		uint64_t len;
		int large;

		rig_open(&rig, SMALL);
		rig_writer(&rig);
		rig_send(&rig, 5, sizes[i], &sent);
		rig_wait(&rig, &sent, 1);

		int fd = open(
		    i == 0 ? rig_file(&rig, "log", 1, "seg") : rig_large_file(&rig, 5), O_WRONLY);

		ck_assert_int_ge(fd, 0);
		ck_assert_int_eq(
		    pwrite(fd, "\x01", 1, i == 0 ? sent.place.offset + 3000 : 150000), 1);
		close(fd);
		ck_assert_int_eq(
		    spool_read_content(rig.spool, &sent.place, content, &large, &len), 1);
		ck_assert_uint_eq(evbuffer_get_length(content), 0);
		ck_assert_int_eq(large, -1);
		ck_assert_uint_eq(rig.counters.spool_damaged, 1);
		ck_assert_uint_eq(rig_count(&rig, "damaged", i == 0 ? ".bin" : ".msg"), 1);
		ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 0);
		evbuffer_free(content);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(a_missing_large_file_is_damage)
{
	struct evbuffer *content = evbuffer_new();
	struct sent sent;
	struct rig rig;
	uint64_t len;
	int large;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	rig_send(&rig, 5, 100000, &sent);
	rig_wait(&rig, &sent, 1);
	ck_assert_int_eq(unlink(rig_large_file(&rig, 5)), 0);
	ck_assert_int_eq(spool_read_content(rig.spool, &sent.place, content, &large, &len), 1);
	evbuffer_free(content);
	rig_close(&rig);
}
END_TEST

static bool
is_five(void *ctx, uint64_t id)
{
	(void)ctx;
	return id == 5;
}

static int
sweep(struct rig *rig, int64_t older_ms)
{
	struct spool_outcomes *outcomes = spool_outcomes_new(rig->spool);
	int count = spool_large_sweep(outcomes, is_five, NULL, older_ms);

	spool_outcomes_free(&outcomes);
	return count;
}

START_TEST(nameless_large_files_are_swept)
{
	struct rig rig;
	struct stat st;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (uint64_t id = 4; id <= 6; id++)
		ck_assert_int_eq(rig_put(&rig, id, 100000), 0);
	ck_assert_int_eq(stat(rig_large_file(&rig, 6), &st), 0);
	ck_assert_int_eq(sweep(&rig, (int64_t)st.st_mtime * 1000 - 60000), 0);
	ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 3);
	ck_assert_int_eq(sweep(&rig, (int64_t)st.st_mtime * 1000 + 60000), 2);
	ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 1);
	ck_assert_int_eq(access(rig_large_file(&rig, 5), F_OK), 0);
	rig_close(&rig);
}
END_TEST

/* A message may be unknown for outcomes that are not durable: its content stays until they are. */
START_TEST(large_files_are_swept_behind_the_outcomes)
{
	const struct outcome outcome = { .kind = OUTCOME_DELIVERED, .id = 4, .reply = "250 taken" };
	struct spool_outcomes *outcomes;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 4, 100000), 0);
	outcomes = spool_outcomes_new(rig.spool);
	rig_break(CALL_FDATASYNC, 0, 1000000, EIO);
	ck_assert_int_eq(spool_outcome_record(outcomes, 1, &outcome), 0);
	ck_assert_int_eq(spool_large_sweep(outcomes, is_five, NULL, INT64_MAX), 1);
	spool_outcomes_free(&outcomes);
	ck_assert_int_eq(access(rig_large_file(&rig, 4), F_OK), 0);
	rig_mend();
	ck_assert_int_eq(sweep(&rig, INT64_MAX), 1);
	ck_assert_int_ne(access(rig_large_file(&rig, 4), F_OK), 0);
	rig_close(&rig);
}
END_TEST

/* The record of a large content may be what was damaged: the content is not thrown away then. */
START_TEST(nameless_large_files_are_kept_beside_damage)
{
	struct rig rig;
	struct stat st;
	char path[128];

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 4, 100000), 0);
	ck_assert_int_eq(stat(rig_large_file(&rig, 4), &st), 0);
	snprintf(path, sizeof path, "%s/damaged/0000000000000001-00001000.bin", rig.path);
	close(open(path, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(sweep(&rig, (int64_t)st.st_mtime * 1000 + 60000), 1);
	ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 0);
	ck_assert_uint_eq(rig_count(&rig, "damaged", ".msg"), 1);
	rig_close(&rig);
}
END_TEST

/* What cannot be read now may be read after the next start, and needs its content then. */
START_TEST(nothing_is_swept_while_a_record_cannot_be_read)
{
	static struct found found;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 4, 100000), 0);
	rig_writer_free(&rig);
	rig_restart(&rig);
	rig_spoil(SEGMENT_HEAD, SEGMENT_HEAD + 4096);
	rig_read(&rig, &found);
	rig_spoil(0, 0);
	ck_assert_uint_eq(found.count, 0);
	ck_assert_int_eq(sweep(&rig, INT64_MAX), 0);
	ck_assert_int_eq(access(rig_large_file(&rig, 4), F_OK), 0);
	rig_restart(&rig);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 1);
	rig_close(&rig);
}
END_TEST

/* The record that named it may be what was cut off, wherever that was. */
START_TEST(nothing_large_is_removed_behind_a_cut)
{
	for (int is_whole = 0; is_whole < 2; is_whole++) {
		static struct found found;
		struct sent sent[2];
		struct rig rig;

		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
		rig_open(&rig, SMALL);
		rig_writer(&rig);
		for (size_t i = 0; i < 2; i++) {
			rig_send(&rig, 3 + i, i == 0 ? 100 : 100000, &sent[i]);
			rig_wait(&rig, &sent[i], 1);
		}
		rig_writer_free(&rig);

		const char *path = rig_file(&rig, "log", 1, "seg");
		int fd = open(path, O_WRONLY);

		ck_assert_int_eq(pwrite(fd, (char[64]){ 0 }, 64, SEGMENT_SEAL_AT), 64);
		close(fd);
		ck_assert_int_eq(truncate(path, is_whole ? sent[1].place.offset : 0), 0);
		rig_restart(&rig);
		rig_read(&rig, &found);
		ck_assert_uint_eq(found.count, is_whole ? 1 : 0);
		ck_assert_uint_eq(rig.counters.spool_damaged, 1);
		ck_assert_int_eq(sweep(&rig, INT64_MAX), 1);
		ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 0);
		ck_assert_uint_eq(rig_count(&rig, "damaged", ".msg"), 1);
		rig_close(&rig);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "follow", follows_a_writer, never_reads_past_the_committed_offset,
	    waits_while_a_number_is_being_claimed, waits_for_a_file_that_is_to_come,
	    a_busy_segment_does_not_starve_the_others, waits_for_outcomes_that_cannot_be_read);
	add_tests(suite, "again", an_envelope_can_be_read_again, a_changed_content_is_refused,
	    a_missing_large_file_is_damage, nameless_large_files_are_swept,
	    large_files_are_swept_behind_the_outcomes, nameless_large_files_are_kept_beside_damage,
	    nothing_is_swept_while_a_record_cannot_be_read, nothing_large_is_removed_behind_a_cut);
}

UNIT_MAIN("spool/reader")
