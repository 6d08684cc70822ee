/* SPDX-License-Identifier: ISC */
/* test_outcome_keep.c - outcomes that the disk refuses wait in memory, in their order; and what
 * they allow to be dropped waits for them. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "rig.h"

enum { SEGMENT = 128 * 1024, LARGE = 100 * 1024, ALWAYS = 1 << 30, MOST = 64 * 1024 };

static const char log_name[] = "log.text";

struct seen {
	uint64_t id[16];
	size_t count;
};

static void
take(void *ctx, const struct outcome *outcome)
{
	struct seen *seen = ctx;

	ck_assert_uint_lt(seen->count, 16);
	seen->id[seen->count++] = outcome->id;
}

/* A spool with messages 1 to 3 in as many segments, the third one large; the log goes to a file. */
static struct spool_outcomes *
begin(struct rig *rig)
{
	rig_open(rig, SEGMENT);
	ck_assert_ptr_nonnull(freopen(log_name, "w", stderr));
	setvbuf(stderr, NULL, _IONBF, 0);
	for (uint64_t id = 1; id <= 3; id++) {
		rig_writer(rig);
		ck_assert_int_eq(rig_put(rig, id, id == 3 ? LARGE : 1000), 0);
		rig_writer_free(rig);
	}

	struct spool_outcomes *outcomes = spool_outcomes_new(rig->spool);

	ck_assert_ptr_nonnull(outcomes);
	return outcomes;
}

static void
end(struct rig *rig, struct spool_outcomes **outcomes)
{
	spool_outcomes_free(outcomes);
	rig_close(rig);
	unlink(log_name);
}

static struct outcome
outcome_of(uint64_t id, enum outcome_kind kind)
{
	return (struct outcome){
		.kind = kind, .id = id, .rcpt = OUTCOME_ALL, .reply = "250 2.0.0 taken"
	};
}

static int
keep(struct spool_outcomes *outcomes, uint64_t segment, uint64_t id)
{
	const struct outcome outcome = outcome_of(id, OUTCOME_DELIVERED);

	return spool_outcome_keep(outcomes, segment, &outcome);
}

static void
refuse(int times)
{
	rig_break(CALL_PWRITEV, 0, times, ENOSPC);
}

/* The ids that the segment's outcomes are of must be these, in this order. */
static void
check_written(struct spool_outcomes *outcomes, uint64_t segment, size_t count, const uint64_t *ids)
{
	struct seen seen = { .count = 0 };

	ck_assert_int_eq(spool_outcomes_load(outcomes, segment, take, &seen), 0);
	ck_assert_uint_eq(seen.count, count);
	for (size_t i = 0; i < count; i++)
		ck_assert_uint_eq(seen.id[i], ids[i]);
}

static unsigned
log_lines(const char *event)
{
	FILE *file = fopen(log_name, "r");
	char line[1024];
	unsigned count = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof line, file) != NULL)
		count += strstr(line, event) != NULL;
	fclose(file);
	return count;
}

START_TEST(what_is_refused_is_written_later)
{
	static const uint64_t ids[] = { 10, 11, 12, 13 };
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	ck_assert_int_eq(keep(outcomes, 1, 10), 0);
	refuse(ALWAYS);
	for (uint64_t id = 11; id <= 13; id++)
		ck_assert_int_eq(keep(outcomes, 1, id), 0);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 3);
	spool_outcomes_write_kept(outcomes);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 3);
	check_written(outcomes, 1, 1, ids);
	rig_mend();
	spool_outcomes_write_kept(outcomes);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 0);
	check_written(outcomes, 1, 4, ids);
	end(&rig, &outcomes);
}
END_TEST

/* The file was made before the disk refused what was to go into it. */
START_TEST(the_name_of_its_file_is_durable_too)
{
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);
	int syncs = rig_calls(CALL_FSYNC_DIR);

	refuse(1);
	ck_assert_int_eq(keep(outcomes, 1, 10), 0);
	ck_assert_int_eq(access(rig_file(&rig, "log", 1, "out"), F_OK), 0);
	spool_outcomes_write_kept(outcomes);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 0);
	spool_outcomes_free(&outcomes);
	ck_assert_int_gt(rig_calls(CALL_FSYNC_DIR), syncs);
	end(&rig, &outcomes);
}
END_TEST

START_TEST(none_overtakes_those_of_its_segment)
{
	static const uint64_t first[] = { 10, 11 }, second[] = { 20 };
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(1);
	ck_assert_int_eq(keep(outcomes, 1, 10), 0);
	ck_assert_int_eq(keep(outcomes, 2, 20), 0);
	ck_assert_int_eq(keep(outcomes, 1, 11), 0);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 2);
	check_written(outcomes, 2, 1, second);
	spool_outcomes_write_kept(outcomes);
	check_written(outcomes, 1, 2, first);
	end(&rig, &outcomes);
}
END_TEST

START_TEST(a_segment_that_refuses_stops_no_other)
{
	static const uint64_t ids[] = { 20 };
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(3);
	ck_assert_int_eq(keep(outcomes, 1, 10), 0);
	ck_assert_int_eq(keep(outcomes, 2, 20), 0);
	spool_outcomes_write_kept(outcomes); /* the third refusal, of segment 1 */
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 1);
	check_written(outcomes, 2, 1, ids);
	end(&rig, &outcomes);
}
END_TEST

START_TEST(an_order_is_refused)
{
	static const uint64_t ids[] = { 10, 12 };
	const struct outcome order = outcome_of(11, OUTCOME_HELD);
	const struct outcome later = outcome_of(12, OUTCOME_HELD);
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	ck_assert_int_eq(keep(outcomes, 1, 10), 0);
	ck_assert_int_eq(spool_outcome_record(outcomes, 1, &order), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 1);
	rig_mend();
	ck_assert_int_eq(spool_outcome_record(outcomes, 1, &later), 0);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 0);
	check_written(outcomes, 1, 2, ids);
	end(&rig, &outcomes);
}
END_TEST

START_TEST(no_more_than_so_many_are_kept)
{
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	for (uint64_t i = 0; i < MOST; i++)
		ck_assert_int_eq(keep(outcomes, 1, i), 0);
	ck_assert_int_eq(keep(outcomes, 1, MOST), -1);
	ck_assert_int_eq(errno, ENOSPC);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), MOST);
	end(&rig, &outcomes);
}
END_TEST

START_TEST(a_trouble_is_two_lines)
{
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	for (unsigned trouble = 1; trouble <= 2; trouble++) {
		refuse(ALWAYS);
		for (uint64_t id = 10; id < 15; id++)
			ck_assert_int_eq(keep(outcomes, 1, id), 0);
		spool_outcomes_write_kept(outcomes);
		ck_assert_uint_eq(log_lines("outcomes_not_written"), trouble);
		ck_assert_uint_eq(log_lines("outcomes_written"), trouble - 1);
		rig_mend();
		spool_outcomes_write_kept(outcomes);
		ck_assert_uint_eq(log_lines("outcomes_written"), trouble);
	}
	ck_assert_uint_eq(log_lines("kept=5"), 2);
	ck_assert_uint_eq(log_lines("outcomes_lost"), 0);
	end(&rig, &outcomes);
}
END_TEST

START_TEST(the_end_tries_once_more)
{
	static const uint64_t ids[] = { 10 };
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(1);
	ck_assert_int_eq(keep(outcomes, 1, 10), 0);
	spool_outcomes_free(&outcomes);
	outcomes = spool_outcomes_new(rig.spool);
	check_written(outcomes, 1, 1, ids);
	refuse(ALWAYS);
	ck_assert_int_eq(keep(outcomes, 1, 11), 0);
	spool_outcomes_free(&outcomes);
	ck_assert_uint_eq(log_lines("outcomes_lost"), 1);
	rig_mend();
	outcomes = spool_outcomes_new(rig.spool);
	check_written(outcomes, 1, 1, ids);
	end(&rig, &outcomes);
}
END_TEST

static void
wait_until_forgotten(struct spool_outcomes *outcomes)
{
	int64_t until = clock_mono_ms() + 10000;

	while (spool_outcomes_kept(outcomes) > 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		usleep(1000);
		spool_outcomes_write_kept(outcomes);
	}
}

START_TEST(a_large_content_waits_for_its_outcome)
{
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	ck_assert_int_eq(keep(outcomes, 3, 3), 0);
	spool_outcomes_drop_large(outcomes, 3);
	spool_outcomes_free(&outcomes);
	ck_assert_int_eq(access(rig_large_file(&rig, 3), F_OK), 0);
	rig_mend();
	outcomes = spool_outcomes_new(rig.spool);
	refuse(1);
	ck_assert_int_eq(keep(outcomes, 3, 3), 0);
	spool_outcomes_drop_large(outcomes, 3);
	spool_outcomes_write_kept(outcomes);
	spool_outcomes_free(&outcomes);
	ck_assert_int_ne(access(rig_large_file(&rig, 3), F_OK), 0);
	end(&rig, &outcomes);
}
END_TEST

START_TEST(a_segment_that_goes_needs_none_of_its_own)
{
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	ck_assert_int_eq(keep(outcomes, 1, 1), 0);
	spool_outcomes_drop_segment(outcomes, 1);
	wait_until_forgotten(outcomes);
	ck_assert_int_ne(access(rig_file(&rig, "log", 1, "seg"), F_OK), 0);
	ck_assert_uint_eq(log_lines("outcomes_lost"), 0);
	rig_mend();
	end(&rig, &outcomes);
}
END_TEST

/* It could not go: what happened to its messages still counts. */
START_TEST(a_segment_that_stays_keeps_its_own)
{
	static const uint64_t ids[] = { 1 };
	int64_t until = clock_mono_ms() + 10000;
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	rig_break(CALL_RENAMEAT, 0, 1, ENOSPC);
	ck_assert_int_eq(keep(outcomes, 1, 1), 0);
	spool_outcomes_drop_segment(outcomes, 1);
	while (log_lines("segment_not_dropped") == 0)
		ck_assert_int_lt(clock_mono_ms(), until);
	spool_outcomes_write_kept(outcomes);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 1);
	rig_mend();
	spool_outcomes_write_kept(outcomes);
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 0);
	check_written(outcomes, 1, 1, ids);
	end(&rig, &outcomes);
}
END_TEST

/* Message 3 is large, and its outcome waits; its segment cannot go. */
START_TEST(a_large_content_stays_with_its_segment)
{
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	rig_break(CALL_FSYNC_DIR, 0, ALWAYS, EIO);
	ck_assert_int_eq(keep(outcomes, 3, 3), 0);
	spool_outcomes_drop_large(outcomes, 3);
	spool_outcomes_drop_segment(outcomes, 3);
	spool_outcomes_free(&outcomes);
	ck_assert_int_eq(access(rig_large_file(&rig, 3), F_OK), 0);
	ck_assert_uint_eq(log_lines("outcomes_lost"), 1);
	rig_mend();
	end(&rig, &outcomes);
}
END_TEST

START_TEST(a_large_content_goes_after_its_segment)
{
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	ck_assert_int_eq(keep(outcomes, 3, 3), 0);
	spool_outcomes_drop_large(outcomes, 3);
	spool_outcomes_drop_segment(outcomes, 3);
	spool_outcomes_free(&outcomes);
	ck_assert_int_ne(access(rig_large_file(&rig, 3), F_OK), 0);
	rig_mend();
	end(&rig, &outcomes);
}
END_TEST

/* Not only at the end: it is the room that a full disk lacks. */
START_TEST(a_large_content_goes_at_once_after_its_segment)
{
	int64_t until = clock_mono_ms() + 10000;
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	ck_assert_int_eq(keep(outcomes, 1, 1), 0);
	ck_assert_int_eq(keep(outcomes, 3, 3), 0);
	spool_outcomes_drop_large(outcomes, 3);
	spool_outcomes_drop_segment(outcomes, 3);
	while (access(rig_large_file(&rig, 3), F_OK) == 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		usleep(1000);
		spool_outcomes_write_kept(outcomes);
	}
	ck_assert_uint_eq(spool_outcomes_kept(outcomes), 1);
	rig_mend();
	end(&rig, &outcomes);
}
END_TEST

START_TEST(a_copy_stays_until_it_is_known_as_one)
{
	const struct outcome moved = outcome_of(1, OUTCOME_MOVED);
	struct rig rig;
	struct spool_outcomes *outcomes = begin(&rig);

	refuse(ALWAYS);
	ck_assert_int_eq(spool_outcome_keep(outcomes, 1, &moved), 0);
	spool_outcomes_drop_segment(outcomes, 2); /* where the copy was, which is done */
	spool_outcomes_free(&outcomes);
	ck_assert_int_eq(access(rig_file(&rig, "log", 2, "seg"), F_OK), 0);
	rig_mend();
	outcomes = spool_outcomes_new(rig.spool);
	refuse(1);
	ck_assert_int_eq(spool_outcome_keep(outcomes, 1, &moved), 0);
	spool_outcomes_drop_segment(outcomes, 2);
	spool_outcomes_write_kept(outcomes);
	spool_outcomes_free(&outcomes);
	ck_assert_int_ne(access(rig_file(&rig, "log", 2, "seg"), F_OK), 0);
	end(&rig, &outcomes);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "keep", what_is_refused_is_written_later,
	    the_name_of_its_file_is_durable_too, none_overtakes_those_of_its_segment,
	    a_segment_that_refuses_stops_no_other, an_order_is_refused,
	    no_more_than_so_many_are_kept, a_trouble_is_two_lines, the_end_tries_once_more);
	add_tests(suite, "drop", a_large_content_waits_for_its_outcome,
	    a_segment_that_goes_needs_none_of_its_own, a_segment_that_stays_keeps_its_own,
	    a_large_content_stays_with_its_segment, a_large_content_goes_after_its_segment,
	    a_large_content_goes_at_once_after_its_segment, a_copy_stays_until_it_is_known_as_one);
}

UNIT_MAIN("spool/outcome_keep")
