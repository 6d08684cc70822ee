/* SPDX-License-Identifier: ISC */
/*
 * damage.c - setting aside.  A copy that exists is left as it is: segments are read again at each
 * start. Failing to copy loses nothing: the report has segment and offset, and a segment stays
 * until it is recycled.
 */
#include "config.h"

#include "spool/damage.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/id.h"
#include "base/log.h"
#include "spool/name.h"
#include "spool/spool.h"

/* Of one region so much is kept: room for any record, not for whole segments of noise. */
enum { COPY_MAX = 1024 * 1024, PIECE = 64 * 1024 };

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

static void
set_aside(const struct spool *spool, int from, const struct damage *damage)
{
	char name[NAME_SIZE];

	snprintf(
	    name, sizeof name, "%016" PRIx64 "-%08" PRIx32 ".bin", damage->segment, damage->offset);

	int to = spool->disk->openat(spool->damaged, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	if (to < 0 && errno == EEXIST)
		return;
	if (to < 0 || copy(spool, from, to, damage) < 0 ||
	    spool->disk->fsync_dir(spool->damaged) < 0)
		log_error(
		    "spool_not_set_aside", log_s("file", name), log_s("why", strerror(errno)));
	if (to >= 0)
		close(to);
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

static void
count(const struct spool *spool)
{
	if (spool->counters != NULL)
		counter_add(&spool->counters->spool_damaged, 1);
}

void
damage_report(const struct spool *spool, int fd, const struct damage *damage)
{
	say(LOG_LEVEL_ERROR, "spool_damage", damage);
	count(spool);
	set_aside(spool, fd, damage);
}

void
damage_torn(const struct spool *spool, int fd, const struct damage *damage)
{
	say(LOG_LEVEL_WARNING, "spool_torn", damage);
	set_aside(spool, fd, damage);
}

void
damage_large(const struct spool *spool, const struct damage *damage)
{
	char name[NAME_SIZE];

	say(LOG_LEVEL_ERROR, "spool_damage", damage);
	count(spool);
	name_large(damage->id, name);
	if (spool->disk->renameat(spool->large, name, spool->damaged, name) < 0 && errno != ENOENT)
		log_error(
		    "spool_not_set_aside", log_s("file", name), log_s("why", strerror(errno)));
}
