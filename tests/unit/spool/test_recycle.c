/* SPDX-License-Identifier: ISC */
/* test_recycle.c - the end of a segment: outcomes first, then the segment, then the outcomes; and
 * what spares may hold. */
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
#include "spool/spare.h"

enum { SMALL = 128 * 1024 };

static struct found found;

static int
record(struct spool_outcomes *outcomes, uint64_t segment, uint32_t rcpt)
{
	const struct outcome outcome = { .kind = OUTCOME_DELIVERED,
		.id = 1,
		.offset = 4096,
		.rcpt = rcpt,
		.reply = "250 2.0.0 taken" };

	return spool_outcome_record(outcomes, segment, &outcome);
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

/* A sync waits for the journal only where it is the first over many blocks: in a new file, and in
 * what the one before had left of a recycled one. */
START_TEST(blocks_are_written_ahead)
{
	enum { SIZE = 4 * 1024 * 1024, MESSAGES = 300 };
	struct rig rig;

	rig_open(&rig, SIZE);
	board_allow_spares(rig.board, 0); /* so that none is made of zeros */
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 1, 4096), 0);
	ck_assert_int_ge(rig_written(&rig, 1), SIZE / 4);

	int before = rig_calls(CALL_PWRITEV);

	for (uint64_t i = 0; i < 50; i++)
		ck_assert_int_eq(rig_put(&rig, i + 2, 4096), 0);
	ck_assert_int_eq(rig_calls(CALL_PWRITEV) - before, 50);
	rig_writer_free(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	rig_read(&rig, &found);
	spool_outcomes_drop_segment(outcomes, 1);
	spool_outcomes_free(&outcomes);
	ck_assert_uint_eq(rig_count(&rig, "log", ".spare"), 1);
	rig_writer(&rig);
	for (uint64_t i = 0; i < MESSAGES; i++)
		ck_assert_int_eq(rig_put(&rig, i + 100, 4096), 0);
	ck_assert_uint_eq(rig_count(&rig, "log", ".spare"), 0);
	ck_assert_int_ge(rig_written(&rig, 2), SIZE / 2);
	ck_assert_int_lt(rig_written(&rig, 2), SIZE);
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

static void
ignore(void *ctx, const struct outcome *outcome)
{
	(void)ctx;
	(void)outcome;
}

/* Nobody knows what became of the syncs of an earlier process: whenever its outcomes are found they
 * are written over. */
START_TEST(outcomes_of_an_earlier_process_are_written_again)
{
	struct rig rig;

	make_segment(&rig);
	rig_writer(&rig);
	ck_assert_int_eq(rig_put(&rig, 2, 1000), 0);
	rig_writer_free(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	rig_break(CALL_FDATASYNC, 0, 1000000, EIO);
	ck_assert_int_eq(record(outcomes, 1, 0), 0);
	ck_assert_int_eq(record(outcomes, 2, 0), 0);
	spool_outcomes_free(&outcomes);
	rig_mend();
	outcomes = spool_outcomes_new(rig.spool);

	int writes = rig_calls(CALL_PWRITEV), syncs = rig_calls(CALL_FDATASYNC);
	int64_t until = clock_mono_ms() + 10000;

	ck_assert_int_eq(spool_outcomes_load(outcomes, 1, ignore, NULL), 0);
	while (rig_calls(CALL_FDATASYNC) == syncs)
		ck_assert_int_lt(clock_mono_ms(), until);
	ck_assert_int_eq(spool_outcomes_load(outcomes, 2, ignore, NULL), 0);
	spool_outcomes_free(&outcomes);
	/* And each segment gets its stamp. */
	ck_assert_int_eq(rig_calls(CALL_PWRITEV), writes + 2 + 2);
	rig_close(&rig);
}
END_TEST

static struct board *lowered;

/* As if another thread had lowered the limit, and looked for spares, just before. */
static int
lowering_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	board_allow_spares(lowered, 0);
	return rig_disk.renameat(from_dir, from, to_dir, to);
}

static unsigned
make_spare(struct rig *rig, const struct disk_ops *disk)
{
	struct spare spare = { rig->spool, -1, 0 };

	rig->spool->disk = disk;
	board_allow_spares(rig->board, 1);
	while (spare_begin(&spare) && spare_step(&spare))
		;
	ck_assert_int_eq(spare.fd, -1);
	ck_assert_uint_eq(rig_count(rig, "log", ".prep"), 0);
	return rig_count(rig, "log", ".spare");
}

START_TEST(no_spare_outlives_its_limit)
{
	struct disk_ops lowering = rig_disk;
	struct rig rig;

	lowering.renameat = lowering_renameat;
	rig_open(&rig, SMALL);
	lowered = rig.board;
	ck_assert_uint_eq(make_spare(&rig, &lowering), 0);
	ck_assert_uint_eq(make_spare(&rig, &rig_disk), 1);
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

static void
add_cases(Suite *suite)
{
	add_tests(suite, "drop", a_done_segment_becomes_a_spare,
	    spares_are_limited_and_of_full_size, blocks_are_written_ahead,
	    a_recycled_segment_shows_only_what_is_new,
	    nothing_is_dropped_before_the_outcomes_are_safe,
	    outcomes_of_an_earlier_process_are_written_again, no_spare_outlives_its_limit,
	    a_large_file_is_dropped);
}

UNIT_MAIN("spool/recycle")
