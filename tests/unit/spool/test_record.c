/* SPDX-License-Identifier: ISC */
/* test_record.c - the heads of records and segments: sound only as they were written, and where. */
#include "config.h"

#include <string.h>

#include "../unit.h"
#include "spool/record.h"
#include "spool/spool.h"

static const struct record sample = {
	.segment = 42,
	.offset = 8192,
	.type = RECORD_INLINE,
	.id = 0x0123456789abcdef,
	.content_len = 4096,
	.content_crc = 0xdeadbeef,
	.envelope_len = 200,
	.envelope_crc = 0xcafebabe,
	.durable = 4096,
};

START_TEST(comes_back_as_it_went)
{
	unsigned char head[RECORD_HEAD];
	struct record out;

	record_encode(&sample, head);
	ck_assert_int_eq(record_decode(head, 42, 8192, &out), RECORD_SOUND);
	ck_assert_uint_eq(out.id, sample.id);
	ck_assert_int_eq(out.type, sample.type);
	ck_assert_uint_eq(out.content_len, sample.content_len);
	ck_assert_uint_eq(out.content_crc, sample.content_crc);
	ck_assert_uint_eq(out.envelope_len, sample.envelope_len);
	ck_assert_uint_eq(out.envelope_crc, sample.envelope_crc);
	ck_assert_uint_eq(out.durable, sample.durable);
}
END_TEST

START_TEST(another_place_or_number_makes_it_unsound)
{
	unsigned char head[RECORD_HEAD];
	struct record out;

	record_encode(&sample, head);
	ck_assert_int_eq(record_decode(head, 42, 8256, &out), RECORD_BROKEN);
	ck_assert_int_eq(record_decode(head, 43, 8192, &out), RECORD_FOREIGN);
}
END_TEST

START_TEST(any_flipped_bit_makes_it_broken)
{
	unsigned char head[RECORD_HEAD];
	struct record out;

	for (size_t bit = 0; bit < RECORD_HEAD * 8; bit++) {
		record_encode(&sample, head);
		head[bit / 8] ^= (unsigned char)(1u << bit % 8);
		ck_assert_int_eq(record_decode(head, 42, 8192, &out), RECORD_BROKEN);
	}
}
END_TEST

START_TEST(nothing_and_zeros_are_foreign)
{
	unsigned char head[RECORD_HEAD] = { 0 };
	struct record out;

	ck_assert_int_eq(record_decode(head, 42, 8192, &out), RECORD_FOREIGN);
	memset(head, 'x', sizeof head);
	ck_assert_int_eq(record_decode(head, 42, 8192, &out), RECORD_FOREIGN);
}
END_TEST

START_TEST(a_size_is_whole_units)
{
	static const struct {
		enum record_type type;
		uint32_t envelope_len;
		uint64_t content_len, size;
	} cases[] = {
		{ RECORD_INLINE, 0, 0, 64 },
		{ RECORD_INLINE, 1, 0, 128 },
		{ RECORD_INLINE, 32, 32, 128 },
		{ RECORD_INLINE, 33, 32, 192 },
		{ RECORD_LARGE, 64, 1000000, 128 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct record record = {
			.type = cases[i].type,
			.envelope_len = cases[i].envelope_len,
			.content_len = cases[i].content_len,
		};

		ck_assert_uint_eq(record_size(&record), cases[i].size);
	}
}
END_TEST

START_TEST(insane_lengths_are_unsound)
{
	const struct record cases[] = {
		{ .type = RECORD_INLINE, .content_len = SPOOL_INLINE_MAX + 1 },
		{ .type = RECORD_INLINE, .envelope_len = RECORD_ENVELOPE_MAX + 1 },
		{ .type = 3 },
	};
	unsigned char head[RECORD_HEAD];
	struct record out;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		record_encode(&cases[i], head);
		ck_assert_int_eq(record_decode(head, 0, 0, &out), RECORD_BROKEN);
	}
}
END_TEST

START_TEST(a_seal_is_its_segments_own)
{
	unsigned char seal[SEGMENT_SEAL];
	uint32_t end;

	segment_seal_encode(42, 123456, seal);
	ck_assert(segment_seal_decode(seal, 42, &end));
	ck_assert_uint_eq(end, 123456);
	ck_assert(!segment_seal_decode(seal, 43, &end));
	ck_assert(segment_seal_is_stale(seal, 43));
	ck_assert(!segment_seal_is_stale(seal, 42));
	for (size_t i = 0; i < SEGMENT_SEAL; i++) {
		segment_seal_encode(42, 123456, seal);
		seal[i] ^= 1;
		ck_assert(!segment_seal_decode(seal, 42, &end));
		ck_assert(!segment_seal_is_stale(seal, 42));
		ck_assert(!segment_seal_is_stale(seal, 43));
	}
}
END_TEST

START_TEST(a_first_block_tells_of_its_segment_twice)
{
	const struct segment_frame in = { .number = 42, .size = 1 << 20, .has_marks = true };
	unsigned char head[SEGMENT_HEAD];
	struct segment_frame out;

	segment_head_encode(&in, 1700000000000, head);
	for (size_t at = 0; at <= SEGMENT_FRAME_AT; at += SEGMENT_FRAME_AT) {
		ck_assert(segment_frame_decode(head + at, &out));
		ck_assert_uint_eq(out.number, in.number);
		ck_assert_uint_eq(out.size, in.size);
		ck_assert(out.has_marks);
		for (size_t i = 0; i < SEGMENT_FRAME; i++) {
			head[at + i] ^= 1;
			ck_assert(!segment_frame_decode(head + at, &out));
			head[at + i] ^= 1;
		}
	}
}
END_TEST

/* As the first posterns wrote it. */
START_TEST(a_short_frame_tells_the_number)
{
	const struct segment_frame in = { .number = 42 };
	unsigned char head[SEGMENT_HEAD];
	struct segment_frame out;

	segment_head_encode(&in, 1700000000000, head);
	ck_assert(segment_frame_decode(head, &out));
	ck_assert_uint_eq(out.number, 42);
	ck_assert_uint_eq(out.size, 0);
	ck_assert(!out.has_marks);
}
END_TEST

START_TEST(a_mark_is_sound_in_its_place_alone)
{
	unsigned char mark[SEGMENT_MARK];
	struct record record;

	segment_mark_encode(42, 8192, mark);
	ck_assert(segment_mark_is_sound(mark, 42, 8192));
	ck_assert(!segment_mark_is_sound(mark, 43, 8192));
	ck_assert(!segment_mark_is_sound(mark, 42, 8256));
	/* To a reader that looks for records it is nothing. */
	ck_assert_int_eq(record_decode(mark, 42, 8192, &record), RECORD_FOREIGN);
	for (size_t i = 0; i < SEGMENT_MARK; i++) {
		mark[i] ^= 1;
		ck_assert(!segment_mark_is_sound(mark, 42, 8192));
		mark[i] ^= 1;
	}
}
END_TEST

START_TEST(what_an_older_segment_left_is_known)
{
	unsigned char head[RECORD_HEAD];

	record_encode(&sample, head);
	ck_assert(!record_is_stale(head, 42, 8192));
	ck_assert(record_is_stale(head, 43, 8192));
	ck_assert(!record_is_stale(head, 43, 8256));
	memset(head, 0, sizeof head);
	ck_assert(!record_is_stale(head, 43, 8192));
	ck_assert(record_is_blank(head));
	head[RECORD_HEAD - 1] = 1;
	ck_assert(!record_is_blank(head));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "record", comes_back_as_it_went, another_place_or_number_makes_it_unsound,
	    nothing_and_zeros_are_foreign, any_flipped_bit_makes_it_broken, a_size_is_whole_units,
	    insane_lengths_are_unsound);
	add_tests(suite, "segment", a_seal_is_its_segments_own,
	    a_first_block_tells_of_its_segment_twice, a_short_frame_tells_the_number,
	    a_mark_is_sound_in_its_place_alone, what_an_older_segment_left_is_known);
}

UNIT_MAIN("spool/record")
