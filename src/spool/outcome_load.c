/* SPDX-License-Identifier: ISC */
/*
 * outcome_load.c - an outcome's bytes, and reading a file of them.
 * A record that is not sound is looked past octet by octet: losing one outcome sends one message
 * twice, losing all that follow would send thousands.
 */
#include "config.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "spool/damage.h"
#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/spool.h"

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

/* A file read from front to back through a buffer. */
struct stream {
	int fd;
	uint64_t at; /* of buffer[start] in the file */
	size_t start, end;
	bool is_over;
	unsigned char buffer[64 * 1024];
};

/* Have a whole outcome in the buffer if the file has one: 0, or -1 and errno. */
static int
fill(struct stream *stream)
{
	if (stream->is_over || stream->end - stream->start >= OUTCOME_SIZE_MAX)
		return 0;
	memmove(stream->buffer, stream->buffer + stream->start, stream->end - stream->start);
	stream->end -= stream->start;
	stream->start = 0;
	while (!stream->is_over && stream->end < sizeof stream->buffer) {
		ssize_t n = pread(stream->fd, stream->buffer + stream->end,
		    sizeof stream->buffer - stream->end, (off_t)(stream->at + stream->end));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		stream->is_over = n == 0;
		stream->end += (size_t)n;
	}
	return 0;
}

static void
skip(struct stream *stream, size_t len)
{
	stream->start += len;
	stream->at += len;
}

/* From `sound` on up to here there is no outcome: 0, or -1 if it could not be set aside. */
static int
tell(const struct spool *spool, const struct stream *stream, uint64_t segment, uint64_t sound,
    bool is_torn)
{
	const struct damage damage = {
		.segment = segment,
		.offset = (uint32_t)sound,
		.len = stream->at - sound,
		.what = is_torn ? "the end is no outcome" : "no outcome here",
	};

	return damage_outcomes(spool, stream->fd, &damage, is_torn);
}

/* Read all; *sound is where the last sound outcome ends.  0, or -1 and errno. */
static int
read_all(const struct spool *spool, struct stream *stream, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx, uint64_t *sound)
{
	char reply[OUTCOME_REPLY_MAX + 1];
	struct outcome outcome;

	for (;;) {
		if (fill(stream) < 0)
			return -1;
		if (stream->start == stream->end)
			return 0;

		size_t len = outcome_decode(segment, stream->buffer + stream->start,
		    stream->end - stream->start, &outcome, reply);

		if (len > 0 && *sound < stream->at)
			tell(spool, stream, segment, *sound, false);
		skip(stream, len > 0 ? len : 1);
		if (len == 0)
			continue;
		*sound = stream->at;
		fn(ctx, &outcome);
	}
}

int
outcomes_follow(int fd, uint64_t segment, uint64_t *at,
    void (*fn)(void *ctx, uint64_t at, const struct outcome *outcome), void *ctx)
{
	struct stream *stream = calloc(1, sizeof *stream);
	char reply[OUTCOME_REPLY_MAX + 1];
	struct outcome outcome;
	int result;

	if (stream == NULL)
		return -1;
	stream->fd = fd;
	stream->at = *at;
	while ((result = fill(stream)) == 0 && stream->start < stream->end) {
		size_t len = outcome_decode(segment, stream->buffer + stream->start,
		    stream->end - stream->start, &outcome, reply);

		if (len > 0)
			fn(ctx, stream->at, &outcome);
		skip(stream, len > 0 ? len : 1);
		if (len > 0)
			*at = stream->at;
	}
	free(stream);
	return result;
}

struct loading {
	void (*fn)(void *ctx, const struct outcome *outcome);
	void *ctx;
	bool is_any;
};

static void
pass_on(void *ctx, const struct outcome *outcome)
{
	struct loading *loading = ctx;

	loading->is_any = true;
	loading->fn(loading->ctx, outcome);
}

int
spool_outcomes_load(struct spool_outcomes *outcomes, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx)
{
	struct loading loading = { .fn = fn, .ctx = ctx };
	int result = outcomes_read(outcomes->spool, segment, pass_on, &loading);

	/* A process that was killed may not have synced them, and what they allow is dropped now.
	 */
	if (!loading.is_any)
		return result;
	outcome_sync_name(outcomes->sync);
	return outcome_sync_dirty(outcomes->sync, segment, true) < 0 ? -1 : result;
}

/* 0 with a descriptor, or -1 in its place when there is nothing to be read; -1 and errno. */
static int
open_outcomes(const struct spool *spool, uint64_t segment, int *fd)
{
	int flags = spool->on_finding != NULL ? O_RDONLY : O_RDWR;
	const char *what = NULL;
	char name[NAME_SIZE];
	struct stat st;

	name_segment(segment, "out", name);
	*fd = spool->disk->openat(spool->log, name, flags | O_NONBLOCK, 0);
	if (*fd < 0 && errno == ENOENT)
		return 0;
	if (*fd < 0 && (errno == EISDIR || errno == ELOOP || errno == ENXIO || errno == EACCES))
		what = strerror(errno);
	else if (*fd < 0)
		return -1;
	else if (fstat(*fd, &st) < 0 || !S_ISREG(st.st_mode))
		what = "outcomes are no file";
	if (what == NULL)
		return 0;
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	return damage_odd_outcomes(spool, segment, what);
}

int
outcomes_read(const struct spool *spool, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx)
{
	bool is_looking = spool->on_finding != NULL;
	struct stream *stream = calloc(1, sizeof *stream);
	uint64_t sound = 0;
	int result;

	if (stream == NULL)
		return -1;
	result = open_outcomes(spool, segment, &stream->fd);
	if (stream->fd < 0) {
		free(stream);
		return result;
	}
	result = read_all(spool, stream, segment, fn, ctx, &sound);
	if (result < 0 && is_looking && !disk_is_short(errno))
		result = damage_odd_outcomes(spool, segment, strerror(errno));
	/* What cannot be set aside stays; outcomes behind it are found all the same. */
	if (result == 0 && sound < stream->at && tell(spool, stream, segment, sound, true) == 0 &&
	    !is_looking)
		result = spool->disk->ftruncate(stream->fd, (off_t)sound);

	int error = errno;

	close(stream->fd);
	free(stream);
	errno = error;
	return result;
}
