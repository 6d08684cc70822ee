/* SPDX-License-Identifier: ISC */
/* test_outcome.c - outcomes come back in order, survive damage and failures, and go last. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "rig.h"

enum { SMALL = 128 * 1024, MANY = 100 };

struct loaded {
	struct outcome outcome[2 * MANY];
	char reply[2 * MANY][OUTCOME_REPLY_MAX + 1];
	size_t count;
};

static struct loaded loaded;
static struct found found;

static void
take(void *ctx, const struct outcome *outcome)
{
	struct loaded *l = ctx;

	ck_assert_uint_lt(l->count, 2 * MANY);
	if (outcome->reply != NULL)
		snprintf(l->reply[l->count], sizeof l->reply[0], "%s", outcome->reply);

	l->outcome[l->count++] = *outcome;
}

static size_t
load(struct spool_outcomes *outcomes, uint64_t segment)
{
	memset(&loaded, 0, sizeof loaded);
	ck_assert_int_eq(spool_outcomes_load(outcomes, segment, take, &loaded), 0);
	return loaded.count;
}

/* The i-th of a series. */
static int
record(struct spool_outcomes *outcomes, uint64_t segment, uint64_t i)
{
	char reply[64];
	const struct outcome outcome = {
		.kind = OUTCOME_DELIVERED + (enum outcome_kind)(i % 8),
		.id = i * 1000,
		.offset = (uint32_t)i * 64,
		.rcpt = (uint32_t)i % 3,
		.time_ms = 1700000000000 + (int64_t)i,
		.reply = i % 4 == 0 ? NULL : reply,
	};

	snprintf(reply, sizeof reply, "250 2.0.0 queued as %d", (int)i);
	return spool_outcome_record(outcomes, segment, &outcome);
}

static void
check_one(const struct outcome *outcome, uint64_t i)
{
	ck_assert_uint_eq(outcome->id, i * 1000);
	ck_assert_int_eq(outcome->kind, OUTCOME_DELIVERED + i % 8);
	ck_assert_uint_eq(outcome->offset, i * 64);
	ck_assert_uint_eq(outcome->rcpt, i % 3);
	ck_assert_int_eq(outcome->time_ms, 1700000000000 + (int64_t)i);
}

static void
make_segment(struct rig *rig)
{
	rig_open(rig, SMALL);
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_writer(rig);
	ck_assert_int_eq(rig_put(rig, 1, 1000), 0);
	rig_writer_free(rig);
}

START_TEST(come_back_in_order)
{
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_uint_eq(load(outcomes, 1), 0);
	for (uint64_t i = 0; i < MANY; i++)
		ck_assert_int_eq(record(outcomes, 1, i), 0);
	spool_outcomes_free(&outcomes);
	outcomes = spool_outcomes_new(rig.spool);
	ck_assert_uint_eq(load(outcomes, 1), MANY);
	for (uint64_t i = 0; i < MANY; i++)
		check_one(&loaded.outcome[i], i);
	ck_assert_str_eq(loaded.reply[0], "");
	ck_assert_str_eq(loaded.reply[7], "250 2.0.0 queued as 7");
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(a_long_reply_is_cut)
{
	char reply[2 * OUTCOME_REPLY_MAX];
	const struct outcome outcome = {
		.kind = OUTCOME_DEFERRED, .rcpt = OUTCOME_ALL, .reply = reply
	};
	struct rig rig;

	memset(reply, 'x', sizeof reply);
	reply[sizeof reply - 1] = '\0';
	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(spool_outcome_record(outcomes, 1, &outcome), 0);
	ck_assert_uint_eq(load(outcomes, 1), 1);
	ck_assert_uint_eq(strlen(loaded.reply[0]), OUTCOME_REPLY_MAX);
	ck_assert_uint_eq(loaded.outcome[0].rcpt, OUTCOME_ALL);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(a_torn_end_is_cut_off)
{
	struct rig rig;

	make_segment(&rig);
	for (off_t cut = 1; cut < 60; cut += 7) {
		struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);
		struct stat st;

		unlink(rig_file(&rig, "log", 1, "out"));
		for (uint64_t i = 0; i < 5; i++)
			ck_assert_int_eq(record(outcomes, 1, i), 0);
		spool_outcomes_free(&outcomes);
		ck_assert_int_eq(stat(rig_file(&rig, "log", 1, "out"), &st), 0);
		ck_assert_int_eq(truncate(rig_file(&rig, "log", 1, "out"), st.st_size - cut), 0);
		outcomes = spool_outcomes_new(rig.spool);

		size_t left = load(outcomes, 1);

		ck_assert(left == 3 || left == 4);
		ck_assert_int_eq(record(outcomes, 1, 50), 0);
		ck_assert_uint_eq(load(outcomes, 1), left + 1);
		check_one(&loaded.outcome[left], 50);
		spool_outcomes_free(&outcomes);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(a_flipped_octet_costs_one)
{
	struct stat st;
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 6; i++)
		ck_assert_int_eq(record(outcomes, 1, i), 0);

	int fd = open(rig_file(&rig, "log", 1, "out"), O_RDWR);

	ck_assert_int_eq(fstat(fd, &st), 0);
	/* Not in the last one: that would be cut off. */
	for (off_t at = 0; at < st.st_size - 60; at++) {
		unsigned char octet, flipped;

		ck_assert_int_eq(pread(fd, &octet, 1, at), 1);
		flipped = octet ^ 0x10;
		ck_assert_int_eq(pwrite(fd, &flipped, 1, at), 1);
		ck_assert_uint_eq(load(outcomes, 1), 5);
		check_one(&loaded.outcome[4], 5);
		ck_assert_int_eq(pwrite(fd, &octet, 1, at), 1);
	}
	close(fd);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(another_segments_outcomes_are_none)
{
	struct rig rig;
	char other[160];

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(record(outcomes, 1, 1), 0);
	snprintf(other, sizeof other, "%s", rig_file(&rig, "log", 2, "out"));
	ck_assert_int_eq(rename(rig_file(&rig, "log", 1, "out"), other), 0);
	ck_assert_uint_eq(load(outcomes, 2), 0);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(more_files_than_are_kept_open)
{
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t round = 0; round < 3; round++)
		for (uint64_t segment = 1; segment <= 150; segment++)
			ck_assert_int_eq(record(outcomes, segment, round), 0);
	for (uint64_t segment = 1; segment <= 150; segment++)
		ck_assert_uint_eq(load(outcomes, segment), 3);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(a_failed_append_spoils_nothing)
{
	static const int errors[] = { ENOSPC, EIO };
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		ck_assert_int_eq(record(outcomes, 1, 2 * i), 0);
		/* A piece is written, then nothing more; and the piece cannot be cut off. */
		rig_break(CALL_PWRITEV, 0, 1, 0);
		rig_break(CALL_FTRUNCATE, 0, 1, EIO);
		ck_assert_int_eq(record(outcomes, 1, 2 * i + 1), 0);
		rig_break(CALL_PWRITEV, 0, 1, errors[i]);
		ck_assert_int_eq(record(outcomes, 1, 99), -1);
		ck_assert_int_eq(errno, errors[i]);
	}
	ck_assert_uint_eq(load(outcomes, 1), 4);
	for (uint64_t i = 0; i < 4; i++)
		check_one(&loaded.outcome[i], i);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

/* Wait until a file is gone or there. */
static void
wait_for_file(const char *path, bool is_there)
{
	int64_t until = clock_mono_ms() + 10000;

	while ((access(path, F_OK) == 0) != is_there) {
		ck_assert_msg(clock_mono_ms() < until, "%s", path);
		usleep(1000);
	}
}

START_TEST(syncs_soon)
{
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);
	int before = rig_calls(CALL_FDATASYNC), dirs = rig_calls(CALL_FSYNC_DIR);
	int64_t start = clock_mono_ms();

	for (uint64_t i = 0; i < 20; i++)
		ck_assert_int_eq(record(outcomes, 1, i), 0);
	while (rig_calls(CALL_FDATASYNC) == before || rig_calls(CALL_FSYNC_DIR) == dirs)
		ck_assert_int_lt(clock_mono_ms(), start + 5000);
	ck_assert_int_le(rig_calls(CALL_FDATASYNC) - before, 3);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(a_done_segment_becomes_a_spare)
{
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);
	struct stat st;

	ck_assert_int_eq(stat(rig_file(&rig, "log", 1, "seg"), &st), 0);
	ck_assert_int_eq(st.st_size, SMALL);
	ck_assert_int_eq(record(outcomes, 1, 0), 0);
	spool_outcomes_drop_segment(outcomes, 1);
	wait_for_file(rig_file(&rig, "log", 1, "out"), false);
	ck_assert_int_ne(access(rig_file(&rig, "log", 1, "seg"), F_OK), 0);
	ck_assert_int_eq(access(rig_file(&rig, "log", 1, "spare"), F_OK), 0);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(spares_are_limited_and_of_full_size)
{
	struct rig rig;
	struct sent sent[60];

	make_segment(&rig);
	rig_writer(&rig);
	for (size_t i = 0; i < 60; i++)
		rig_send(&rig, i + 10, 30000, &sent[i]);
	rig_wait(&rig, sent, 60);
	rig_writer_free(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	rig_read(&rig, &found);
	ck_assert_uint_gt(found.sealed, 2 * SPOOL_SPARE_MAX);
	/* One was cut short by trouble. */
	ck_assert_int_eq(truncate(rig_file(&rig, "log", 2, "seg"), 70000), 0);
	for (uint64_t segment = found.last_sealed; segment > 0; segment--)
		spool_outcomes_drop_segment(outcomes, segment);
	spool_outcomes_free(&outcomes);
	ck_assert_uint_eq(rig_count(&rig, "log", ".seg"), 0);
	ck_assert_uint_le(rig_count(&rig, "log", ".spare"), SPOOL_SPARE_MAX);
	ck_assert_int_ne(access(rig_file(&rig, "log", 2, "spare"), F_OK), 0);
	rig_close(&rig);
}
END_TEST

/* What a recycled file held before is not read, whether its new writer wrote much, little or
 * nothing. */
START_TEST(a_recycled_segment_shows_only_what_is_new)
{
	struct sent sent[12];
	struct rig rig;

	make_segment(&rig);
	rig_writer(&rig);
	for (size_t i = 0; i < 12; i++)
		rig_send(&rig, i + 10, 30000, &sent[i]);
	rig_wait(&rig, sent, 12);
	rig_writer_free(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	rig_read(&rig, &found);
	for (uint64_t segment = 1; segment <= found.last_sealed; segment++)
		spool_outcomes_drop_segment(outcomes, segment);
	spool_outcomes_free(&outcomes);

	unsigned spares = rig_count(&rig, "log", ".spare");

	ck_assert_uint_gt(spares, 0);
	rig_restart(&rig);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 100, 200), 0);
	ck_assert_uint_eq(rig_count(&rig, "log", ".spare"), spares - 1);
	rig_writer_free(&rig);
	/* And as if it had crashed: no seal. */
	int fd = open(rig_file(&rig, "log", rig.board->next_segment - 1, "seg"), O_WRONLY);

	ck_assert_int_eq(pwrite(fd, (char[64]){ 0 }, 64, 512), 64);
	close(fd);
	rig_restart(&rig);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 1);
	ck_assert(rig_has(&found, 100));
	ck_assert_uint_eq(rig.counters.spool_damaged, 0);
	ck_assert_uint_eq(rig_count(&rig, "damaged", ".bin"), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(orphans_are_removed_at_the_start)
{
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(record(outcomes, 1, 0), 0);
	ck_assert_int_eq(record(outcomes, 77, 0), 0);
	spool_outcomes_free(&outcomes);
	outcomes = spool_outcomes_new(rig.spool);
	ck_assert_int_eq(access(rig_file(&rig, "log", 1, "out"), F_OK), 0);
	ck_assert_int_ne(access(rig_file(&rig, "log", 77, "out"), F_OK), 0);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(nothing_is_dropped_before_the_outcomes_are_safe)
{
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(record(outcomes, 1, 0), 0);
	rig_break(CALL_FDATASYNC, 0, 1, EIO);
	spool_outcomes_drop_segment(outcomes, 1);

	int64_t until = clock_mono_ms() + 10000;
	int writes = rig_calls(CALL_PWRITEV);

	while (rig_calls(CALL_FDATASYNC) < 2 && access(rig_file(&rig, "log", 1, "seg"), F_OK) == 0)
		ck_assert_int_lt(clock_mono_ms(), until);
	/* The second sync came after the data was made dirty again, and only then the segment went.
	 */
	wait_for_file(rig_file(&rig, "log", 1, "seg"), false);
	ck_assert_int_gt(rig_calls(CALL_PWRITEV), writes);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(a_large_file_is_dropped)
{
	struct rig rig;

	make_segment(&rig);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 5, 100000), 0);
	ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 1);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	spool_outcomes_drop_large(outcomes, 5);
	spool_outcomes_drop_large(outcomes, 6);
	spool_outcomes_free(&outcomes);
	ck_assert_uint_eq(rig_count(&rig, "large", ".msg"), 0);
	rig_close(&rig);
}
END_TEST

/*
 * A message is delivered, its segment dropped, and the power fails at each call: it only comes back
 * together with the outcome that says it is done.
 */
START_TEST(a_power_cut_brings_nothing_back)
{
	for (int round = 0; round < 16 * 6; round++) {
		int calls = round / 6;
		struct rig rig;

		make_segment(&rig);
		ck_assert_int_eq(
		    truncate(rig_file(&rig, "log", 1, "seg"), calls % 2 == 0 ? SMALL : 8192), 0);
		rig.spool->disk = &rig_power_disk;

		struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

		rig_power_plan(calls);
		for (uint64_t i = 0; i < 3; i++)
			record(outcomes, 1, i);
		spool_outcomes_drop_segment(outcomes, 1);
		spool_outcomes_free(&outcomes);
		rig_power_lose((unsigned)round);
		rig_restart(&rig);

		bool is_dropped = access(rig_file(&rig, "log", 1, "seg"), F_OK) != 0;
		bool is_renamed = access(rig_file(&rig, "log", 1, "spare"), F_OK) == 0;

		outcomes = spool_outcomes_new(rig.spool);
		rig_read(&rig, &found);
		ck_assert_uint_eq(found.count, is_dropped ? 0 : 1);
		if (is_renamed)
			ck_assert(is_dropped);
		/* The name goes only when all outcomes are synced. */
		if (!is_dropped && rig_count(&rig, "log", ".out") == 0)
			ck_assert_msg(calls < 8, "outcomes gone, segment not: %d", calls);
		spool_outcomes_free(&outcomes);
		rig_close(&rig);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "load", come_back_in_order, a_long_reply_is_cut, a_torn_end_is_cut_off,
	    a_flipped_octet_costs_one, another_segments_outcomes_are_none,
	    more_files_than_are_kept_open);
	add_tests(suite, "record", a_failed_append_spoils_nothing, syncs_soon,
	    orphans_are_removed_at_the_start);
	add_tests(suite, "drop", a_done_segment_becomes_a_spare,
	    spares_are_limited_and_of_full_size, a_recycled_segment_shows_only_what_is_new,
	    nothing_is_dropped_before_the_outcomes_are_safe, a_large_file_is_dropped,
	    a_power_cut_brings_nothing_back);
}

UNIT_MAIN("spool/outcome")
