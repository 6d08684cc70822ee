/* SPDX-License-Identifier: ISC */
/* record.c - encode and decode what stands in a segment.  What is decoded may be any bytes. */
#include "config.h"

#include "spool/record.h"

#include <endian.h>
#include <string.h>

#include "base/crc32c.h"
#include "spool/spool.h"

static const char record_magic[4] = { 'P', 'R', 'E', 'C' };
static const char head_magic[8] = { 'P', 'O', 'S', 'T', 'E', 'R', 'N', '1' };
static const char seal_magic[8] = { 'P', 'O', 'S', 'T', 'S', 'E', 'A', 'L' };
static const char mark_magic[8] = { 'P', 'O', 'S', 'T', 'M', 'A', 'R', 'K' };

/* Offsets in a record's head. */
enum {
	AT_MAGIC = 0,
	AT_TYPE = 4,
	AT_SEGMENT = 8,
	AT_ID = 16,
	AT_CONTENT_LEN = 24,
	AT_CONTENT_CRC = 32,
	AT_ENVELOPE_LEN = 36,
	AT_ENVELOPE_CRC = 40,
	AT_DURABLE = 44,
	AT_CRC = 60,
};

/* Offsets in the frame, in the seal, and in the mark, where no record has its segment's number. */
enum {
	AT_NUMBER = 8,
	AT_CREATED = 16,
	AT_SIZE = 24,
	AT_FLAGS = 32,
	AT_END = 16,
	AT_MARK_NUMBER = 16,
	AT_HEAD_CRC = 60,
};

enum { FLAG_MARKS = 1 };

static void
put32(unsigned char *at, uint32_t value)
{
	value = htole32(value);
	memcpy(at, &value, sizeof value);
}

static void
put64(unsigned char *at, uint64_t value)
{
	value = htole64(value);
	memcpy(at, &value, sizeof value);
}

static uint32_t
get32(const unsigned char *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof value);
	return le32toh(value);
}

static uint64_t
get64(const unsigned char *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof value);
	return le64toh(value);
}

static uint32_t
seeded(uint64_t segment, uint32_t offset, const void *data, size_t len)
{
	unsigned char seed[12];

	put64(seed, segment);
	put32(seed + 8, offset);
	return crc32c(crc32c(0, seed, sizeof seed), data, len);
}

void
record_encode(const struct record *record, unsigned char out[RECORD_HEAD])
{
	memset(out, 0, RECORD_HEAD);
	memcpy(out + AT_MAGIC, record_magic, sizeof record_magic);
	put32(out + AT_TYPE, record->type);
	put64(out + AT_SEGMENT, record->segment);
	put64(out + AT_ID, record->id);
	put64(out + AT_CONTENT_LEN, record->content_len);
	put32(out + AT_CONTENT_CRC, record->content_crc);
	put32(out + AT_ENVELOPE_LEN, record->envelope_len);
	put32(out + AT_ENVELOPE_CRC, record->envelope_crc);
	put32(out + AT_DURABLE, record->durable);
	put32(out + AT_CRC, seeded(record->segment, record->offset, out, AT_CRC));
}

static bool
is_sane(const struct record *record)
{
	if (record->envelope_len > RECORD_ENVELOPE_MAX)
		return false;
	if (record->type == RECORD_INLINE)
		return record->content_len <= SPOOL_INLINE_MAX;
	return record->type == RECORD_LARGE;
}

static bool
is_record(const unsigned char in[RECORD_HEAD])
{
	return memcmp(in + AT_MAGIC, record_magic, sizeof record_magic) == 0;
}

bool
record_is_stale(const unsigned char in[RECORD_HEAD], uint64_t segment, uint32_t offset)
{
	uint64_t number = get64(in + AT_SEGMENT);

	return is_record(in) && number != segment &&
	       get32(in + AT_CRC) == seeded(number, offset, in, AT_CRC);
}

/* A flip may hit the magic or the number, not both; and what an older segment left is sound there.
 */
static bool
is_foreign(const unsigned char in[RECORD_HEAD], uint64_t segment, uint32_t offset)
{
	if (get64(in + AT_SEGMENT) == segment)
		return false;
	return !is_record(in) || record_is_stale(in, segment, offset);
}

enum record_view
record_decode(
    const unsigned char in[RECORD_HEAD], uint64_t segment, uint32_t offset, struct record *out)
{
	if (is_foreign(in, segment, offset))
		return RECORD_FOREIGN;
	if (!is_record(in) || get64(in + AT_SEGMENT) != segment ||
	    get32(in + AT_CRC) != seeded(segment, offset, in, AT_CRC))
		return RECORD_BROKEN;
	*out = (struct record){
		.segment = segment,
		.offset = offset,
		.type = get32(in + AT_TYPE),
		.id = get64(in + AT_ID),
		.content_len = get64(in + AT_CONTENT_LEN),
		.content_crc = get32(in + AT_CONTENT_CRC),
		.envelope_len = get32(in + AT_ENVELOPE_LEN),
		.envelope_crc = get32(in + AT_ENVELOPE_CRC),
		.durable = get32(in + AT_DURABLE),
	};
	return is_sane(out) ? RECORD_SOUND : RECORD_BROKEN;
}

bool
record_is_blank(const unsigned char in[RECORD_ALIGN])
{
	return in[0] == 0 && memcmp(in, in + 1, RECORD_ALIGN - 1) == 0;
}

uint64_t
record_inline_len(const struct record *record)
{
	return record->type == RECORD_INLINE ? record->content_len : 0;
}

uint64_t
record_size(const struct record *record)
{
	uint64_t size = RECORD_HEAD + (uint64_t)record->envelope_len + record_inline_len(record);

	return (size + RECORD_ALIGN - 1) / RECORD_ALIGN * RECORD_ALIGN;
}

uint32_t
record_envelope_crc(uint64_t segment, uint32_t offset, const void *text, uint32_t len)
{
	return seeded(segment, offset, text, len);
}

void
segment_head_encode(
    const struct segment_frame *frame, int64_t created_ms, unsigned char out[SEGMENT_HEAD])
{
	memset(out, 0, SEGMENT_HEAD);
	memcpy(out, head_magic, sizeof head_magic);
	put64(out + AT_NUMBER, frame->number);
	put64(out + AT_CREATED, (uint64_t)created_ms);
	put64(out + AT_SIZE, frame->size);
	put32(out + AT_FLAGS, frame->has_marks ? FLAG_MARKS : 0);
	put32(out + AT_HEAD_CRC, crc32c(0, out, AT_HEAD_CRC));
	memcpy(out + SEGMENT_FRAME_AT, out, SEGMENT_FRAME);
}

bool
segment_frame_decode(const unsigned char in[SEGMENT_FRAME], struct segment_frame *out)
{
	*out = (struct segment_frame){
		.number = get64(in + AT_NUMBER),
		.size = get64(in + AT_SIZE),
		.has_marks = (get32(in + AT_FLAGS) & FLAG_MARKS) != 0,
	};
	return memcmp(in, head_magic, sizeof head_magic) == 0 &&
	       get32(in + AT_HEAD_CRC) == crc32c(0, in, AT_HEAD_CRC);
}

void
segment_mark_encode(uint64_t number, uint32_t offset, unsigned char out[SEGMENT_MARK])
{
	memset(out, 0, SEGMENT_MARK);
	memcpy(out, mark_magic, sizeof mark_magic);
	put64(out + AT_MARK_NUMBER, number);
	put32(out + AT_HEAD_CRC, seeded(number, offset, out, AT_HEAD_CRC));
}

bool
segment_mark_is_sound(const unsigned char in[SEGMENT_MARK], uint64_t number, uint32_t offset)
{
	return memcmp(in, mark_magic, sizeof mark_magic) == 0 &&
	       get64(in + AT_MARK_NUMBER) == number &&
	       get32(in + AT_HEAD_CRC) == seeded(number, offset, in, AT_HEAD_CRC);
}

bool
segment_mark_is_stale(const unsigned char in[SEGMENT_MARK], uint64_t number, uint32_t offset)
{
	uint64_t other = get64(in + AT_MARK_NUMBER);

	return other != number && segment_mark_is_sound(in, other, offset);
}

void
segment_seal_encode(uint64_t number, uint32_t end, unsigned char out[SEGMENT_SEAL])
{
	memset(out, 0, SEGMENT_SEAL);
	memcpy(out, seal_magic, sizeof seal_magic);
	put64(out + AT_NUMBER, number);
	put32(out + AT_END, end);
	put32(out + AT_HEAD_CRC, seeded(number, SEGMENT_SEAL_AT, out, AT_HEAD_CRC));
}

bool
segment_seal_decode(const unsigned char in[SEGMENT_SEAL], uint64_t number, uint32_t *end)
{
	*end = get32(in + AT_END);
	return memcmp(in, seal_magic, sizeof seal_magic) == 0 && get64(in + AT_NUMBER) == number &&
	       get32(in + AT_HEAD_CRC) == seeded(number, SEGMENT_SEAL_AT, in, AT_HEAD_CRC);
}

bool
segment_seal_is_stale(const unsigned char in[SEGMENT_SEAL], uint64_t number)
{
	uint64_t other = get64(in + AT_NUMBER);
	uint32_t end;

	return other != number && segment_seal_decode(in, other, &end);
}
