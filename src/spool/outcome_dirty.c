/* SPDX-License-Identifier: ISC */
/*
 * outcome_dirty.c - see outcome_dirty.h.  Files are opened by name, so that the thread shares no
 * descriptor with the loop.
 */
#include "config.h"

#include "spool/outcome_dirty.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/name.h"
#include "spool/spool.h"

enum { PIECE = 64 * 1024 };

int
dirty_add(struct dirty *dirty, uint64_t number, bool is_suspect)
{
	/* From the end: the segments of the moment are few and come again and again. */
	for (size_t i = dirty->count; i > 0; i--)
		if (dirty->file[i - 1].number == number) {
			dirty->file[i - 1].is_suspect |= is_suspect;
			return 0;
		}
	if (dirty->count == dirty->size) {
		size_t size = dirty->size == 0 ? 16 : dirty->size * 2;
		struct written *more = reallocarray(dirty->file, size, sizeof *more);

		if (more == NULL)
			return -1;
		dirty->file = more;
		dirty->size = size;
	}
	dirty->file[dirty->count++] = (struct written){ number, is_suspect };
	return 0;
}

/* Write a piece over with what it holds: how much, 0 at the end, or -1 and errno. */
static ssize_t
write_over(const struct spool *spool, pthread_mutex_t *tails, int fd, char *piece, off_t at)
{
	ssize_t n;

	pthread_mutex_lock(tails);
	n = pread(fd, piece, PIECE, at);
	if (n > 0) {
		struct iovec iov = { piece, (size_t)n };

		if (disk_write_all(spool->disk, fd, &iov, 1, at) < 0)
			n = -1;
	}
	pthread_mutex_unlock(tails);
	return n;
}

/*
 * After a failed sync the kernel may hold the pages to be clean: a second fdatasync would succeed
 * and mean nothing. Written over with what they hold they are dirty again.
 */
static int
make_dirty_again(const struct spool *spool, pthread_mutex_t *tails, int fd)
{
	char *piece = malloc(PIECE);
	off_t at = 0;
	ssize_t n = -1;

	while (piece != NULL && (n = write_over(spool, tails, fd, piece, at)) > 0)
		at += n;
	free(piece);
	return n < 0 ? -1 : 0;
}

int
dirty_sync(const struct spool *spool, pthread_mutex_t *tails, const struct written *file)
{
	char name[NAME_SIZE];
	int fd, result = 0;

	name_segment(file->number, "out", name);
	fd = spool->disk->openat(spool->log, name, O_RDWR, 0);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (file->is_suspect)
		result = make_dirty_again(spool, tails, fd);
	if (result == 0)
		result = spool->disk->fdatasync(fd);

	int error = errno;

	close(fd);
	errno = error;
	return result;
}
