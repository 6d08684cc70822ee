/* SPDX-License-Identifier: ISC */
/* test_recovery.c - segments that were flipped or torn: what is sound comes back, nothing else
 * does. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/log.h"
#include "rig_sample.h"
#include "spool/record.h"

enum { SMALL = SAMPLE_SEGMENT };

static struct found found;

/* Which message the octet belongs to, or -1. */
static int
owner(const struct sample *sample, size_t at)
{
	for (int i = SAMPLE_MESSAGES - 1; i >= 0; i--)
		if (at >= sample->sent[i].place.offset)
			return at < sample->end ? i : -1;
	return -1;
}

static void
flip_each(bool is_sealed)
{
	struct sample sample;

	sample_make(&sample, is_sealed);
	for (size_t at = 0; at < sample.end; at++) {
		/* Between the seal and the first record lie only zeros. */
		if (at == SEGMENT_SEAL_AT + SEGMENT_SEAL)
			at = SEGMENT_HEAD;

		unsigned char flipped = sample.bytes[at] ^ (unsigned char)(1u << at % 8);
		int hit = owner(&sample, at);

		ck_assert_int_eq(pwrite(sample.fd, &flipped, 1, (off_t)at), 1);
		rig_read(&sample.rig, &found);
		for (int i = 0; i < SAMPLE_MESSAGES; i++)
			ck_assert_msg(i == hit || rig_times(&found, (uint64_t)i + 1) == 1,
			    "message %d was lost to a flip at %zu", i, at);
		ck_assert_uint_eq(found.sealed, 1);

		bool is_told = rig_take_copies(&sample.rig) > 0;

		ck_assert_msg(is_told || hit < 0 || rig_times(&found, (uint64_t)hit + 1) == 1,
		    "a flip at %zu is not told", at);
		ck_assert_int_eq(pwrite(sample.fd, sample.bytes + at, 1, (off_t)at), 1);
	}
	sample_close(&sample);
}

START_TEST(a_flipped_octet_costs_one_record_if_sealed)
{
	flip_each(true);
}
END_TEST

START_TEST(a_flipped_octet_costs_one_record_if_torn)
{
	flip_each(false);
}
END_TEST

START_TEST(damage_is_reported_and_set_aside)
{
	struct sample sample;
	size_t at;

	sample_make(&sample, true);
	at = sample.sent[2].place.offset + 4;
	ck_assert_int_eq(pwrite(sample.fd, "\xff\xff", 2, (off_t)at), 2);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, SAMPLE_MESSAGES - 1);
	ck_assert(!rig_has(&found, 3));
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 1);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 1);

	struct stat st;

	ck_assert_int_eq(stat(sample_copy(&sample, sample.sent[2].place.offset), &st), 0);
	ck_assert_int_eq(st.st_size, sample.sent[3].place.offset - sample.sent[2].place.offset);
	sample_close(&sample);
}
END_TEST

START_TEST(a_damaged_frame_is_reported)
{
	static const size_t places[] = { 3, 10, 60, SEGMENT_SEAL_AT + 3, SEGMENT_SEAL_AT + 60 };

	for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
		struct sample sample;
		unsigned char octet;

		sample_make(&sample, true);
		ck_assert_int_eq(pread(sample.fd, &octet, 1, (off_t)places[i]), 1);
		octet ^= 0x5a; /* the time and the checksums may hold any value */
		ck_assert_int_eq(pwrite(sample.fd, &octet, 1, (off_t)places[i]), 1);
		rig_read(&sample.rig, &found);
		ck_assert_uint_eq(found.count, SAMPLE_MESSAGES);
		ck_assert_uint_eq(sample.rig.counters.spool_damaged, 1);
		ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 1);
		sample_close(&sample);
	}
}
END_TEST

/* The only copy of what is damaged is not recycled. */
START_TEST(what_cannot_be_set_aside_keeps_its_segment)
{
	struct sample sample;

	sample_make(&sample, true);
	ck_assert_int_eq(
	    pwrite(sample.fd, "\xff\xff", 2, (off_t)sample.sent[2].place.offset + 4), 2);
	sample.rig.spool->disk = &rig_disk;
	rig_break(CALL_PWRITEV, 0, 1, ENOSPC);
	rig_read(&sample.rig, &found);
	rig_mend();
	ck_assert_uint_eq(found.count, SAMPLE_MESSAGES - 1);
	ck_assert_uint_eq(found.sealed, 0);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 0);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.sealed, 1);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 1);
	sample_close(&sample);
}
END_TEST

START_TEST(a_torn_end_is_not_damage)
{
	struct sample sample;
	size_t at;

	sample_make(&sample, false);
	at = sample.sent[4].place.offset + 64 + 256;
	memset(sample.bytes + at, 0, sample.size - at);
	sample_restore(&sample);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, SAMPLE_MESSAGES - 1);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 0);
	ck_assert_int_eq(access(sample_copy(&sample, sample.sent[4].place.offset), F_OK), 0);
	sample_close(&sample);
}
END_TEST

START_TEST(zeros_behind_the_end_are_silent)
{
	struct sample sample;

	sample_make(&sample, false);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 0);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 0);
	sample_close(&sample);
}
END_TEST

/* A recycled file whose new first block came to the disk, but for this sector. */
START_TEST(the_seal_of_an_earlier_life_is_silent)
{
	unsigned char seal[SEGMENT_SEAL];
	struct sample sample;

	sample_make(&sample, false);
	segment_seal_encode(99, 8192, seal);
	ck_assert_int_eq(pwrite(sample.fd, seal, sizeof seal, SEGMENT_SEAL_AT), sizeof seal);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, SAMPLE_MESSAGES);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 0);
	ck_assert_uint_eq(rig_count(&sample.rig, "damaged", ".bin"), 0);
	sample_close(&sample);
}
END_TEST

/* A segment that was given up before it had a whole first block, and could not even be removed. */
START_TEST(a_short_segment_without_records_is_silent)
{
	unsigned char seal[SEGMENT_SEAL];
	struct sample sample;

	sample_make(&sample, false);
	segment_seal_encode(1, SEGMENT_HEAD, seal);
	ck_assert_int_eq(ftruncate(sample.fd, 0), 0);
	ck_assert_int_eq(pwrite(sample.fd, seal, sizeof seal, SEGMENT_SEAL_AT), sizeof seal);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, 0);
	ck_assert_uint_eq(found.sealed, 1);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 0);
	sample_close(&sample);
}
END_TEST

START_TEST(noise_is_survived)
{
	struct sample sample;
	uint32_t seed = 7;

	sample_make(&sample, false);
	for (int round = 0; round < 300; round++) {
		size_t from = (seed >> 8) % sample.end, len = 1 + (seed >> 4) % 700;

		for (size_t i = from; i < from + len && i < sample.size; i++) {
			unsigned char noise = (unsigned char)(seed >> 24);

			ck_assert_int_eq(pwrite(sample.fd, &noise, 1, (off_t)i), 1);
			seed = seed * 1664525 + 1013904223;
		}
		rig_read(&sample.rig, &found);
		for (int i = 0; i < SAMPLE_MESSAGES; i++) {
			size_t start = sample.sent[i].place.offset;
			size_t end =
			    i + 1 < SAMPLE_MESSAGES ? sample.sent[i + 1].place.offset : sample.end;

			ck_assert(rig_times(&found, (uint64_t)i + 1) == 1 ||
				  (from < end && from + len > start));
		}
		sample_restore(&sample);
	}
	sample_close(&sample);
}
END_TEST

START_TEST(the_head_of_another_segment_means_empty)
{
	struct sample sample;
	unsigned char head[SEGMENT_HEAD];

	sample_make(&sample, false);
	segment_head_encode(&(struct segment_frame){ .number = 99 }, 0, head);
	ck_assert_int_eq(pwrite(sample.fd, head, sizeof head, 0), sizeof head);
	rig_read(&sample.rig, &found);
	ck_assert_uint_eq(found.count, 0);
	ck_assert_uint_eq(found.sealed, 1);
	ck_assert_uint_eq(sample.rig.counters.spool_damaged, 0);
	sample_close(&sample);
}
END_TEST

START_TEST(an_empty_or_tiny_file_is_empty)
{
	struct sample sample;

	sample_make(&sample, true);
	for (off_t size = 0; size <= SEGMENT_HEAD; size += 512) {
		sample_restore(&sample);
		ck_assert_int_eq(ftruncate(sample.fd, size), 0);
		rig_read(&sample.rig, &found);
		ck_assert_uint_eq(found.count, 0);
		ck_assert_uint_eq(found.sealed, 1);
	}
	sample_close(&sample);
}
END_TEST

/* What the disk does not give away costs what it touches; the file stays for whoever can read it.
 */
START_TEST(an_unreadable_page_costs_what_it_touches)
{
	for (int unsealed = 0; unsealed < 2; unsealed++) {
		struct sent sent[12];
		struct rig rig;

		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
		rig_open(&rig, SMALL);
		rig_writer(&rig);
		for (size_t i = 0; i < 12; i++) {
			rig_send(&rig, i + 1, 3000, &sent[i]);
			rig_wait(&rig, &sent[i], 1);
		}
		rig_writer_free(&rig);
		if (unsealed) {
			int fd = open(rig_file(&rig, "log", 1, "seg"), O_WRONLY);

			ck_assert_int_eq(pwrite(fd, (char[64]){ 0 }, 64, SEGMENT_SEAL_AT), 64);
			close(fd);
		}
		rig_restart(&rig);
		for (off_t page = SEGMENT_HEAD; page < 11 * 4096; page += 4096) {
			rig_spoil(page, page + 4096);
			rig_read(&rig, &found);
			for (size_t i = 0; i < 12; i++) {
				off_t start = sent[i].place.offset, end = start + 3300;

				ck_assert(rig_times(&found, i + 1) == 1 ||
					  (start < page + 4096 && end > page));
			}
		}
		rig_spoil(0, 0);
		rig_read(&rig, &found);
		ck_assert_uint_eq(found.count, 12);
		ck_assert_uint_eq(found.sealed, 1);
		rig_close(&rig);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "flip", a_flipped_octet_costs_one_record_if_sealed,
	    a_flipped_octet_costs_one_record_if_torn);
	add_tests(suite, "damage", damage_is_reported_and_set_aside, a_damaged_frame_is_reported,
	    what_cannot_be_set_aside_keeps_its_segment, a_torn_end_is_not_damage,
	    zeros_behind_the_end_are_silent, the_seal_of_an_earlier_life_is_silent,
	    a_short_segment_without_records_is_silent, noise_is_survived,
	    the_head_of_another_segment_means_empty, an_unreadable_page_costs_what_it_touches,
	    an_empty_or_tiny_file_is_empty);
}

UNIT_MAIN("spool/recovery")
