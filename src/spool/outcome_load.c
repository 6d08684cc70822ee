/* SPDX-License-Identifier: ISC */
/*
 * outcome_load.c - reading a file of outcomes.
 * A record that is not sound is looked past octet by octet: losing one outcome sends one message
 * twice, losing all that follow would send thousands.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "spool/damage.h"
#include "spool/name.h"
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
outcomes_follow(const struct disk_ops *disk, int fd, uint64_t segment, uint64_t *at,
    void (*fn)(void *ctx, uint64_t at, const struct outcome *outcome), void *ctx)
{
	struct stream *stream = calloc(1, sizeof *stream);
	char reply[OUTCOME_REPLY_MAX + 1];
	struct outcome outcome;
	int result;

	if (stream == NULL)
		return -1;
	stream->disk = disk;
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

/* To be read, and cut if that may be; the descriptor, or -1 and errno. */
static int
open_file(const struct spool *spool, const char *name)
{
	int fd = -1;

	if (spool->on_finding == NULL)
		fd = spool->disk->openat(spool->log, name, O_RDWR | O_NONBLOCK, 0);
	if (spool->on_finding != NULL ||
	    (fd < 0 && (errno == EROFS || errno == EACCES || errno == EPERM)))
		fd = spool->disk->openat(spool->log, name, O_RDONLY | O_NONBLOCK, 0);
	return fd;
}

/* Whether it is a folder, a pipe or the like, which no right or retry makes a file of outcomes. */
static bool
is_odd(const struct spool *spool, const char *name, int fd)
{
	struct stat st;

	if (fd < 0 && errno == ELOOP)
		return true;
	return (fd < 0 ? fstatat(spool->log, name, &st, 0) : fstat(fd, &st)) == 0 &&
	       !S_ISREG(st.st_mode);
}

/* 0 with a descriptor, or -1 in its place when there is nothing to be read; -1 and errno: it may be
 * read another time. */
static int
open_outcomes(const struct spool *spool, uint64_t segment, int *fd)
{
	char name[NAME_SIZE];

	name_segment(segment, "out", name);
	*fd = open_file(spool, name);
	if (*fd < 0 && errno == ENOENT)
		return 0;

	int error = errno;

	if (!is_odd(spool, name, *fd)) {
		errno = error;
		return *fd < 0 ? -1 : 0;
	}
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	/* Whether it gave way or not: nothing can be read there. */
	damage_odd_outcomes(spool, segment, "outcomes are no file");
	return 0;
}

/* Cut off an end that is no outcome.  What cannot be set aside, or cut, stays: outcomes behind it
 * are found all the same. */
static void
cut_end(const struct spool *spool, const struct stream *stream, uint64_t segment, uint64_t sound)
{
	if (sound == stream->at || tell(spool, stream, segment, sound, true) < 0 ||
	    spool->on_finding != NULL)
		return;
	if (spool->disk->ftruncate(stream->fd, (off_t)sound) < 0)
		log_warning("outcomes_not_cut", log_d("segment", segment), log_d("offset", sound),
		    log_s("why", strerror(errno)));
}

static int
read_file(const struct spool *spool, struct stream *stream, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx)
{
	uint64_t sound = 0;
	int result = open_outcomes(spool, segment, &stream->fd), error;

	if (stream->fd < 0)
		return result;
	result = read_all(spool, stream, segment, fn, ctx, &sound);
	error = errno;
	if (result == 0)
		cut_end(spool, stream, segment, sound);
	close(stream->fd);
	errno = error;
	return result;
}

int
outcomes_read(const struct spool *spool, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx)
{
	struct stream *stream = calloc(1, sizeof *stream);
	int result, error;

	if (stream == NULL)
		return -1;
	stream->disk = spool->disk;
	result = read_file(spool, stream, segment, fn, ctx);
	error = errno;
	free(stream);
	if (result < 0 && spool->on_finding != NULL && !disk_is_short(error)) {
		damage_unreadable_outcomes(spool, segment, error);
		return 0;
	}
	errno = error;
	return result;
}
