/* SPDX-License-Identifier: ISC */
/* test_outcome.c - covers spool/outcome.c, outcome_load.c and outcome_wire.c: outcomes come back in
 * order, survive damage and failures, and are bound to their segment. */
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
#include "spool/outcomes.h"

enum { SMALL = 128 * 1024, MANY = 100 };

struct loaded {
	struct outcome outcome[2 * MANY];
	char reply[2 * MANY][OUTCOME_REPLY_MAX + 1];
	size_t count;
};

static struct loaded loaded;

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
		/* Not load(), after which the thread writes over what it has read. */
		loaded.count = 0;
		ck_assert_int_eq(outcomes_read(rig.spool, 1, take, &loaded), 0);
		ck_assert_uint_eq(loaded.count, 5);
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

/* What is no file of outcomes makes room for one, and is kept. */
START_TEST(an_odd_file_is_moved_out_of_the_way)
{
	static const char *const kinds[] = { "folder", "pipe" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct rig rig;

		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
		rig_open(&rig, SMALL);
		rig_writer(&rig);
		ck_assert_int_eq(rig_put(&rig, 1, 100), 0);

		const char *path = rig_file(&rig, "log", 1, "out");

		ck_assert_int_eq(i == 0 ? mkdir(path, 0700) : mkfifo(path, 0600), 0);

		struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

		ck_assert_uint_eq(load(outcomes, 1), 0);
		ck_assert_uint_eq(rig_count(&rig, "damaged", "0000000000000001.out"), 1);
		ck_assert_int_eq(record(outcomes, 1, 1), 0);
		ck_assert_uint_eq(load(outcomes, 1), 1);
		spool_outcomes_free(&outcomes);
		path = rig_file(&rig, "damaged", 1, "out");
		ck_assert_int_eq(i == 0 ? rmdir(path) : unlink(path), 0);
		rig_close(&rig);
	}
}
END_TEST

/* Unreadable is not damaged: the file stays, and tells all when it can be read again. */
START_TEST(what_cannot_be_read_now_stays)
{
	static const int errors[] = { EACCES, EIO, EMFILE, EPERM };
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 5; i++)
		ck_assert_int_eq(record(outcomes, 1, i), 0);
	spool_outcomes_free(&outcomes);
	outcomes = spool_outcomes_new(rig.spool);
	for (size_t i = 0; i <= sizeof errors / sizeof *errors; i++) {
		int error = i > 0 ? errors[i - 1] : EIO;

		if (i == 0)
			rig_spoil(100, 200);
		else
			rig_break(CALL_OPENAT, 0, 2, error);
		loaded.count = 0;
		ck_assert_int_eq(spool_outcomes_load(outcomes, 1, take, &loaded), -1);
		ck_assert_int_eq(errno, error);
		rig_mend();
		rig_spoil(0, 0);
		ck_assert_uint_eq(rig_count(&rig, "damaged", ".out"), 0);
		ck_assert_uint_eq(load(outcomes, 1), 5);
	}
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

/* Nor need it be writable, but to cut off its end. */
START_TEST(what_cannot_be_written_is_read)
{
	static const int errors[] = { EROFS, EACCES, EPERM };
	struct stat st;
	struct rig rig;

	make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 5; i++)
		ck_assert_int_eq(record(outcomes, 1, i), 0);

	const char *path = rig_file(&rig, "log", 1, "out");

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size - 7), 0);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		rig_break(CALL_OPENAT, 0, 1, errors[i]);
		ck_assert_uint_eq(load(outcomes, 1), 4);
		rig_mend();
		ck_assert_int_eq(stat(path, &st), 0);
	}
	ck_assert_uint_eq(load(outcomes, 1), 4);

	off_t was = st.st_size;

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, was);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "load", come_back_in_order, a_long_reply_is_cut, a_torn_end_is_cut_off,
	    a_flipped_octet_costs_one, another_segments_outcomes_are_none,
	    more_files_than_are_kept_open, an_odd_file_is_moved_out_of_the_way,
	    what_cannot_be_read_now_stays, what_cannot_be_written_is_read);
	add_tests(suite, "record", a_failed_append_spoils_nothing, syncs_soon,
	    orphans_are_removed_at_the_start);
}

UNIT_MAIN("spool/outcome")
