/* SPDX-License-Identifier: ISC */
/* test_tail.c - covers spool/tail.c, spool/tail_end.c, spool/tail_mark.c and spool/damage.c: cut
 * files, lost heads, what cannot be opened, and what is kept of what is damaged. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "rig_sample.h"
#include "spool/record.h"

static struct found found;

/* Cuts fall between units, and around each; the last record is cut everywhere. */
static size_t
next_cut(const struct sample *sample, size_t at)
{
	size_t in = at % RECORD_ALIGN;

	if (at > sample->sent[SAMPLE_MESSAGES - 1].place.offset || in == 1 || in == 0)
		return at - 1;
	return in == RECORD_ALIGN - 1 ? at - (RECORD_ALIGN - 2) : at - in;
}

/* A writer in trouble cuts a unit behind its last group, where the head of the next may stand. */
static bool
is_ours(const struct sample *sample, size_t at)
{
	for (size_t i = 0; i < SAMPLE_MESSAGES; i++)
		if (at == sample->sent[i].place.offset + RECORD_HEAD)
			return true;
	return false;
}

static void
cut_each(bool is_sealed, bool has_outcomes)
{
	struct sample sample;

	sample_make(&sample, is_sealed);

	uint32_t last = sample.sent[SAMPLE_MESSAGES - 1].place.offset;
	size_t whole_end = is_sealed ? sample.end : sample.end + SEGMENT_MARK;

	rig_tell_reach(has_outcomes ? last : 0);
	for (size_t at = whole_end;; at = next_cut(&sample, at)) {
		ck_assert_int_eq(ftruncate(sample.fd, (off_t)at), 0);
		rig_read(&sample.rig, &found);

		size_t whole = 0;

		/* Padding at the end of a record may be missing only where the segment says so
		 * itself. */
		while (whole < SAMPLE_MESSAGES &&
		       (whole + 1 < SAMPLE_MESSAGES ? sample.sent[whole + 1].place.offset
						    : sample.end) <= at)
			whole++;
		ck_assert_msg(found.count == whole, "%zu of %zu messages when cut at %zu",
		    found.count, whole, at);
		ck_assert_uint_eq(found.sealed, 1);

		bool is_told = rig_take_copies(&sample.rig) > 0;
		bool is_quiet = !is_sealed && (!has_outcomes || at > last);

		ck_assert_msg(
		    is_told != (at == whole_end), "a cut at %zu is told: %d", at, is_told);
		ck_assert_msg((sample.rig.counters.spool_damaged > 0) ==
				  (is_told && !(is_quiet && is_ours(&sample, at))),
		    "a cut at %zu is damage: %d", at, is_told);
		sample.rig.counters.spool_damaged = 0;
		if (at == 0)
			break;
	}
	rig_tell_reach(0);
	sample_restore(&sample);
	sample_close(&sample);
}

START_TEST(a_cut_keeps_all_before_it_if_sealed)
{
	cut_each(true, false);
}
END_TEST

START_TEST(a_cut_keeps_all_before_it_if_torn)
{
	cut_each(false, false);
}
END_TEST

START_TEST(a_cut_is_told_by_outcomes)
{
	cut_each(false, true);
	cut_each(true, true);
}
END_TEST

/* A lean segment grows as it is written: what its end has lost is told, if not as damage. */
START_TEST(a_cut_of_a_growing_file_is_told)
{
	struct sample sample;

	sample_make(&sample, false);

	const struct segment_frame frame = { .number = 1, .has_marks = true };
	unsigned char head[SEGMENT_HEAD];

	segment_head_encode(&frame, 0, head);
	ck_assert_int_eq(pwrite(sample.fd, head, sizeof head, 0), sizeof head);
	for (size_t i = 0; i < SAMPLE_MESSAGES; i++) {
		size_t at = sample.sent[SAMPLE_MESSAGES - 1 - i].place.offset;

		ck_assert_int_eq(ftruncate(sample.fd, (off_t)at), 0);
		rig_read(&sample.rig, &found);
		ck_assert_uint_eq(found.count, SAMPLE_MESSAGES - 1 - i);
		ck_assert_uint_gt(rig_take_copies(&sample.rig), 0);
	}
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 0);
	sample_close(&sample);
}
END_TEST

/* What the first posterns wrote has neither marks nor a size: its cuts may fall behind a record. */
START_TEST(a_segment_without_marks_is_read_as_ever)
{
	unsigned char head[SEGMENT_HEAD], zeros[SEGMENT_MARK] = { 0 };
	const struct segment_frame frame = { .number = 1 };
	struct sample sample;

	sample_make(&sample, false);
	segment_head_encode(&frame, 0, head);
	memset(head + SEGMENT_FRAME_AT, 0, SEGMENT_FRAME);
	ck_assert_int_eq(pwrite(sample.fd, head, sizeof head, 0), sizeof head);
	ck_assert_int_eq(pwrite(sample.fd, zeros, sizeof zeros, (off_t)sample.end), sizeof zeros);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, SAMPLE_MESSAGES);
	ck_assert_uint_eq(rig_take_copies(&sample.rig), 0);
	ck_assert_int_eq(ftruncate(sample.fd, sample.sent[3].place.offset), 0);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, 3);
	ck_assert_uint_eq(rig_take_copies(&sample.rig), 0);
	ck_assert_int_eq(ftruncate(sample.fd, sample.sent[3].place.offset - 7), 0);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, 2);
	ck_assert_uint_gt(rig_take_copies(&sample.rig), 0);
	sample_close(&sample);
}
END_TEST

/* Nothing of the last head is left, as if an older segment had ended there. */
START_TEST(a_lost_head_is_told)
{
	const struct record stale = { .segment = 99, .type = RECORD_INLINE };
	unsigned char bytes[RECORD_HEAD];

	for (int kind = 0; kind < 3; kind++) {
		struct sample sample;

		sample_make(&sample, false);

		uint32_t at = sample.sent[SAMPLE_MESSAGES - 1].place.offset;
		struct record other = stale;

		other.offset = at;
		memset(bytes, 'x', sizeof bytes);
		if (kind == 1)
			memset(bytes, 0, sizeof bytes);
		if (kind == 2)
			record_encode(&other, bytes);
		ck_assert_int_eq(pwrite(sample.fd, bytes, sizeof bytes, at), sizeof bytes);
		rig_read(&sample.rig, &found);
		ck_assert_uint_eq(found.count, SAMPLE_MESSAGES - 1);

		struct stat st;

		ck_assert_int_eq(stat(sample_copy(&sample, at), &st), 0);
		ck_assert_int_eq(st.st_size, kind == 2 ? 0 : (off_t)sample.end - at);
		sample_close(&sample);
	}
}
END_TEST

/* What is given up is cut behind its last group, in one piece with the mark. */
START_TEST(a_cut_of_ours_is_no_damage)
{
	for (int lost_seal = 0; lost_seal < 2; lost_seal++) {
		struct sent sent[2];
		struct stat st;
		struct rig rig;

		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
		rig_open(&rig, 64 * 1024);
		rig_writer(&rig);
		ck_assert_int_eq(rig_put(&rig, 1, 1000), 0);
		/* All of them, for a spare is made meanwhile. */
		rig_break(CALL_FDATASYNC, 0, 1000000, EIO);
		rig_send(&rig, 2, 1000, &sent[0]);
		rig_wait(&rig, sent, 1);
		ck_assert_int_eq(sent[0].error, EIO);
		rig_mend();
		rig_writer_free(&rig);
		ck_assert_int_eq(stat(rig_file(&rig, "log", 1, "seg"), &st), 0);
		ck_assert_int_lt(st.st_size, 64 * 1024);

		int fd = open(rig_file(&rig, "log", 1, "seg"), O_WRONLY);

		if (lost_seal)
			ck_assert_int_eq(pwrite(fd, (char[64]){ 0 }, 64, SEGMENT_SEAL_AT), 64);
		close(fd);
		rig_restart(&rig);
		rig_read(&rig, &found);
		ck_assert_uint_eq(found.count, 1);
		ck_assert_uint_eq(rig.counters.spool_damaged, 0);
		ck_assert_uint_eq(rig_count(&rig, "damaged", ".bin"), 0);
		rig_close(&rig);
	}
}
END_TEST

/* What is no segment though it bears the name: the others are read, and it stays. */
START_TEST(what_cannot_be_opened_holds_up_nothing)
{
	static const char *const kinds[] = { "folder", "pipe", "/dev/null", "/nowhere" };

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct sample sample;
		struct stat st;
		const char *path;

		sample_make(&sample, true);
		path = rig_file(&sample.rig, "log", 2, "seg");
		ck_assert_int_eq(i == 0   ? mkdir(path, 0700)
				 : i == 1 ? mkfifo(path, 0600)
					  : symlink(kinds[i], path),
		    0);
		rig_restart(&sample.rig);
		rig_read(&sample.rig, &found);
		ck_assert_uint_eq(found.count, SAMPLE_MESSAGES);
		ck_assert_uint_eq(found.sealed, 1);
		ck_assert_uint_eq(sample.rig.counters.spool_damaged, 1);
		ck_assert(sample.rig.spool->is_unread);
		ck_assert_int_eq(lstat(path, &st), 0);
		ck_assert_int_eq(i == 0 ? rmdir(path) : unlink(path), 0);
		sample_close(&sample);
	}
}
END_TEST

/* Without rights nothing is read, by root neither. */
static void
change_rights(const char *path, bool is_given)
{
	enum { NOBODY = 65534 };

	if (getuid() == 0)
		ck_assert_int_eq(seteuid(is_given ? 0 : NOBODY), 0);
	else
		ck_assert_int_eq(chmod(path, is_given ? 0600 : 0), 0);
}

/* A reader that has read all there is, and then another segment with one message, 100. */
static struct spool_reader *
make_late_segment(struct sample *sample)
{
	struct spool_record record;

	sample_make(sample, true);

	struct spool_reader *reader = spool_reader_new(sample->rig.spool, &sample->rig.counters);

	for (int i = 0; i < SAMPLE_MESSAGES; i++) {
		ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
		envelope_free(&record.envelope);
	}
	ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_WAIT);
	rig_writer(&sample->rig);
	ck_assert_int_eq(rig_put(&sample->rig, 100, 100), 0);
	rig_writer_free(&sample->rig);
	return reader;
}

/* Said once, and read as soon as that is possible. */
START_TEST(a_segment_without_rights_is_tried_again)
{
	struct spool_record record;
	struct sample sample;
	struct spool_reader *reader = make_late_segment(&sample);
	const char *path = rig_file(&sample.rig, "log", 2, "seg");

	change_rights(path, false);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_WAIT);
		ck_assert(spool_reader_is_stuck(reader));
	}
	ck_assert(sample.rig.spool->is_unread);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 1);
	change_rights(path, true);
	while (spool_reader_next(reader, &record) != SPOOL_NEXT_RECORD) {
		ck_assert(spool_reader_is_stuck(reader));
		usleep(10 * 1000);
	}
	ck_assert_uint_eq(record.id, 100);
	envelope_free(&record.envelope);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 1);
	spool_reader_free(&reader);
	sample_close(&sample);
}
END_TEST

/* Descriptors that are short for a while are no damage. */
START_TEST(a_shortage_is_waited_out)
{
	struct rlimit was, none = { 0, 0 };
	struct spool_record record;
	struct sample sample;
	struct spool_reader *reader = make_late_segment(&sample);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none.rlim_max = was.rlim_max;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_ERROR);
	ck_assert_int_eq(errno, EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_RECORD);
	ck_assert_uint_eq(record.id, 100);
	envelope_free(&record.envelope);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 0);
	spool_reader_free(&reader);
	sample_close(&sample);
}
END_TEST

/* Of an earlier life it is no stamp, and no damage. */
START_TEST(a_flipped_stamp_is_told)
{
	unsigned char mark[SEGMENT_MARK];
	struct sample sample;

	sample_make(&sample, true);
	for (uint64_t number = 1; number <= 2; number++)
		for (size_t i = 0; i < sizeof mark; i++) {
			segment_mark_encode(number, SEGMENT_STAMP_AT, mark);
			mark[i] ^= number == 1 ? 4 : 0;
			ck_assert_int_eq(
			    pwrite(sample.fd, mark, sizeof mark, SEGMENT_STAMP_AT), sizeof mark);
			rig_read(&sample.rig, &found);
			ck_assert_uint_eq(found.count, SAMPLE_MESSAGES);
			ck_assert_uint_eq(sample.rig.counters.spool_damaged, number == 1);
			sample.rig.counters.spool_damaged = 0;
			rig_take_copies(&sample.rig);
		}
	sample_close(&sample);
}
END_TEST

/* Each time more of it is damaged: an older, narrower copy is not taken for all of it. */
START_TEST(wider_damage_is_set_aside_again)
{
	struct sample sample;
	off_t at;

	sample_make(&sample, true);
	at = sample.sent[1].place.offset;
	ck_assert_int_eq(pwrite(sample.fd, "\xff", 1, at + 4), 1);
	rig_read(&sample.rig, &found);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 1);
	ck_assert_int_eq(pwrite(sample.fd, "\xff", 1, sample.sent[2].place.offset + 4), 1);
	rig_read(&sample.rig, &found);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 1);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin.1"), 1);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin.2"), 0);
	sample_close(&sample);
}
END_TEST

/* Of a last record whose head is lost everything is kept, but no zeros behind it. */
START_TEST(a_torn_end_is_kept_whole)
{
	enum { LONG = 200 * 1024 };
	char path[128];
	struct sent sent;
	struct stat st;
	struct rig rig;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, 1024 * 1024);
	rig.spool->inline_budget = 1024 * 1024;
	rig_writer(&rig);
	rig_send(&rig, 1, LONG, &sent);
	rig_wait(&rig, &sent, 1);
	rig_writer_free(&rig);

	int fd = open(rig_file(&rig, "log", 1, "seg"), O_WRONLY);

	ck_assert_int_eq(pwrite(fd, (char[64]){ 0 }, 64, SEGMENT_SEAL_AT), 64);
	ck_assert_int_eq(pwrite(fd, "x", 1, sent.place.offset + 20), 1);
	close(fd);
	rig_restart(&rig);
	rig_read(&rig, &found);
	ck_assert_uint_eq(found.count, 0);
	snprintf(
	    path, sizeof path, "%s/damaged/0000000000000001-%08x.bin", rig.path, sent.place.offset);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_ge(st.st_size, LONG);
	ck_assert_int_le(st.st_size, LONG + 4096);
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "cut", a_cut_keeps_all_before_it_if_sealed,
	    a_cut_keeps_all_before_it_if_torn, a_cut_is_told_by_outcomes,
	    a_cut_of_a_growing_file_is_told, a_segment_without_marks_is_read_as_ever,
	    a_cut_of_ours_is_no_damage);
	add_tests(suite, "open", what_cannot_be_opened_holds_up_nothing,
	    a_segment_without_rights_is_tried_again, a_shortage_is_waited_out);
	add_tests(suite, "damage", a_lost_head_is_told, a_flipped_stamp_is_told,
	    wider_damage_is_set_aside_again, a_torn_end_is_kept_whole);
}

UNIT_MAIN("spool/tail")
