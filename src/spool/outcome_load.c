/* SPDX-License-Identifier: ISC */
/*
 * outcome_load.c - reading SEGMENT.out at the start, and making its end one to append to.
 * What cannot be read now may be read later; what is no file of outcomes moves out of the way.
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

/* Behind what is sound stands a mark from now on; a file in which nothing is begins anew. */
static int
write_mark(const struct spool *spool, int fd, uint64_t segment, const struct outcome_end *end)
{
	unsigned char first[OUTCOME_MARK], last[OUTCOME_MARK];
	const bool is_new = end->sound == 0;
	struct iovec iov[] = { { first, is_new ? sizeof first : 0 }, { last, sizeof last } };

	outcome_mark_encode(segment, 0, first);
	outcome_mark_encode(segment, end->sound + iov[0].iov_len, last);
	return disk_write_all(spool->disk, fd, iov, 2, (off_t)end->sound);
}

/* For good before anything is appended: else the power could bring back the beginning of what was
 * cut off, before the end of what was written there. */
static int
mend_end(const struct spool *spool, int fd, uint64_t segment, const struct outcome_end *end)
{
	if (end->sound < end->size && spool->disk->ftruncate(fd, (off_t)end->sound) < 0)
		return -1;
	if (!end->is_at_mark && write_mark(spool, fd, segment, end) < 0)
		return -1;
	return spool->disk->fdatasync(fd);
}

/* Told once: an empty file takes its place. */
static void
tell_missing(const struct spool *spool, uint64_t segment, const char *name)
{
	const struct outcome_end none = { .sound = 0 };
	int fd;

	damage_missing_outcomes(spool, segment);
	if (spool->on_finding != NULL)
		return;
	fd = spool->disk->openat(spool->log, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	if (fd < 0 || mend_end(spool, fd, segment, &none) < 0)
		log_warning("outcomes_not_cut", log_d("segment", segment), log_d("offset", 0),
		    log_s("why", strerror(errno)));
	if (fd >= 0)
		close(fd);
}

/* 0 with a descriptor, or -1 in its place when there is nothing to be read; -1 and errno: it may be
 * read another time. */
static int
open_outcomes(const struct spool *spool, uint64_t segment, int *fd)
{
	char name[NAME_SIZE];

	name_segment(segment, "out", name);
	*fd = open_file(spool, name);
	if (*fd < 0 && errno == ENOENT) {
		if (outcomes_were_there(spool, segment))
			tell_missing(spool, segment, name);
		return 0;
	}

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

/* Octets behind what is sound are cut off.  What cannot be set aside, or cut, stays: outcomes
 * behind it are found all the same. */
static void
check_end(const struct spool *spool, int fd, uint64_t segment, const struct outcome_end *end)
{
	const bool is_cut = end->sound == end->size;
	const struct damage damage = {
		.segment = segment,
		.offset = end->sound,
		.len = end->size - end->sound,
		.what = is_cut ? "outcomes may be missing: no mark behind the last one"
			       : "the end is no outcome",
	};

	if (is_cut && (end->is_at_mark || (!end->has_marks && end->size > 0)))
		return;
	if (damage_outcomes(spool, fd, &damage, true) < 0 || spool->on_finding != NULL)
		return;
	if (mend_end(spool, fd, segment, end) < 0)
		log_warning("outcomes_not_cut", log_d("segment", segment),
		    log_d("offset", end->sound), log_s("why", strerror(errno)));
}

static int
read_file(const struct spool *spool, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx)
{
	struct outcome_end end;
	int fd, result = open_outcomes(spool, segment, &fd), error;

	if (fd < 0)
		return result;
	result = outcomes_scan(spool, fd, segment, &end, fn, ctx);
	error = errno;
	if (result == 0)
		check_end(spool, fd, segment, &end);
	close(fd);
	errno = error;
	return result;
}

int
outcomes_read(const struct spool *spool, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx)
{
	int result = read_file(spool, segment, fn, ctx);

	if (result < 0 && spool->on_finding != NULL && !disk_is_short(errno)) {
		damage_unreadable_outcomes(spool, segment, errno);
		return 0;
	}
	return result;
}
