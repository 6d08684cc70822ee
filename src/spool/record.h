/* SPDX-License-Identifier: ISC */
/*
 * record.h - the bytes of a segment: its first block, and the heads of records.  Pure.  Only for
 * src/spool.
 *
 *   - at 0, the first block: the frame (magic, version, number, time, size);
 *   - at SEGMENT_SEAL_AT, the seal, which is written when the segment is complete: where its
 * records end;
 *   - at SEGMENT_FRAME_AT, the frame once more;
 *   - at SEGMENT_STAMP_AT, a mark when there are outcomes (outcome_stamp.c);
 *   - from SEGMENT_HEAD on, records, each at a multiple of RECORD_ALIGN: head (RECORD_ALIGN bytes),
 *     envelope, inline content, padding;
 *   - behind them the mark, which the next record overwrites: here the records end.
 *
 * Numbers are little-endian.  Every checksum is seeded with the segment's number and the offset, so
 * that what an earlier life of a recycled file left behind is never taken for a record of this one.
 */
#ifndef SPOOL_RECORD_H
#define SPOOL_RECORD_H

#include <stdbool.h>
#include <stdint.h>

enum {
	RECORD_ALIGN = 64,
	RECORD_HEAD = RECORD_ALIGN,
	RECORD_ENVELOPE_MAX = 16 * 1024 * 1024,
	SEGMENT_HEAD = 4096,
	SEGMENT_SEAL_AT = 512, /* a sector of its own: torn, it spoils nothing else */
	SEGMENT_SEAL = 64,
	SEGMENT_FRAME_AT = 1024, /* a sector of its own, too */
	SEGMENT_FRAME = 64,
	SEGMENT_STAMP_AT = 1536, /* and another */
	SEGMENT_MARK = RECORD_ALIGN,
};

/* What the first block says of its segment. */
struct segment_frame {
	uint64_t number;
	uint64_t size;  /* of the file, before it held anything; 0: unknown, or it grows */
	bool has_marks; /* segments of the first posterns have none */
};

enum record_type { RECORD_INLINE = 1, RECORD_LARGE = 2 };

struct record {
	uint64_t segment;
	uint32_t offset;
	enum record_type type;
	uint64_t id;
	uint64_t content_len;
	uint32_t content_crc; /* of the content alone */
	uint32_t envelope_len;
	uint32_t envelope_crc; /* seeded */
	uint32_t durable;      /* all below this offset was synced before this record was written */
};

void record_encode(const struct record *record, unsigned char out[RECORD_HEAD]);

enum record_view {
	RECORD_SOUND,
	RECORD_BROKEN,  /* it once was a record, of this segment most likely */
	RECORD_FOREIGN, /* nothing, or what an earlier segment left in this file */
};

/* What the head at this place says.  Only after RECORD_SOUND is *out to be used. */
enum record_view record_decode(
    const unsigned char in[RECORD_HEAD], uint64_t segment, uint32_t offset, struct record *out);

/* Whether it is the sound head of a record of another segment, left by an earlier life. */
bool record_is_stale(const unsigned char in[RECORD_HEAD], uint64_t segment, uint32_t offset);

/* Whether nothing was ever written there. */
bool record_is_blank(const unsigned char in[RECORD_ALIGN]);

/* Bytes that the record takes in its segment, padding included. */
uint64_t record_size(const struct record *record);

/* Octets of content that stand in the segment itself. */
uint64_t record_inline_len(const struct record *record);

uint32_t record_envelope_crc(uint64_t segment, uint32_t offset, const void *text, uint32_t len);

/* The first block, without a seal. */
void segment_head_encode(
    const struct segment_frame *frame, int64_t created_ms, unsigned char out[SEGMENT_HEAD]);

/* What a frame says; false if it is not sound. */
bool segment_frame_decode(const unsigned char in[SEGMENT_FRAME], struct segment_frame *out);

/* The mark behind the last record, which is at this offset. */
void segment_mark_encode(uint64_t number, uint32_t offset, unsigned char out[SEGMENT_MARK]);
bool segment_mark_is_sound(const unsigned char in[SEGMENT_MARK], uint64_t number, uint32_t offset);

/* Whether it is the sound mark of another segment at this place, left by an earlier life. */
bool segment_mark_is_stale(const unsigned char in[SEGMENT_MARK], uint64_t number, uint32_t offset);

void segment_seal_encode(uint64_t number, uint32_t end, unsigned char out[SEGMENT_SEAL]);

/* Whether in, at SEGMENT_SEAL_AT, seals this segment; then its records end at *end. */
bool segment_seal_decode(const unsigned char in[SEGMENT_SEAL], uint64_t number, uint32_t *end);

/* Whether it is what an earlier life of the file left there: the sound seal of another segment. */
bool segment_seal_is_stale(const unsigned char in[SEGMENT_SEAL], uint64_t number);

#endif
