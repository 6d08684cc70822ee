/* SPDX-License-Identifier: ISC */
/* test_outcome_load.c - covers spool/outcome_load.c, outcome_scan.c and outcome_stamp.c: what is
 * cut or damaged of a file of outcomes is told, and costs only itself; each is bound to its
 * segment. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "rig_series.h"
#include "spool/outcomes.h"
#include "spool/record.h"

/* How many findings there are in the spool's outcomes; and where the last one is. */
static struct spool_finding told;

static void
count_finding(void *ctx, const struct spool_finding *finding)
{
	size_t *count = ctx;

	told = *finding;
	(*count)++;
}

static size_t
look(struct rig *rig)
{
	size_t count = 0;

	memset(&series_loaded, 0, sizeof series_loaded);
	rig->spool->on_finding = count_finding;
	rig->spool->finding_ctx = &count;
	ck_assert_int_eq(outcomes_read(rig->spool, 1, series_take, &series_loaded), 0);
	rig->spool->on_finding = NULL;
	return count;
}

static off_t
size_of(const struct rig *rig)
{
	struct stat st;

	ck_assert_int_eq(stat(rig_file(rig, "log", 1, "out"), &st), 0);
	return st.st_size;
}

static void
make_outcomes(struct rig *rig, uint64_t count)
{
	struct spool_outcomes *outcomes = spool_outcomes_new(rig->spool);

	for (uint64_t i = 0; i < count; i++)
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);
	spool_outcomes_free(&outcomes);
}

/* The segment remembers its outcomes; and those that come then are found. */
START_TEST(a_file_that_was_taken_away_is_told_once)
{
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	series_make_segment(&rig);
	ck_assert_uint_eq(look(&rig), 0);
	make_outcomes(&rig, 3);
	ck_assert_int_eq(unlink(rig_file(&rig, "log", 1, "out")), 0);
	ck_assert_uint_eq(look(&rig), 1);
	ck_assert(!told.is_torn && told.segment == 1 && told.len == 0);
	ck_assert_uint_eq(look(&rig), 1);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_uint_eq(series_load(outcomes, 1), 0);
	ck_assert_uint_eq(rig.counters.spool_damaged, 1);
	ck_assert_uint_eq(look(&rig), 0);
	ck_assert_int_eq(series_record(outcomes, 1, 7), 0);
	ck_assert_uint_eq(series_load(outcomes, 1), 1);
	ck_assert_uint_eq(rig.counters.spool_damaged, 1);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(one_that_is_taken_away_now_is_made_again)
{
	struct spool_outcomes *outcomes;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	series_make_segment(&rig);
	make_outcomes(&rig, 3);
	outcomes = spool_outcomes_new(rig.spool);
	ck_assert_uint_eq(series_load(outcomes, 1), 3);
	ck_assert_int_eq(series_record(outcomes, 1, 3), 0);
	ck_assert_int_eq(unlink(rig_file(&rig, "log", 1, "out")), 0);
	ck_assert_int_eq(series_record(outcomes, 1, 4), 0);
	ck_assert_int_eq(series_record(outcomes, 1, 5), 0);
	ck_assert_uint_eq(rig.counters.spool_damaged, 1);
	ck_assert_uint_eq(series_load(outcomes, 1), 2);
	ck_assert_uint_eq(rig.counters.spool_damaged, 1);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

/* Where nobody can know it: of an older postern's segment, and where they were never safe. */
START_TEST(no_outcomes_are_no_damage)
{
	static const char blank[SEGMENT_MARK];
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	series_make_segment(&rig);
	rig_break(CALL_FDATASYNC, 0, 1000000, EIO);
	make_outcomes(&rig, 3);
	rig_mend();
	ck_assert_int_eq(unlink(rig_file(&rig, "log", 1, "out")), 0);
	ck_assert_uint_eq(look(&rig), 0);
	make_outcomes(&rig, 3);

	int fd = open(rig_file(&rig, "log", 1, "seg"), O_WRONLY);

	ck_assert_int_eq(pwrite(fd, blank, sizeof blank, SEGMENT_STAMP_AT), sizeof blank);
	close(fd);
	ck_assert_int_eq(unlink(rig_file(&rig, "log", 1, "out")), 0);
	ck_assert_uint_eq(look(&rig), 0);
	rig_close(&rig);
}
END_TEST

/* Wherever: what is left comes back, it is told once, and the next outcome goes behind it. */
START_TEST(a_cut_is_told_once)
{
	enum { SERIES = 5 };
	off_t size = 1;
	struct rig rig;

	series_make_segment(&rig);
	for (off_t cut = 1; cut <= size; cut++) {
		struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

		unlink(rig_file(&rig, "log", 1, "out"));
		for (uint64_t i = 0; i < SERIES; i++)
			ck_assert_int_eq(series_record(outcomes, 1, i), 0);
		spool_outcomes_free(&outcomes);
		ck_assert_uint_eq(look(&rig), 0);
		ck_assert_uint_eq(series_loaded.count, SERIES);
		size = size_of(&rig);
		ck_assert_int_eq(truncate(rig_file(&rig, "log", 1, "out"), size - cut), 0);
		ck_assert_uint_eq(look(&rig), 1);
		ck_assert(told.is_torn && told.offset + told.len == (uint64_t)(size - cut));

		size_t left = series_loaded.count;

		outcomes = spool_outcomes_new(rig.spool);
		ck_assert_uint_eq(series_load(outcomes, 1), left);
		ck_assert_uint_eq(look(&rig), 0);
		ck_assert_int_eq(series_record(outcomes, 1, 50), 0);
		ck_assert_uint_eq(series_load(outcomes, 1), left + 1);
		series_check(&series_loaded.outcome[left], 50);
		ck_assert_uint_eq(look(&rig), 0);
		spool_outcomes_free(&outcomes);
	}
	ck_assert_uint_eq(series_loaded.count, 1);
	rig_close(&rig);
}
END_TEST

/* What postern wrote before there were marks: no cut between two of them can be told, and what is
 * appended ends with a mark. */
START_TEST(an_older_file_goes_on)
{
	static unsigned char bytes[64 * 1024];
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 3; i++)
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);
	spool_outcomes_free(&outcomes);

	int fd = open(rig_file(&rig, "log", 1, "out"), O_RDWR);
	ssize_t len = pread(fd, bytes, sizeof bytes, 0) - OUTCOME_MARK - OUTCOME_MARK;

	ck_assert_int_gt(len, 0);
	ck_assert_int_eq(pwrite(fd, bytes + OUTCOME_MARK, (size_t)len, 0), len);
	ck_assert_int_eq(ftruncate(fd, len), 0);
	close(fd);
	ck_assert_uint_eq(look(&rig), 0);
	ck_assert_uint_eq(series_loaded.count, 3);
	outcomes = spool_outcomes_new(rig.spool);
	ck_assert_uint_eq(series_load(outcomes, 1), 3);
	ck_assert_int_eq(size_of(&rig), len);
	ck_assert_int_eq(series_record(outcomes, 1, 3), 0);
	spool_outcomes_free(&outcomes);
	ck_assert_uint_eq(look(&rig), 0);
	ck_assert_uint_eq(series_loaded.count, 4);
	series_check(&series_loaded.outcome[3], 3);
	/* As is the end of one that has a mark. */
	ck_assert_int_eq(truncate(rig_file(&rig, "log", 1, "out"), size_of(&rig) - 1), 0);
	ck_assert_uint_eq(look(&rig), 1);
	rig_close(&rig);
}
END_TEST

/* Up to the power cut the mark of the last sync stood there, and behind it may be anything. */
START_TEST(what_stands_behind_a_mark_is_cut_off)
{
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(series_record(outcomes, 1, 1), 0);
	spool_outcomes_free(&outcomes);

	off_t size = size_of(&rig);

	ck_assert_int_eq(truncate(rig_file(&rig, "log", 1, "out"), size + 700), 0);
	ck_assert_uint_eq(look(&rig), 1);
	ck_assert(told.is_torn && told.offset == (uint64_t)size && told.len == 700);

	/* The copy is durable, and the end, before the next is appended. */
	int syncs = rig_calls(CALL_FDATASYNC);

	ck_assert_int_eq(outcomes_read(rig.spool, 1, series_take, &series_loaded), 0);
	ck_assert_int_eq(rig_calls(CALL_FDATASYNC), syncs + 2);
	ck_assert_int_eq(size_of(&rig), size);
	outcomes = spool_outcomes_new(rig.spool);
	ck_assert_uint_eq(series_load(outcomes, 1), 1);
	ck_assert_int_eq(series_record(outcomes, 1, 2), 0);
	ck_assert_uint_eq(series_load(outcomes, 1), 2);
	ck_assert_uint_eq(look(&rig), 0);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

/* What a full disk refused leaves the end as it was, even if the disk takes no mark either. */
START_TEST(a_refused_append_leaves_the_end)
{
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 4; i++) {
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);

		off_t size = size_of(&rig);

		rig_break(CALL_PWRITEV, 0, 1 + (int)(i % 2), ENOSPC);
		ck_assert_int_eq(series_record(outcomes, 1, 50), -1);
		rig_mend();
		ck_assert_int_eq(size_of(&rig), size);
		ck_assert_uint_eq(look(&rig), 0);
		ck_assert_uint_eq(series_loaded.count, i + 1);
	}
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(a_flipped_octet_costs_one)
{
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 6; i++)
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);

	int fd = open(rig_file(&rig, "log", 1, "out"), O_RDWR);
	off_t end = size_of(&rig) - OUTCOME_MARK;

	/* Not in the last mark: that would be cut off. */
	for (off_t at = 0; at < end; at++) {
		unsigned char octet, flipped;

		ck_assert_int_eq(pread(fd, &octet, 1, at), 1);
		flipped = octet ^ 0x10;
		ck_assert_int_eq(pwrite(fd, &flipped, 1, at), 1);
		/* Not series_load(), after which the thread writes over what it has read. */
		series_loaded.count = 0;
		ck_assert_int_eq(outcomes_read(rig.spool, 1, series_take, &series_loaded), 0);
		ck_assert_uint_eq(series_loaded.count, at < OUTCOME_MARK ? 6 : 5);
		ck_assert_int_eq(size_of(&rig), end + OUTCOME_MARK);
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

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(series_record(outcomes, 1, 1), 0);
	snprintf(other, sizeof other, "%s", rig_file(&rig, "log", 2, "out"));
	ck_assert_int_eq(rename(rig_file(&rig, "log", 1, "out"), other), 0);
	ck_assert_uint_eq(series_load(outcomes, 2), 0);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(an_odd_file_is_moved_out_of_the_way)
{
	static const char *const kinds[] = { "folder", "pipe" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct rig rig;

		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
		rig_open(&rig, 128 * 1024);
		rig_writer(&rig);
		ck_assert_int_eq(rig_put(&rig, 1, 100), 0);

		const char *path = rig_file(&rig, "log", 1, "out");

		ck_assert_int_eq(i == 0 ? mkdir(path, 0700) : mkfifo(path, 0600), 0);

		struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

		ck_assert_uint_eq(series_load(outcomes, 1), 0);
		ck_assert_uint_eq(rig_count(&rig, "damaged", "0000000000000001.out"), 1);
		ck_assert_int_eq(series_record(outcomes, 1, 1), 0);
		ck_assert_uint_eq(series_load(outcomes, 1), 1);
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

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 5; i++)
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);
	spool_outcomes_free(&outcomes);
	outcomes = spool_outcomes_new(rig.spool);
	for (size_t i = 0; i <= sizeof errors / sizeof *errors; i++) {
		int error = i > 0 ? errors[i - 1] : EIO;

		if (i == 0)
			rig_spoil(100, 200);
		else
			rig_break(CALL_OPENAT, 0, 2, error);
		series_loaded.count = 0;
		ck_assert_int_eq(spool_outcomes_load(outcomes, 1, series_take, &series_loaded), -1);
		ck_assert_int_eq(errno, error);
		rig_mend();
		rig_spoil(0, 0);
		ck_assert_uint_eq(rig_count(&rig, "damaged", ".out"), 0);
		ck_assert_uint_eq(series_load(outcomes, 1), 5);
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

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t i = 0; i < 5; i++)
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);

	const char *path = rig_file(&rig, "log", 1, "out");

	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_eq(truncate(path, st.st_size - OUTCOME_MARK - 7), 0);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		rig_break(CALL_OPENAT, 0, 1, errors[i]);
		ck_assert_uint_eq(series_load(outcomes, 1), 4);
		rig_mend();
		ck_assert_int_eq(stat(path, &st), 0);
	}
	ck_assert_uint_eq(series_load(outcomes, 1), 4);

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
	add_tests(suite, "end", a_cut_is_told_once, a_file_that_was_taken_away_is_told_once,
	    one_that_is_taken_away_now_is_made_again, no_outcomes_are_no_damage,
	    an_older_file_goes_on, what_stands_behind_a_mark_is_cut_off,
	    a_refused_append_leaves_the_end);
	add_tests(suite, "damage", a_flipped_octet_costs_one, another_segments_outcomes_are_none,
	    an_odd_file_is_moved_out_of_the_way, what_cannot_be_read_now_stays,
	    what_cannot_be_written_is_read);
}

UNIT_MAIN("spool/outcome_load")
