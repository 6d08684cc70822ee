/* SPDX-License-Identifier: ISC */
/*
 * damage.c - setting aside.  A copy that exists is left as it is: segments are read again at each
 * start, and more of them may be damaged then. Failing to copy loses nothing: the caller keeps the
 * file.
 */
#include "config.h"

#include "spool/damage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/id.h"
#include "base/log.h"
#include "spool/name.h"
#include "spool/spool.h"

/* Of one region so much is kept: all that a segment holds. */
enum {
	COPY_MAX = SPOOL_SEGMENT_SIZE,
	COPIES_MAX = 100, /* of what was found at one place, each time different */
	PIECE = 64 * 1024,
	PATH_SIZE = NAME_SIZE + 8,
};

static int
copy(const struct spool *spool, int from, int to, const struct damage *damage)
{
	uint64_t len = damage->len < COPY_MAX ? damage->len : COPY_MAX;
	char *piece = malloc(PIECE);
	int result = piece == NULL ? -1 : 0;

	for (uint64_t done = 0; result == 0 && done < len;) {
		size_t want = len - done < PIECE ? (size_t)(len - done) : PIECE;
		ssize_t n = pread(from, piece, want, (off_t)(damage->offset + done));

		if (n <= 0) {
			result = n < 0 ? -1 : 0;
			break;
		}

		struct iovec iov = { piece, (size_t)n };

		result = disk_write_all(spool->disk, to, &iov, 1, (off_t)done);
		done += (uint64_t)n;
	}
	free(piece);
	return result < 0 ? -1 : spool->disk->fdatasync(to);
}

/* Whether the file has all of the region: an earlier start set it aside. */
static bool
is_copy(const struct spool *spool, int from, const struct damage *damage, const char *name)
{
	uint64_t len = damage->len < COPY_MAX ? damage->len : COPY_MAX, done = 0;
	int old = openat(spool->damaged, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	char *piece = old < 0 ? NULL : malloc(2 * PIECE);
	ssize_t n = piece == NULL ? -1 : 1;

	while (n > 0 && done < len) {
		size_t want = len - done < PIECE ? (size_t)(len - done) : PIECE;

		n = pread(from, piece, want, (off_t)(damage->offset + done));
		if (n > 0 && (pread(old, piece + PIECE, (size_t)n, (off_t)done) != n ||
				 memcmp(piece, piece + PIECE, (size_t)n) != 0))
			n = -1;
		done += n > 0 ? (uint64_t)n : 0;
	}
	free(piece);
	if (old >= 0)
		close(old);
	return n >= 0;
}

/* A new file of this name, or `name.N` if other damage has it; -1 and errno, EEXIST if it is set
 * aside already.  The name becomes what it is. */
static int
open_copy(const struct spool *spool, int from, const struct damage *damage, char name[NAME_SIZE])
{
	size_t len = strlen(name);
	int to;

	for (unsigned n = 1;; n++) {
		to = spool->disk->openat(spool->damaged, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
		if (to >= 0 || errno != EEXIST)
			return to;
		if (is_copy(spool, from, damage, name)) {
			errno = EEXIST;
			return -1;
		}
		if (n == COPIES_MAX) {
			errno = EMLINK;
			return -1;
		}
		snprintf(name + len, NAME_SIZE - len, ".%u", n);
	}
}

/* Copy a region into a file of this name, or one like it: 0, or -1 after saying so. */
static int
set_aside(const struct spool *spool, int from, const struct damage *damage, char name[NAME_SIZE])
{
	int to = open_copy(spool, from, damage, name);

	if (to < 0 && errno == EEXIST)
		return 0;

	int result = to < 0 ? -1 : copy(spool, from, to, damage);
	int error = errno;

	if (to >= 0)
		close(to);
	/* Half a copy is of no use to anybody. */
	if (result < 0 && to >= 0)
		spool->disk->unlinkat(spool->damaged, name, 0);
	if (result == 0)
		result = spool->disk->fsync_dir(spool->damaged);
	else
		errno = error;
	if (result == 0)
		return 0;
	error = errno;
	log_error("spool_not_set_aside", log_s("file", name), log_s("why", strerror(error)));
	errno = error;
	return -1;
}

static void
count(const struct spool *spool)
{
	if (spool->counters != NULL)
		counter_add(&spool->counters->spool_damaged, 1);
}

/* Whoever only looks is told, and that is all: true. */
static bool
tell(const struct spool *spool, const char *file, const struct damage *damage, bool is_torn)
{
	const struct spool_finding finding = {
		.file = file,
		.segment = damage->segment,
		.offset = damage->offset,
		.len = damage->len,
		.id = damage->id,
		.what = damage->what,
		.is_torn = is_torn,
		.error = damage->error,
	};

	if (spool->on_finding == NULL)
		return false;
	spool->on_finding(spool->finding_ctx, &finding);
	return true;
}

static void
say(enum log_level level, const char *event, const struct damage *damage)
{
	char id[ID_TEXT_SIZE] = "";

	if (damage->id != 0)
		id_format(damage->id, id);
	log_at(level, event, log_d("segment", damage->segment), log_d("offset", damage->offset),
	    log_d("len", damage->len), log_s("id", id), log_s("what", damage->what));
}

static int
report(const struct spool *spool, int fd, const struct damage *damage, bool is_torn)
{
	char name[NAME_SIZE], file[PATH_SIZE];

	name_segment(damage->segment, "seg", name);
	snprintf(file, sizeof file, "log/%s", name);
	if (tell(spool, file, damage, is_torn))
		return 0;
	if (is_torn) {
		say(LOG_LEVEL_WARNING, "spool_torn", damage);
	} else {
		say(LOG_LEVEL_ERROR, "spool_damage", damage);
		count(spool);
	}
	snprintf(
	    name, sizeof name, "%016" PRIx64 "-%08" PRIx64 ".bin", damage->segment, damage->offset);
	return set_aside(spool, fd, damage, name);
}

int
damage_report(const struct spool *spool, int fd, const struct damage *damage)
{
	return report(spool, fd, damage, false);
}

int
damage_torn(const struct spool *spool, int fd, const struct damage *damage)
{
	return report(spool, fd, damage, true);
}

int
damage_move(const struct spool *spool, int dir, const char *name)
{
	char free_name[NAME_SIZE + 12];
	unsigned n = 0;

	snprintf(free_name, sizeof free_name, "%s", name);
	while (faccessat(spool->damaged, free_name, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		snprintf(free_name, sizeof free_name, "%s.%u", name, ++n);
	if (spool->disk->renameat(dir, name, spool->damaged, free_name) < 0)
		return errno == ENOENT ? 0 : -1;
	return 0;
}

void
damage_unreadable(const struct spool *spool, const struct damage *damage)
{
	char name[NAME_SIZE], file[PATH_SIZE];

	name_segment(damage->segment, "seg", name);
	snprintf(file, sizeof file, "log/%s", name);
	if (tell(spool, file, damage, false))
		return;
	say(LOG_LEVEL_ERROR, "spool_damage", damage);
	count(spool);
}

void
damage_lost_segment(const struct spool *spool, const struct damage *damage)
{
	char name[NAME_SIZE];

	damage_unreadable(spool, damage);
	name_segment(damage->segment, "out", name);
	if (spool->on_finding == NULL && damage_move(spool, spool->log, name) < 0)
		log_error(
		    "spool_not_set_aside", log_s("file", name), log_s("why", strerror(errno)));
}

int
damage_outcomes(const struct spool *spool, int fd, const struct damage *damage, bool is_torn)
{
	char name[NAME_SIZE], file[PATH_SIZE];
	const char *suffix = "out";

	name_segment(damage->segment, "out", name);
	snprintf(file, sizeof file, "log/%s", name);
	if (tell(spool, file, damage, is_torn))
		return 0;
	if (is_torn) {
		say(LOG_LEVEL_WARNING, "outcomes_cut", damage);
		suffix = "end";
	} else {
		say(LOG_LEVEL_ERROR, "outcome_damage", damage);
	}
	if (damage->len == 0)
		return 0;
	snprintf(name, sizeof name, "%016" PRIx64 "-%08" PRIx64 ".%s", damage->segment,
	    damage->offset, suffix);
	return set_aside(spool, fd, damage, name);
}

void
damage_odd_outcomes(const struct spool *spool, uint64_t segment, const char *what)
{
	const struct damage damage = { .segment = segment, .what = what };
	char name[NAME_SIZE], file[PATH_SIZE];

	name_segment(segment, "out", name);
	snprintf(file, sizeof file, "log/%s", name);
	if (tell(spool, file, &damage, false))
		return;
	say(LOG_LEVEL_ERROR, "outcome_damage", &damage);
	if (damage_move(spool, spool->log, name) < 0)
		log_error(
		    "spool_not_set_aside", log_s("file", name), log_s("why", strerror(errno)));
}

void
damage_missing_outcomes(const struct spool *spool, uint64_t segment)
{
	const struct damage damage = {
		.segment = segment,
		.what = "outcomes are missing: their file was taken away",
	};

	if (damage_outcomes(spool, -1, &damage, false) == 0 && spool->on_finding == NULL)
		count(spool);
}

void
damage_unreadable_outcomes(const struct spool *spool, uint64_t segment, int error)
{
	const struct damage damage = {
		.segment = segment, .what = strerror(error), .error = error
	};
	char name[NAME_SIZE], file[PATH_SIZE];

	name_segment(segment, "out", name);
	snprintf(file, sizeof file, "log/%s", name);
	tell(spool, file, &damage, false);
}

void
damage_stray(const struct spool *spool, const char *name, uint64_t number)
{
	const struct damage damage = { .segment = number, .what = "no segment has this number" };
	char file[NAME_MAX + sizeof "log/"];

	snprintf(file, sizeof file, "log/%s", name);
	if (tell(spool, file, &damage, false))
		return;
	log_error("spool_stray", log_s("file", file), log_s("what", damage.what));
	count(spool);
	if (damage_move(spool, spool->log, name) < 0)
		log_error(
		    "spool_not_set_aside", log_s("file", file), log_s("why", strerror(errno)));
}

int
damage_large(const struct spool *spool, const struct damage *damage)
{
	char name[NAME_SIZE], file[PATH_SIZE];

	name_large(damage->id, name);
	snprintf(file, sizeof file, "large/%s", name);
	if (tell(spool, file, damage, false))
		return 0;
	say(LOG_LEVEL_ERROR, "spool_damage", damage);
	count(spool);
	if (damage_move(spool, spool->large, name) == 0)
		return 0;

	int error = errno;

	log_error("spool_not_set_aside", log_s("file", name), log_s("why", strerror(error)));
	errno = error;
	return -1;
}
