/* SPDX-License-Identifier: ISC */
/*
 * filing.c - the files of large messages.
 * They get their names first and are synced then, many at a time: so one journal commit serves all
 * of them.  A file under its final name may thus be incomplete after a crash; but then no record
 * names it, and it is swept (large.h).
 */
#include "config.h"

#include "spool/filing.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/filer.h"
#include "spool/message.h"
#include "spool/name.h"
#include "spool/spool.h"

struct large *
large_new(struct spool_message *message)
{
	struct large *large = calloc(1, sizeof *large);

	if (large == NULL)
		return NULL;
	large->message = message;
	large->fd = -1;
	large->pending = evbuffer_new();
	if (large->pending == NULL) {
		free(large);
		return NULL;
	}
	return large;
}

void
large_free(struct large **large)
{
	if (*large == NULL)
		return;
	evbuffer_free((*large)->pending);
	free(*large);
	*large = NULL;
}

int
filing_write(const struct spool *spool, struct large *large, struct evbuffer *data)
{
	const struct disk_ops *disk = spool->disk;
	char name[NAME_SIZE];
	int parts = evbuffer_peek(data, -1, NULL, NULL, 0), result;
	struct iovec *iov;

	if (large->fd < 0) {
		name_part(large->message->id, name);
		large->fd = disk->openat(spool->large, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	}
	if (large->fd < 0)
		return errno;
	if (parts <= 0)
		return 0;
	iov = calloc((size_t)parts, sizeof *iov);
	if (iov == NULL)
		return ENOMEM;
	evbuffer_peek(data, -1, NULL, iov, parts);
	result = disk_write_all(disk, large->fd, iov, parts, (off_t)large->written);
	free(iov);
	large->written += evbuffer_get_length(data);
	return result == 0 ? 0 : errno;
}

/* The errno value unless one is there already. */
static void
keep_error(struct large *large, int result)
{
	if (result < 0 && large->error == 0)
		large->error = errno;
}

static void
name_it(const struct spool *spool, struct large *large)
{
	char part[NAME_SIZE], name[NAME_SIZE];

	name_part(large->message->id, part);
	name_large(large->message->id, name);
	keep_error(large, spool->disk->renameat(spool->large, part, spool->large, name));
	large->is_named = large->error == 0;
	/* Start the writing now, so that the blocks of all are laid out before the first is waited
	 * for. */
	if (large->is_named && sync_file_range(large->fd, 0, 0, SYNC_FILE_RANGE_WRITE) < 0)
		errno = 0;
}

static void
discard(const struct spool *spool, struct large *large)
{
	char name[NAME_SIZE];

	if (large->is_named)
		name_large(large->message->id, name);
	else
		name_part(large->message->id, name);
	spool->disk->unlinkat(spool->large, name, 0);
}

void
filing_finish(const struct spool *spool, struct large_list *batch)
{
	struct large *large;
	int synced = 0, result = 0, error = 0;

	STAILQ_FOREACH(large, batch, link)
	if (large->error == 0)
		name_it(spool, large);
	STAILQ_FOREACH(large, batch, link)
	if (large->error == 0) {
		keep_error(large, spool->disk->fdatasync(large->fd));
		synced++;
	}
	if (synced > 0) {
		result = spool->disk->fsync_dir(spool->large);
		error = errno;
	}
	STAILQ_FOREACH(large, batch, link)
	{
		errno = error;
		keep_error(large, result);
		if (large->fd >= 0)
			close(large->fd);
		if (large->fd >= 0 && large->error != 0)
			discard(spool, large);
		large->fd = -1;
	}
}
