/* SPDX-License-Identifier: ISC */
/*
 * filer.c - the file thread.  A large message is in its queue at most once; each turn writes what
 * has come for it, so that many share the disk fairly.  The file gets its final name only when all
 * of it is durable.
 */
#include "config.h"

#include "spool/filer.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/message.h"
#include "spool/name.h"
#include "spool/spare.h"
#include "spool/spool.h"
#include "spool/thread.h"

struct filer {
	struct spool_writer *writer;
	const struct spool *spool;
	struct spare spare; /* the thread's */
	pthread_t thread;
	bool is_started;

	pthread_mutex_t lock; /* guards what follows and parts of struct large */
	pthread_cond_t work;
	struct large_list queue;
	bool is_preparing, is_stopping;
};

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

/* With the lock held. */
static void
enqueue(struct filer *filer, struct large *large)
{
	if (!large->is_queued)
		STAILQ_INSERT_TAIL(&filer->queue, large, link);
	large->is_queued = true;
	pthread_cond_signal(&filer->work);
}

int
large_append(struct filer *filer, struct large *large, struct evbuffer *data)
{
	size_t len = evbuffer_get_length(data);
	int error;

	pthread_mutex_lock(&filer->lock);
	error = large->error;
	if (error == 0 && evbuffer_add_buffer(large->pending, data) < 0)
		error = ENOMEM;
	if (error == 0) {
		large->backlog += len;
		enqueue(filer, large);
	}
	pthread_mutex_unlock(&filer->lock);
	errno = error;
	return error == 0 ? 0 : -1;
}

void
large_finish(struct filer *filer, struct large *large, enum large_wish wish)
{
	pthread_mutex_lock(&filer->lock);
	large->wish = wish;
	enqueue(filer, large);
	pthread_mutex_unlock(&filer->lock);
}

bool
large_is_backlogged(struct filer *filer, struct large *large)
{
	pthread_mutex_lock(&filer->lock);
	if (large->error == 0 && large->backlog > LARGE_BACKLOG_MAX)
		large->is_paused = true;

	bool is_paused = large->is_paused;

	pthread_mutex_unlock(&filer->lock);
	return is_paused;
}

void
filer_prepare(struct filer *filer)
{
	pthread_mutex_lock(&filer->lock);
	filer->is_preparing = true;
	pthread_cond_signal(&filer->work);
	pthread_mutex_unlock(&filer->lock);
}

/* Write all of data: 0, or the errno value. */
static int
write_data(const struct filer *filer, struct large *large, struct evbuffer *data)
{
	const struct disk_ops *disk = filer->spool->disk;
	char name[NAME_SIZE];
	int parts = evbuffer_peek(data, -1, NULL, NULL, 0), result;
	struct iovec *iov;

	if (large->fd < 0) {
		name_part(large->message->id, name);
		large->fd =
		    disk->openat(filer->spool->large, name, O_RDWR | O_CREAT | O_EXCL, 0600);
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

/* Write what came before `error`; account for it; wake the sender if it paused. */
static void
flush(struct filer *filer, struct large *large, struct evbuffer *data, int error)
{
	size_t len = evbuffer_get_length(data);
	bool is_drained;

	if (error == 0 && len > 0)
		error = write_data(filer, large, data);
	evbuffer_free(data);
	pthread_mutex_lock(&filer->lock);
	large->error = error;
	large->backlog -= len;
	is_drained = large->is_paused && (large->backlog <= LARGE_BACKLOG_LOW || error != 0);
	if (is_drained)
		large->is_paused = false;
	pthread_mutex_unlock(&filer->lock);
	if (is_drained)
		writer_drained(filer->writer, large);
}

/* 0, or the errno value: all of it is durable under its final name. */
static int
make_durable(const struct filer *filer, struct large *large)
{
	const struct spool *spool = filer->spool;
	char part[NAME_SIZE], name[NAME_SIZE];

	name_part(large->message->id, part);
	name_large(large->message->id, name);
	if (spool->disk->fdatasync(large->fd) < 0 ||
	    spool->disk->renameat(spool->large, part, spool->large, name) < 0)
		return errno;
	if (spool->disk->fsync_dir(spool->large) == 0)
		return 0;

	int error = errno;

	spool->disk->unlinkat(spool->large, name, 0);
	return error;
}

static void
finish(struct filer *filer, struct large *large, enum large_wish wish, int error)
{
	struct spool_message *message = large->message;
	char part[NAME_SIZE];

	if (error == 0 && wish == LARGE_COMMIT)
		error = make_durable(filer, large);
	if (large->fd >= 0) {
		close(large->fd);
		name_part(message->id, part);
		if (error != 0 || wish == LARGE_ABORT)
			filer->spool->disk->unlinkat(filer->spool->large, part, 0);
	}
	if (message->error == 0)
		message->error = error;
	if (message->error == 0 && wish == LARGE_COMMIT)
		writer_commit(filer->writer, message);
	else
		writer_done_one(filer->writer, message);
}

/* One turn for the first in the queue.  With the lock held, which it drops meanwhile. */
static void
serve(struct filer *filer)
{
	struct large *large = STAILQ_FIRST(&filer->queue);
	struct evbuffer *data = evbuffer_new();
	enum large_wish wish = large->wish;
	int error = large->error;

	STAILQ_REMOVE_HEAD(&filer->queue, link);
	large->is_queued = false;
	if (data == NULL || evbuffer_add_buffer(data, large->pending) < 0)
		error = ENOMEM;
	pthread_mutex_unlock(&filer->lock);
	if (data != NULL)
		flush(filer, large, data, wish == LARGE_ABORT ? ECANCELED : error);
	if (wish != LARGE_GROW)
		finish(filer, large, wish, error != 0 ? error : large->error);
	pthread_mutex_lock(&filer->lock);
}

static void *
run(void *ctx)
{
	struct filer *filer = ctx;

	pthread_mutex_lock(&filer->lock);
	for (;;) {
		if (!STAILQ_EMPTY(&filer->queue)) {
			serve(filer);
		} else if (filer->is_stopping) {
			break;
		} else if (filer->is_preparing) {
			pthread_mutex_unlock(&filer->lock);

			bool more = spare_begin(&filer->spare) && spare_step(&filer->spare);

			pthread_mutex_lock(&filer->lock);
			filer->is_preparing = more;
		} else {
			pthread_cond_wait(&filer->work, &filer->lock);
		}
	}
	pthread_mutex_unlock(&filer->lock);
	spare_cancel(&filer->spare);
	return NULL;
}

struct filer *
filer_new(struct spool_writer *writer)
{
	struct filer *filer = calloc(1, sizeof *filer);

	if (filer == NULL)
		return NULL;
	filer->writer = writer;
	filer->spool = writer->spool;
	filer->spare = (struct spare){ .spool = writer->spool, .fd = -1 };
	filer->is_preparing = true;
	STAILQ_INIT(&filer->queue);
	pthread_mutex_init(&filer->lock, NULL);
	pthread_cond_init(&filer->work, NULL);
	filer->is_started = thread_start(&filer->thread, run, filer) == 0;
	if (!filer->is_started)
		filer_free(&filer);
	return filer;
}

void
filer_finish(struct filer *filer)
{
	if (!filer->is_started)
		return;
	pthread_mutex_lock(&filer->lock);
	filer->is_stopping = true;
	pthread_cond_signal(&filer->work);
	pthread_mutex_unlock(&filer->lock);
	pthread_join(filer->thread, NULL);
	filer->is_started = false;
}

void
filer_free(struct filer **filer)
{
	if (*filer == NULL)
		return;
	filer_finish(*filer);
	pthread_mutex_destroy(&(*filer)->lock);
	pthread_cond_destroy(&(*filer)->work);
	free(*filer);
	*filer = NULL;
}
