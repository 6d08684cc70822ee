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
#include <stdlib.h>

#include "base/thread.h"
#include "spool/filing.h"
#include "spool/message.h"
#include "spool/spare.h"
#include "spool/spool.h"

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

/* The error of one that was given up, or had no memory, is not the disk's. */
static void
note(struct filer *filer, int error)
{
	if (error != ECANCELED && error != ENOMEM)
		trouble_note(&filer->writer->trouble, 0, error);
}

static int
write_out(struct filer *filer, struct large *large, struct evbuffer *data)
{
	int error = filing_write(filer->spool, large, data);

	if (error != 0)
		note(filer, error);
	return error;
}

/* Write what came before `error`; account for it; wake the sender if it paused. */
static void
flush(struct filer *filer, struct large *large, struct evbuffer *data, int error)
{
	size_t len = data == NULL ? 0 : evbuffer_get_length(data);
	bool is_drained;

	if (error == 0 && len > 0)
		error = write_out(filer, large, data);
	if (data != NULL)
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

/* The message goes on, to the segment thread or back to the loop. */
static void
hand_over(struct filer *filer, struct large_list *batch)
{
	struct message_list sound = STAILQ_HEAD_INITIALIZER(sound);
	struct message_list lost = STAILQ_HEAD_INITIALIZER(lost);
	struct large *large;

	while ((large = STAILQ_FIRST(batch)) != NULL) {
		struct spool_message *message = large->message;

		STAILQ_REMOVE_HEAD(batch, link);
		note(filer, large->error);
		if (message->error == 0)
			message->error = large->error;
		if (message->error == 0)
			STAILQ_INSERT_TAIL(&sound, message, link);
		else
			STAILQ_INSERT_TAIL(&lost, message, link);
	}
	if (!STAILQ_EMPTY(&sound))
		writer_commit(filer->writer, &sound);
	if (!STAILQ_EMPTY(&lost))
		writer_done(filer->writer, &lost);
}

/* Write what has come for one message.  With the lock held, which it drops meanwhile. */
static void
serve(struct filer *filer, struct large *large, struct large_list *ending)
{
	struct evbuffer *data = evbuffer_new();
	enum large_wish wish = large->wish;
	int error = large->error;

	large->is_queued = false;
	if (data == NULL || evbuffer_add_buffer(data, large->pending) < 0)
		error = ENOMEM;
	pthread_mutex_unlock(&filer->lock);
	flush(filer, large, data, wish == LARGE_ABORT ? ECANCELED : error);
	if (wish != LARGE_GROW)
		STAILQ_INSERT_TAIL(ending, large, link);
	pthread_mutex_lock(&filer->lock);
}

/* One turn for all that are in the queue; those that end do so together.  With the lock held, which
 * it drops meanwhile. */
static void
serve_all(struct filer *filer)
{
	struct large_list turn = STAILQ_HEAD_INITIALIZER(turn);
	struct large_list ending = STAILQ_HEAD_INITIALIZER(ending);
	struct large *large;

	STAILQ_CONCAT(&turn, &filer->queue);
	while ((large = STAILQ_FIRST(&turn)) != NULL) {
		STAILQ_REMOVE_HEAD(&turn, link);
		serve(filer, large, &ending);
	}
	if (STAILQ_EMPTY(&ending))
		return;
	pthread_mutex_unlock(&filer->lock);
	filing_finish(filer->spool, &ending);
	hand_over(filer, &ending);
	pthread_mutex_lock(&filer->lock);
}

static void *
run(void *ctx)
{
	struct filer *filer = ctx;

	pthread_mutex_lock(&filer->lock);
	for (;;) {
		if (!STAILQ_EMPTY(&filer->queue)) {
			serve_all(filer);
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
	filer->is_preparing = !writer->segment.is_lean;
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
