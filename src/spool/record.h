/* SPDX-License-Identifier: ISC */
/*
 * record.h - the bytes of a segment: its first block, and the heads of records.  Pure.  Only for
 * src/spool.
 *
 *   0            the first block, SEGMENT_HEAD bytes: magic, version, number, time; at
 * SEGMENT_SEAL_AT the seal, which is written when the segment is complete, and says where its
 * records end SEGMENT_HEAD records, each at a multiple of RECORD_ALIGN: head (RECORD_ALIGN bytes),
 * envelope, inline content, padding
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
	SEGMENT_SEAL_AT =
	    512, /* a sector of its own: a torn write of the seal spoils nothing else */
	SEGMENT_SEAL = 64,
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
	uint32_t
	    durable; /* everything below this offset was synced before this record was written */
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

/* Bytes that the record takes in its segment, padding included. */
uint64_t record_size(const struct record *record);

/* Octets of content that stand in the segment itself. */
uint64_t record_inline_len(const struct record *record);

uint32_t record_envelope_crc(uint64_t segment, uint32_t offset, const void *text, uint32_t len);

void segment_head_encode(uint64_t number, int64_t created_ms, unsigned char out[SEGMENT_HEAD]);

/* The number that a sound first block names; false if it is not sound. */
bool segment_head_decode(const unsigned char in[SEGMENT_HEAD], uint64_t *number);

void segment_seal_encode(uint64_t number, uint32_t end, unsigned char out[SEGMENT_SEAL]);

/* Whether in, at SEGMENT_SEAL_AT, seals this segment; then its records end at *end. */
bool segment_seal_decode(const unsigned char in[SEGMENT_SEAL], uint64_t number, uint32_t *end);

/* Whether it is what an earlier life of the file left there: the sound seal of another segment. */
bool segment_seal_is_stale(const unsigned char in[SEGMENT_SEAL], uint64_t number);

#endif
