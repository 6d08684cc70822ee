/* SPDX-License-Identifier: ISC */
/* test_outcome.c - covers spool/outcome.c, outcome_wire.c and orphan.c: outcomes come back in
 * order, and survive failures. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "rig_series.h"
#include "spool/outcomes.h"

START_TEST(come_back_in_order)
{
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_uint_eq(series_load(outcomes, 1), 0);
	for (uint64_t i = 0; i < MANY; i++)
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);
	spool_outcomes_free(&outcomes);
	outcomes = spool_outcomes_new(rig.spool);
	ck_assert_uint_eq(series_load(outcomes, 1), MANY);
	for (uint64_t i = 0; i < MANY; i++)
		series_check(&series_loaded.outcome[i], i);
	ck_assert_str_eq(series_loaded.reply[0], "");
	ck_assert_str_eq(series_loaded.reply[7], "250 2.0.0 queued as 7");
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
	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(spool_outcome_record(outcomes, 1, &outcome), 0);
	ck_assert_uint_eq(series_load(outcomes, 1), 1);
	ck_assert_uint_eq(strlen(series_loaded.reply[0]), OUTCOME_REPLY_MAX);
	ck_assert_uint_eq(series_loaded.outcome[0].rcpt, OUTCOME_ALL);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(more_files_than_are_kept_open)
{
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (uint64_t round = 0; round < 3; round++)
		for (uint64_t segment = 1; segment <= 150; segment++)
			ck_assert_int_eq(series_record(outcomes, segment, round), 0);
	for (uint64_t segment = 1; segment <= 150; segment++)
		ck_assert_uint_eq(series_load(outcomes, segment), 3);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(a_failed_append_spoils_nothing)
{
	static const int errors[] = { ENOSPC, EIO };
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
		ck_assert_int_eq(series_record(outcomes, 1, 2 * i), 0);
		/* A piece is written, then nothing more; and the piece cannot be cut off. */
		rig_break(CALL_PWRITEV, 0, 1, 0);
		rig_break(CALL_FTRUNCATE, 0, 1, EIO);
		ck_assert_int_eq(series_record(outcomes, 1, 2 * i + 1), 0);
		rig_break(CALL_PWRITEV, 0, 1, errors[i]);
		ck_assert_int_eq(series_record(outcomes, 1, 99), -1);
		ck_assert_int_eq(errno, errors[i]);
	}
	ck_assert_uint_eq(series_load(outcomes, 1), 4);
	for (uint64_t i = 0; i < 4; i++)
		series_check(&series_loaded.outcome[i], i);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

START_TEST(syncs_soon)
{
	struct rig rig;

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);
	int before = rig_calls(CALL_FDATASYNC), dirs = rig_calls(CALL_FSYNC_DIR);
	int64_t start = clock_mono_ms();

	for (uint64_t i = 0; i < 20; i++)
		ck_assert_int_eq(series_record(outcomes, 1, i), 0);
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

	series_make_segment(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	ck_assert_int_eq(series_record(outcomes, 1, 0), 0);
	ck_assert_int_eq(series_record(outcomes, 77, 0), 0);
	spool_outcomes_free(&outcomes);
	outcomes = spool_outcomes_new(rig.spool);
	ck_assert_int_eq(access(rig_file(&rig, "log", 1, "out"), F_OK), 0);
	ck_assert_int_ne(access(rig_file(&rig, "log", 77, "out"), F_OK), 0);
	spool_outcomes_free(&outcomes);
	rig_close(&rig);
}
END_TEST

/* Unless its outcomes tell of a message that has not ended: then the segment was lost. */
START_TEST(a_lost_segment_is_told)
{
	static const struct {
		enum outcome_kind kind[3];
		bool is_lost;
	} cases[] = {
		{ { OUTCOME_DEFERRED, OUTCOME_DEFERRED, OUTCOME_DELIVERED }, false },
		{ { OUTCOME_HELD, OUTCOME_RELEASED, OUTCOME_REMOVED }, false },
		{ { OUTCOME_WARNED, OUTCOME_DEFERRED, OUTCOME_MOVED }, false },
		{ { OUTCOME_DELIVERED, OUTCOME_FAILED, OUTCOME_DEFERRED }, true },
		{ { OUTCOME_DEFERRED, OUTCOME_DEFERRED, OUTCOME_HELD }, true },
	};

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct rig rig;

		series_make_segment(&rig);

		struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

		ck_assert_uint_eq(series_load(outcomes, 77), 0);
		for (uint32_t n = 0; n < 6; n++) {
			/* Another message, which has ended, stands between. */
			const struct outcome outcome = {
				.kind = n % 2 == 0 ? cases[i].kind[n / 2] : OUTCOME_DELIVERED,
				.id = 1 + n % 2,
				.offset = 4096 + 64 * (n % 2),
			};

			ck_assert_int_eq(spool_outcome_record(outcomes, 77, &outcome), 0);
		}
		spool_outcomes_free(&outcomes);
		outcomes = spool_outcomes_new(rig.spool);
		ck_assert_int_ne(access(rig_file(&rig, "log", 77, "out"), F_OK), 0);
		ck_assert_int_eq(
		    access(rig_file(&rig, "damaged", 77, "out"), F_OK) == 0, cases[i].is_lost);
		ck_assert_uint_eq(rig.counters.spool_damaged, cases[i].is_lost);
		spool_outcomes_free(&outcomes);
		rig_close(&rig);
	}
}
END_TEST

/* What is no file of outcomes makes room for one, and is kept. */

static void
add_cases(Suite *suite)
{
	add_tests(suite, "record", come_back_in_order, a_long_reply_is_cut,
	    more_files_than_are_kept_open, a_failed_append_spoils_nothing, syncs_soon,
	    orphans_are_removed_at_the_start, a_lost_segment_is_told);
}

UNIT_MAIN("spool/outcome")
