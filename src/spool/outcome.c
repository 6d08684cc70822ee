/* SPDX-License-Identifier: ISC */
/*
 * outcome.c - append outcomes, each with one write, over the mark behind the last one.
 * There is one writer, so that place is known, and what a failed write left is overwritten by the
 * next.
 */
#include "config.h"

#include "spool/outcome.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/board.h"
#include "spool/damage.h"
#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/spare.h"
#include "spool/spool.h"

struct spool_outcomes *
spool_outcomes_new(struct spool *spool)
{
	struct spool_outcomes *outcomes = calloc(1, sizeof *outcomes);

	if (outcomes == NULL)
		return NULL;
	outcomes->spool = spool;
	TAILQ_INIT(&outcomes->kept);
	for (size_t i = 0; i < OUTCOME_FILES; i++)
		outcomes->file[i].fd = -1;
	orphans_clear(spool);
	outcomes->sync = outcome_sync_new(spool);
	if (outcomes->sync == NULL) {
		free(outcomes);
		return NULL;
	}
	return outcomes;
}

static void
close_file(struct outcome_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

void
spool_outcomes_free(struct spool_outcomes **outcomes)
{
	struct spool_outcomes *o = *outcomes;

	if (o == NULL)
		return;
	spool_outcomes_write_kept(o);
	outcome_sync_finish(o->sync);
	o->is_ending = true;
	outcome_keep_end(o);
	outcome_sync_free(&o->sync);
	for (size_t i = 0; i < OUTCOME_FILES; i++)
		close_file(&o->file[i]);
	free(o);
	*outcomes = NULL;
}

/* The file if it is open, or else the one to be given up for it. */
static struct outcome_file *
find(struct spool_outcomes *outcomes, uint64_t segment)
{
	struct outcome_file *oldest = &outcomes->file[0];

	for (size_t i = 0; i < OUTCOME_FILES; i++) {
		struct outcome_file *file = &outcomes->file[i];

		if (file->fd >= 0 && file->segment == segment)
			return file;
		if (oldest->fd >= 0 && (file->fd < 0 || file->used < oldest->used))
			oldest = file;
	}
	return oldest;
}

/* Where its outcomes end: at the mark, which older files do not have.  0, or -1 and errno. */
static int
find_end(const struct disk_ops *disk, struct outcome_file *file)
{
	unsigned char mark[OUTCOME_MARK];
	struct stat st;

	if (fstat(file->fd, &st) < 0)
		return -1;
	file->end = (uint64_t)st.st_size;
	if (file->end <= OUTCOME_MARK)
		return 0;

	uint64_t at = file->end - OUTCOME_MARK;
	ssize_t n = disk->pread(file->fd, mark, sizeof mark, (off_t)at);

	if (n < 0)
		return -1;
	if (outcome_mark_is_sound(file->segment, at, mark, (size_t)n))
		file->end = at;
	return 0;
}

/* Open SEGMENT.out, which is made if it is not there: 0, or -1 and errno. */
static int
open_file(struct spool_outcomes *outcomes, uint64_t segment, struct outcome_file *file)
{
	const struct spool *spool = outcomes->spool;
	char name[NAME_SIZE];

	close_file(file);
	name_segment(segment, "out", name);
	file->fd = spool->disk->openat(spool->log, name, O_RDWR | O_CREAT, 0600);
	if (file->fd < 0)
		return -1;
	/* Nor is a name durable that was found: whoever made it may have come to no sync. */
	outcome_sync_name(outcomes->sync);
	file->segment = segment;
	if (find_end(spool->disk, file) == 0) {
		if (file->end == 0 && outcomes_were_there(spool, segment))
			damage_missing_outcomes(spool, segment);
		return 0;
	}

	int error = errno;

	close_file(file);
	errno = error;
	return -1;
}

int
outcome_append(struct spool_outcomes *outcomes, uint64_t segment, const struct outcome *outcome)
{
	struct outcome_file *file = find(outcomes, segment);
	unsigned char bytes[OUTCOME_MARK + OUTCOME_SIZE_MAX + OUTCOME_MARK];
	size_t len = 0;

	if ((file->fd < 0 || file->segment != segment || disk_is_removed(file->fd)) &&
	    open_file(outcomes, segment, file) < 0)
		return -1;
	file->used = ++outcomes->uses;
	if (file->end == 0) {
		outcome_mark_encode(segment, 0, bytes);
		len = OUTCOME_MARK;
	}
	len += outcome_encode(segment, outcome, bytes + len);
	outcome_mark_encode(segment, file->end + len, bytes + len);
	if (outcome_sync_append(outcomes->sync, file, bytes, len + OUTCOME_MARK) < 0)
		return -1;
	file->end += len;
	return outcome_sync_dirty(outcomes->sync, segment, false);
}

void
outcome_close(struct spool_outcomes *outcomes, uint64_t segment)
{
	struct outcome_file *file = find(outcomes, segment);

	if (file->fd >= 0 && file->segment == segment)
		close_file(file);
}

void
spool_outcomes_keep_spares(struct spool_outcomes *outcomes, uint32_t count)
{
	board_allow_spares(outcomes->spool->board, count);
	/* Without memory they stay until the next time. */
	outcome_sync_then(outcomes->sync, spare_trim, count);
}
