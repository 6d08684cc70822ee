/* SPDX-License-Identifier: ISC */
/*
 * outcome_scan.c - finding the outcomes in a file of them.
 * What is not sound is looked past octet by octet: losing one outcome sends one message twice,
 * losing all that follow would send thousands.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool/damage.h"
#include "spool/outcomes.h"
#include "spool/spool.h"

/* A file read from front to back through a buffer. */
struct stream {
	const struct disk_ops *disk;
	int fd;
	uint64_t at; /* of buffer[start] in the file */
	size_t start, end;
	bool is_over;
	unsigned char buffer[64 * 1024];
};

static struct stream *
stream_new(const struct disk_ops *disk, int fd, uint64_t at)
{
	struct stream *stream = calloc(1, sizeof *stream);

	if (stream == NULL)
		return NULL;
	stream->disk = disk;
	stream->fd = fd;
	stream->at = at;
	return stream;
}

/* Have a whole outcome or mark in the buffer if the file has one: 0, or -1 and errno. */
static int
fill(struct stream *stream)
{
	if (stream->is_over || stream->end - stream->start >= OUTCOME_SIZE_MAX)
		return 0;
	memmove(stream->buffer, stream->buffer + stream->start, stream->end - stream->start);
	stream->end -= stream->start;
	stream->start = 0;
	while (!stream->is_over && stream->end < sizeof stream->buffer) {
		ssize_t n = stream->disk->pread(stream->fd, stream->buffer + stream->end,
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

/* What the stream stands at. */
static const unsigned char *
front(const struct stream *stream, size_t *len)
{
	*len = stream->end - stream->start;
	return stream->buffer + stream->start;
}

struct scan {
	const struct spool *spool;
	uint64_t segment;
	struct stream *stream;
	struct outcome_end *end;
	void (*fn)(void *ctx, const struct outcome *outcome);
	void *ctx;
};

/* From the last that was sound up to here there is none. */
static void
tell_gap(const struct scan *scan)
{
	const struct damage damage = {
		.segment = scan->segment,
		.offset = scan->end->sound,
		.len = scan->stream->at - scan->end->sound,
		.what = "no outcome here",
	};

	if (damage.len > 0)
		damage_outcomes(scan->spool, scan->stream->fd, &damage, false);
}

/* An outcome or a mark of this length. */
static void
step_over(const struct scan *scan, size_t len, bool is_mark)
{
	struct outcome_end *end = scan->end;

	tell_gap(scan);
	skip(scan->stream, len);
	/* The first mark is no end: a file that has no more was cut. */
	end->is_at_mark = is_mark && scan->stream->at > OUTCOME_MARK;
	end->has_marks |= is_mark;
	end->sound = scan->stream->at;
}

static void
step(const struct scan *scan)
{
	struct stream *stream = scan->stream;
	char reply[OUTCOME_REPLY_MAX + 1];
	struct outcome outcome;
	size_t left;
	const unsigned char *in = front(stream, &left);
	size_t len = outcome_decode(scan->segment, in, left, &outcome, reply);

	if (len > 0) {
		step_over(scan, len, false);
		scan->fn(scan->ctx, &outcome);
	} else if (outcome_mark_is_sound(scan->segment, stream->at, in, left)) {
		step_over(scan, OUTCOME_MARK, true);
	} else {
		skip(stream, 1);
	}
}

int
outcomes_scan(const struct spool *spool, int fd, uint64_t segment, struct outcome_end *end,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx)
{
	struct scan scan = { spool, segment, stream_new(spool->disk, fd, 0), end, fn, ctx };
	int result, error;

	*end = (struct outcome_end){ .sound = 0 };
	if (scan.stream == NULL)
		return -1;
	while ((result = fill(scan.stream)) == 0 && scan.stream->start < scan.stream->end)
		step(&scan);
	error = errno;
	end->size = scan.stream->at;
	free(scan.stream);
	errno = error;
	return result;
}

int
outcomes_follow(const struct disk_ops *disk, int fd, uint64_t segment, uint64_t *at,
    void (*fn)(void *ctx, uint64_t at, const struct outcome *outcome), void *ctx)
{
	struct stream *stream = stream_new(disk, fd, *at);
	char reply[OUTCOME_REPLY_MAX + 1];
	struct outcome outcome;
	int result;

	if (stream == NULL)
		return -1;
	while ((result = fill(stream)) == 0 && stream->start < stream->end) {
		size_t left;
		const unsigned char *in = front(stream, &left);
		size_t len = outcome_decode(segment, in, left, &outcome, reply);

		if (len > 0)
			fn(ctx, stream->at, &outcome);
		skip(stream, len > 0 ? len : 1);
		if (len > 0)
			*at = stream->at;
	}
	free(stream);
	return result;
}
