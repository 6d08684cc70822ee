/* SPDX-License-Identifier: ISC */
/* spool.c - opening the spool's directories in a process that uses them. */
#include "config.h"

#include "spool/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/name.h"

enum { STAT_BLOCK = 512 };

static int
open_dir(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static struct spool *
make(struct board *board)
{
	struct spool *spool = malloc(sizeof *spool);

	if (spool != NULL)
		*spool = (struct spool){
			.disk = &disk_os,
			.board = board,
			.segment_size = SPOOL_SEGMENT_SIZE,
			.inline_budget = SPOOL_INLINE_BUDGET,
			.dir = -1,
			.log = -1,
			.large = -1,
			.damaged = -1,
		};
	return spool;
}

/* `missing` is told of each directory that is not there; without it they must be there. */
static struct spool *
open_all(const char *path, struct board *board, void (*missing)(const char *path, const char *name))
{
	struct spool *spool = make(board);

	if (spool == NULL)
		return NULL;
	spool->dir = open_dir(AT_FDCWD, path);

	const struct {
		const char *name;
		int *fd;
	} inside[] = { { "log", &spool->log }, { "large", &spool->large },
		{ "damaged", &spool->damaged } };
	bool is_open = spool->dir >= 0;

	for (size_t i = 0; is_open && i < sizeof inside / sizeof *inside; i++) {
		*inside[i].fd = open_dir(spool->dir, inside[i].name);
		is_open = *inside[i].fd >= 0 || (errno == ENOENT && missing != NULL);
		if (*inside[i].fd < 0 && is_open)
			missing(path, inside[i].name);
	}
	if (!is_open) {
		int error = errno;

		spool_close(&spool);
		errno = error;
	}
	return spool;
}

struct spool *
spool_open(const char *path, struct board *board)
{
	return open_all(path, board, NULL);
}

struct spool *
spool_open_found(
    const char *path, struct board *board, void (*missing)(const char *path, const char *name))
{
	return open_all(path, board, missing);
}

void
spool_close(struct spool **spool)
{
	struct spool *s = *spool;

	if (s == NULL)
		return;

	const int fd[] = { s->dir, s->log, s->large, s->damaged };

	for (size_t i = 0; i < sizeof fd / sizeof *fd; i++)
		if (fd[i] >= 0)
			close(fd[i]);
	free(s);
	*spool = NULL;
}

uint64_t
spool_segment_use(const struct spool *spool, uint64_t segment)
{
	static const char *const suffix[] = { "seg", "out" };
	char name[NAME_SIZE];
	uint64_t use = 0;
	struct stat st;

	for (size_t i = 0; i < sizeof suffix / sizeof *suffix; i++) {
		name_segment(segment, suffix[i], name);
		if (fstatat(spool->log, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			use += (uint64_t)st.st_blocks * STAT_BLOCK;
	}
	return use;
}

static bool
keep_highest(void *ctx, const char *name)
{
	uint64_t *highest = ctx, number;

	if (name_has_number(name, &number) && !name_is_stray(name, &number) && number > *highest)
		*highest = number;
	return true;
}

int
spool_last_segment(const char *path, uint64_t *last)
{
	int dir = open_dir(AT_FDCWD, path);
	int log = dir < 0 ? -1 : open_dir(dir, "log");

	*last = 0;

	int result = log < 0 ? -1 : name_walk(log, keep_highest, last);
	int error = errno;

	if (log >= 0)
		close(log);
	if (dir >= 0)
		close(dir);
	errno = error;
	return result;
}
