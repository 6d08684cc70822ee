/* SPDX-License-Identifier: ISC */
/*
 * outcome_wire.c - an outcome's bytes.  What is decoded may be any bytes; what is sound is bound to
 * its segment.
 */
#include "config.h"

#include <endian.h>
#include <string.h>

#include "base/crc32c.h"
#include "spool/outcomes.h"

/* An outcome on disk, little-endian; the reply's octets follow. */
struct wire {
	uint32_t crc; /* seeded with the segment's number, over all that follows */
	uint16_t len;
	uint8_t kind;
	uint8_t zero;
	uint64_t id;
	uint32_t offset;
	uint32_t rcpt;
	int64_t time_ms;
};
_Static_assert(sizeof(struct wire) == OUTCOME_HEAD, "no padding");

/* As an outcome it would be a very long one. */
struct mark {
	uint32_t crc; /* as an outcome's */
	char magic[4];
	uint64_t at;
};
_Static_assert(sizeof(struct mark) == OUTCOME_MARK, "no padding");
_Static_assert((int)OUTCOME_MARK < (int)OUTCOME_HEAD, "no outcome fits into a mark");

static const char mark_magic[4] = { 'm', 'a', 'r', 'k' };

static uint32_t
checksum(uint64_t segment, const unsigned char *bytes, size_t len)
{
	uint64_t seed = htole64(segment);

	return crc32c(
	    crc32c(0, &seed, sizeof seed), bytes + sizeof(uint32_t), len - sizeof(uint32_t));
}

size_t
spool_outcome_size(const struct outcome *outcome)
{
	size_t reply = outcome->reply == NULL ? 0 : strnlen(outcome->reply, OUTCOME_REPLY_MAX);

	return OUTCOME_HEAD + reply;
}

size_t
outcome_encode(uint64_t segment, const struct outcome *outcome, unsigned char out[OUTCOME_SIZE_MAX])
{
	size_t len = spool_outcome_size(outcome);
	struct wire wire = {
		.len = htole16((uint16_t)len),
		.kind = (uint8_t)outcome->kind,
		.id = htole64(outcome->id),
		.offset = htole32(outcome->offset),
		.rcpt = htole32(outcome->rcpt),
		.time_ms = (int64_t)htole64((uint64_t)outcome->time_ms),
	};

	memcpy(out, &wire, sizeof wire);
	if (len > OUTCOME_HEAD)
		memcpy(out + OUTCOME_HEAD, outcome->reply, len - OUTCOME_HEAD);
	wire.crc = htole32(checksum(segment, out, len));
	memcpy(out, &wire.crc, sizeof wire.crc);
	return len;
}

size_t
outcome_decode(uint64_t segment, const unsigned char *in, size_t len, struct outcome *out,
    char reply[OUTCOME_REPLY_MAX + 1])
{
	struct wire wire;

	if (len < sizeof wire)
		return 0;
	memcpy(&wire, in, sizeof wire);

	size_t size = le16toh(wire.len);

	if (size < OUTCOME_HEAD || size > OUTCOME_SIZE_MAX || size > len || wire.zero != 0 ||
	    wire.kind < OUTCOME_DELIVERED || wire.kind > OUTCOME_MOVED ||
	    checksum(segment, in, size) != le32toh(wire.crc))
		return 0;
	memcpy(reply, in + OUTCOME_HEAD, size - OUTCOME_HEAD);
	reply[size - OUTCOME_HEAD] = '\0';
	*out = (struct outcome){
		.kind = wire.kind,
		.id = le64toh(wire.id),
		.offset = le32toh(wire.offset),
		.rcpt = le32toh(wire.rcpt),
		.time_ms = (int64_t)le64toh((uint64_t)wire.time_ms),
		.reply = size > OUTCOME_HEAD ? reply : NULL,
	};
	return size;
}

void
outcome_mark_encode(uint64_t segment, uint64_t at, unsigned char out[OUTCOME_MARK])
{
	struct mark mark = { .at = htole64(at) };

	memcpy(mark.magic, mark_magic, sizeof mark_magic);
	memcpy(out, &mark, sizeof mark);
	mark.crc = htole32(checksum(segment, out, OUTCOME_MARK));
	memcpy(out, &mark.crc, sizeof mark.crc);
}

bool
outcome_mark_is_sound(uint64_t segment, uint64_t at, const unsigned char *in, size_t len)
{
	unsigned char mark[OUTCOME_MARK];

	if (len < OUTCOME_MARK)
		return false;
	outcome_mark_encode(segment, at, mark);
	return memcmp(in, mark, OUTCOME_MARK) == 0;
}
