/* SPDX-License-Identifier: ISC */
/*
 * writer.c - a writer's life, and the way between its threads and the event loop: two lists under
 * one lock, and an eventfd that wakes the loop.  Callbacks run on the loop alone, with no lock
 * held.
 */
#include "config.h"

#include "spool/writer.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/thread.h"
#include "spool/board.h"
#include "spool/filer.h"
#include "spool/message.h"
#include "spool/spare.h"
#include "spool/spool.h"

void
writer_expect(struct spool_message *message)
{
	struct spool_writer *writer = message->writer;

	pthread_mutex_lock(&writer->lock);
	message->epoch = gather_begin(&writer->gather);
	message->is_expected = true;
	pthread_mutex_unlock(&writer->lock);
}

/* With the lock held. */
static void
unexpect(struct spool_writer *writer, struct spool_message *message)
{
	if (message->is_expected)
		gather_end(&writer->gather, message->epoch);
	message->is_expected = false;
}

/* The segment thread need not be woken for each message: for the first, since it watches the clock
 * from then on, and when the group is complete.  With the lock held. */
static void
wake_committer(struct spool_writer *writer, bool is_first)
{
	if (is_first || gather_is_ready(&writer->gather))
		pthread_cond_signal(&writer->work);
}

void
writer_unexpect(struct spool_message *message)
{
	struct spool_writer *writer = message->writer;

	if (!message->is_expected)
		return;
	pthread_mutex_lock(&writer->lock);
	unexpect(writer, message);
	wake_committer(writer, false);
	pthread_mutex_unlock(&writer->lock);
}

void
writer_commit(struct spool_writer *writer, struct message_list *messages)
{
	struct spool_message *message;
	unsigned count = 0;

	pthread_mutex_lock(&writer->lock);

	bool is_first = writer->gather.waiting == 0;

	STAILQ_FOREACH(message, messages, link)
	{
		unexpect(writer, message);
		count++;
	}
	gather_add(&writer->gather, count, is_first ? clock_mono_us() : 0);
	STAILQ_CONCAT(&writer->waiting, messages);
	wake_committer(writer, is_first);
	pthread_mutex_unlock(&writer->lock);
}

void
writer_commit_one(struct spool_writer *writer, struct spool_message *message)
{
	struct message_list one = STAILQ_HEAD_INITIALIZER(one);

	STAILQ_INSERT_TAIL(&one, message, link);
	writer_commit(writer, &one);
}

static void
wake(int fd)
{
	const uint64_t one = 1;

	/* A full counter wakes as well as one more would. */
	if (fd >= 0 && write(fd, &one, sizeof one) < 0)
		errno = 0;
}

void
writer_wake_reader(struct spool_writer *writer)
{
	wake(writer->wake_fd);
}

void
writer_done(struct spool_writer *writer, struct message_list *messages)
{
	pthread_mutex_lock(&writer->lock);
	STAILQ_CONCAT(&writer->done, messages);
	pthread_mutex_unlock(&writer->lock);
	wake(writer->done_fd);
}

void
writer_done_one(struct spool_writer *writer, struct spool_message *message)
{
	struct message_list one = STAILQ_HEAD_INITIALIZER(one);

	STAILQ_INSERT_TAIL(&one, message, link);
	writer_done(writer, &one);
}

void
writer_drained(struct spool_writer *writer, struct large *large)
{
	pthread_mutex_lock(&writer->lock);
	if (!large->is_drained) {
		large->is_drained = true;
		STAILQ_INSERT_TAIL(&writer->drained, large, drained_link);
	}
	pthread_mutex_unlock(&writer->lock);
	wake(writer->done_fd);
}

static void
finish_message(struct spool_message *message)
{
	spool_commit_fn *on_commit = message->on_commit;

	if (message->error != 0 && message->is_committed)
		message_count_failure(message);
	if (on_commit != NULL)
		on_commit(message->ctx, message->error, &message->place);
	message_free(message);
}

/* Take what the threads left for the loop.  A message's drain comes no later than its end, so it
 * goes first. */
static void
run_callbacks(struct spool_writer *writer)
{
	struct message_list done = STAILQ_HEAD_INITIALIZER(done);
	struct spool_message *message;
	struct large *large;

	pthread_mutex_lock(&writer->lock);
	while ((large = STAILQ_FIRST(&writer->drained)) != NULL) {
		STAILQ_REMOVE_HEAD(&writer->drained, drained_link);
		large->is_drained = false;
		pthread_mutex_unlock(&writer->lock);
		if (large->message->on_drain != NULL)
			large->message->on_drain(large->message->drain_ctx);
		pthread_mutex_lock(&writer->lock);
	}
	STAILQ_CONCAT(&done, &writer->done);
	pthread_mutex_unlock(&writer->lock);
	while ((message = STAILQ_FIRST(&done)) != NULL) {
		STAILQ_REMOVE_HEAD(&done, link);
		finish_message(message);
	}
}

static void
on_done(evutil_socket_t fd, short what, void *ctx)
{
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) < 0)
		return;
	run_callbacks(ctx);
}

static int
start(struct spool_writer *writer, struct event_base *base)
{
	writer->segment.slot = board_claim(writer->spool->board, getpid());
	if (writer->segment.slot < 0) {
		errno = EAGAIN;
		return -1;
	}
	spare_sweep_unfinished(writer->spool, writer->spool->large);
	spare_sweep_unfinished(writer->spool, writer->spool->log);
	writer->done_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (writer->done_fd < 0)
		return -1;
	writer->event = event_new(base, writer->done_fd, EV_READ | EV_PERSIST, on_done, writer);
	if (writer->event == NULL || event_add(writer->event, NULL) < 0) {
		errno = ENOMEM;
		return -1;
	}
	writer->filer = filer_new(writer);
	if (writer->filer == NULL)
		return -1;
	return thread_start(&writer->thread, committer_run, writer);
}

/* Release all that start() made, except the segment thread. */
static void
release(struct spool_writer *writer)
{
	int error = errno;

	filer_free(&writer->filer);
	if (writer->event != NULL)
		event_free(writer->event);
	if (writer->done_fd >= 0)
		close(writer->done_fd);
	if (writer->segment.slot >= 0)
		board_release_slot(writer->spool->board, writer->segment.slot);
	trouble_destroy(&writer->trouble);
	pthread_mutex_destroy(&writer->lock);
	pthread_cond_destroy(&writer->work);
	free(writer);
	errno = error;
}

static struct spool_writer *
make(struct spool *spool, struct event_base *base, int wake_fd, struct counters *counters,
    bool is_lean)
{
	struct spool_writer *writer = calloc(1, sizeof *writer);
	pthread_condattr_t attr;

	if (writer == NULL)
		return NULL;
	writer->spool = spool;
	writer->counters = counters;
	writer->wake_fd = wake_fd;
	writer->done_fd = -1;
	writer->gather = (struct gather)GATHER_EMPTY;
	writer->segment = (struct segment){
		.spool = spool,
		.slot = -1,
		.fd = -1,
		.is_lean = is_lean,
	};
	trouble_init(&writer->trouble);
	pthread_mutex_init(&writer->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&writer->work, &attr);
	pthread_condattr_destroy(&attr);
	STAILQ_INIT(&writer->waiting);
	STAILQ_INIT(&writer->done);
	STAILQ_INIT(&writer->drained);
	if (start(writer, base) == 0)
		return writer;
	release(writer);
	return NULL;
}

struct spool_writer *
spool_writer_new(
    struct spool *spool, struct event_base *base, int wake_fd, struct counters *counters)
{
	return make(spool, base, wake_fd, counters, false);
}

struct spool_writer *
spool_writer_new_lean(
    struct spool *spool, struct event_base *base, int wake_fd, struct counters *counters)
{
	return make(spool, base, wake_fd, counters, true);
}

uint64_t
spool_writer_segment(const struct spool_writer *writer)
{
	uint64_t segment = atomic_load(&writer->spool->board->slot[writer->segment.slot].segment);

	return segment == BOARD_CLAIMING ? 0 : segment;
}

void
spool_writer_roll(struct spool_writer *writer)
{
	pthread_mutex_lock(&writer->lock);
	writer->is_rolling = true;
	pthread_cond_signal(&writer->work);
	pthread_mutex_unlock(&writer->lock);
}

void
spool_writer_free(struct spool_writer **writer)
{
	struct spool_writer *w = *writer;

	if (w == NULL)
		return;
	w->is_closing = true;
	/* The file thread hands its last messages to the segment thread, so it goes first. */
	filer_finish(w->filer);
	pthread_mutex_lock(&w->lock);
	w->is_stopping = true;
	pthread_cond_signal(&w->work);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	run_callbacks(w);
	release(w);
	*writer = NULL;
}

unsigned
spool_writer_tag(const struct spool_writer *writer)
{
	return (unsigned)writer->segment.slot;
}
