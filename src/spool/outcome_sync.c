/* SPDX-License-Identifier: ISC */
/*
 * outcome_sync.c - the thread that makes outcomes durable, and then drops what they allow to be
 * dropped. It opens files by name, so that it shares no descriptor with the loop.
 */
#include "config.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>

#include "base/log.h"
#include "base/thread.h"
#include "spool/outcome_dirty.h"
#include "spool/outcomes.h"
#include "spool/spool.h"

enum {
	GATHER_MS = 40,  /* an outcome waits so long for others, then its sync begins */
	RETRY_MS = 1000, /* after a failed sync */
};

struct drop {
	STAILQ_ENTRY(drop) link;
	drop_fn *run;
	uint64_t number;
};

STAILQ_HEAD(drop_list, drop);

struct outcome_sync {
	const struct spool *spool;
	pthread_t thread;
	bool is_failing;       /* the thread's: the last sync failed */
	pthread_mutex_t tails; /* held while the end of a file changes or must not */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;
	struct dirty dirty;
	struct drop_list drops;
	struct drop_list gone; /* the segments that were dropped, until their owner takes note */
	bool is_stopping, is_started;
};

static struct drop *
take_drop(struct drop_list *drops)
{
	struct drop *drop = STAILQ_FIRST(drops);

	if (drop != NULL)
		STAILQ_REMOVE_HEAD(drops, link);
	return drop;
}

void
outcome_sync_name(struct outcome_sync *sync)
{
	pthread_mutex_lock(&sync->lock);
	sync->dirty.is_dir = true;
	pthread_mutex_unlock(&sync->lock);
}

int
outcome_sync_dirty(struct outcome_sync *sync, uint64_t segment, bool is_suspect)
{
	pthread_mutex_lock(&sync->lock);

	bool was_clean = sync->dirty.count == 0;
	int result = dirty_add(&sync->dirty, segment, is_suspect);

	if (was_clean)
		pthread_cond_signal(&sync->work);
	pthread_mutex_unlock(&sync->lock);
	return result;
}

int
outcome_sync_then(struct outcome_sync *sync, drop_fn *run, uint64_t number)
{
	struct drop *drop = malloc(sizeof *drop);

	if (drop == NULL)
		return -1;
	*drop = (struct drop){ .run = run, .number = number };
	pthread_mutex_lock(&sync->lock);
	STAILQ_INSERT_TAIL(&sync->drops, drop, link);
	pthread_cond_signal(&sync->work);
	pthread_mutex_unlock(&sync->lock);
	return 0;
}

bool
outcome_sync_take_gone(struct outcome_sync *sync, uint64_t *segment)
{
	struct drop *drop;

	pthread_mutex_lock(&sync->lock);
	drop = take_drop(&sync->gone);
	pthread_mutex_unlock(&sync->lock);
	if (drop == NULL)
		return false;
	*segment = drop->number;
	free(drop);
	return true;
}

static int
write_at(const struct disk_ops *disk, int fd, const void *data, size_t len, uint64_t at)
{
	struct iovec iov = { (void *)(uintptr_t)data, len };

	return disk_write_all(disk, fd, &iov, 1, (off_t)at);
}

/* Without a part of what was to stand behind the end.  The mark keeps its blocks meanwhile: a full
 * disk would not give them again.  Only tidiness: the next outcome is written over it, and loading
 * cuts it off. */
static void
end_as_before(const struct disk_ops *disk, const struct outcome_file *file)
{
	unsigned char mark[OUTCOME_MARK];
	size_t len = file->end > 0 ? sizeof mark : 0;

	if (disk->ftruncate(file->fd, (off_t)(file->end + len)) < 0)
		return;
	outcome_mark_encode(file->segment, file->end, mark);
	write_at(disk, file->fd, mark, len, file->end);
}

int
outcome_sync_append(
    struct outcome_sync *sync, const struct outcome_file *file, const void *data, size_t len)
{
	const struct disk_ops *disk = sync->spool->disk;
	int error = 0;

	pthread_mutex_lock(&sync->tails);
	if (write_at(disk, file->fd, data, len, file->end) < 0) {
		error = errno;
		end_as_before(disk, file);
	}
	pthread_mutex_unlock(&sync->tails);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Their names are durable, and so are they. */
static void
stamp_all(const struct spool *spool, const struct dirty *dirty)
{
	for (size_t i = 0; i < dirty->count; i++)
		outcomes_stamp(spool, dirty->file[i].number);
}

/* Sync all of them: 0, or -1 when one could not be. */
static int
sync_all(struct outcome_sync *sync, const struct dirty *dirty)
{
	int error = 0;

	for (size_t i = 0; i < dirty->count; i++)
		if (dirty_sync(sync->spool, &sync->tails, &dirty->file[i]) < 0)
			error = errno;
	if (dirty->is_dir && sync->spool->disk->fsync_dir(sync->spool->log) < 0)
		error = errno;
	if (error == 0 && dirty->is_dir)
		stamp_all(sync->spool, dirty);
	if (error != 0 && !sync->is_failing)
		log_error("outcomes_not_synced", log_s("why", strerror(error)));
	if (error == 0 && sync->is_failing)
		log_info("outcomes_recovered", log_d("segments", dirty->count));
	sync->is_failing = error != 0;
	return error == 0 ? 0 : -1;
}

/* With the lock held: wait, but not when the end is near, nor (is_brief) when a drop waits. */
static void
wait_ms(struct outcome_sync *sync, int ms, bool is_brief)
{
	struct timespec until;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += (long)(ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	while (!sync->is_stopping && !(is_brief && !STAILQ_EMPTY(&sync->drops)) &&
	       pthread_cond_timedwait(&sync->work, &sync->lock, &until) == 0)
		;
}

/* With the lock held: give back what could not be synced, to be tried again with what has come
 * since. */
static void
put_back(struct outcome_sync *sync, struct dirty *dirty, struct drop_list *drops)
{
	for (size_t i = 0; i < dirty->count; i++)
		dirty->file[i].is_suspect = true;
	for (size_t i = 0; i < sync->dirty.count; i++) {
		const struct written *file = &sync->dirty.file[i];

		if (dirty_add(dirty, file->number, file->is_suspect) < 0)
			log_error("outcomes_not_synced", log_s("why", strerror(errno)));
	}
	dirty->is_dir |= sync->dirty.is_dir;
	free(sync->dirty.file);
	sync->dirty = *dirty;
	*dirty = (struct dirty){ .file = NULL };
	STAILQ_CONCAT(drops, &sync->drops);
	STAILQ_CONCAT(&sync->drops, drops);
}

/* Those that worked are put into gone. */
static void
run_drops(struct outcome_sync *sync, struct drop_list *drops, struct drop_list *gone)
{
	struct drop *drop;

	while ((drop = take_drop(drops)) != NULL)
		if (drop->run(sync->spool, drop->number) && drop->run == recycle_segment)
			STAILQ_INSERT_TAIL(gone, drop, link);
		else
			free(drop);
}

/* One round, with the lock held, which it drops meanwhile.  Whether the sync worked. */
static bool
work(struct outcome_sync *sync)
{
	struct drop_list drops = STAILQ_HEAD_INITIALIZER(drops);
	struct drop_list gone = STAILQ_HEAD_INITIALIZER(gone);
	struct dirty dirty = sync->dirty;

	sync->dirty = (struct dirty){ .file = NULL };
	STAILQ_CONCAT(&drops, &sync->drops);
	pthread_mutex_unlock(&sync->lock);

	bool is_synced = sync_all(sync, &dirty) == 0;

	if (is_synced)
		run_drops(sync, &drops, &gone);
	pthread_mutex_lock(&sync->lock);
	STAILQ_CONCAT(&sync->gone, &gone);
	if (!is_synced)
		put_back(sync, &dirty, &drops);
	free(dirty.file);
	return is_synced;
}

static bool
is_idle(const struct outcome_sync *sync)
{
	return sync->dirty.count == 0 && STAILQ_EMPTY(&sync->drops);
}

static void *
run(void *ctx)
{
	struct outcome_sync *sync = ctx;

	pthread_mutex_lock(&sync->lock);
	for (;;) {
		while (is_idle(sync) && !sync->is_stopping)
			pthread_cond_wait(&sync->work, &sync->lock);
		if (is_idle(sync))
			break;
		wait_ms(sync, GATHER_MS, true);
		if (work(sync))
			continue;
		if (sync->is_stopping)
			break;
		wait_ms(sync, RETRY_MS, false);
	}
	pthread_mutex_unlock(&sync->lock);
	return NULL;
}

struct outcome_sync *
outcome_sync_new(const struct spool *spool)
{
	struct outcome_sync *sync = calloc(1, sizeof *sync);
	pthread_condattr_t attr;

	if (sync == NULL)
		return NULL;
	sync->spool = spool;
	STAILQ_INIT(&sync->drops);
	STAILQ_INIT(&sync->gone);
	pthread_mutex_init(&sync->lock, NULL);
	pthread_mutex_init(&sync->tails, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sync->work, &attr);
	pthread_condattr_destroy(&attr);
	sync->is_started = thread_start(&sync->thread, run, sync) == 0;
	if (sync->is_started)
		return sync;

	int error = errno;

	pthread_mutex_destroy(&sync->lock);
	pthread_mutex_destroy(&sync->tails);
	pthread_cond_destroy(&sync->work);
	free(sync);
	errno = error;
	return NULL;
}

void
outcome_sync_finish(struct outcome_sync *sync)
{
	if (!sync->is_started)
		return;
	pthread_mutex_lock(&sync->lock);
	sync->is_stopping = true;
	pthread_cond_signal(&sync->work);
	pthread_mutex_unlock(&sync->lock);
	pthread_join(sync->thread, NULL);
	sync->is_started = false;
}

void
outcome_sync_free(struct outcome_sync **sync)
{
	struct outcome_sync *s = *sync;
	struct drop *drop;

	if (s == NULL)
		return;
	outcome_sync_finish(s);
	STAILQ_CONCAT(&s->drops, &s->gone);
	while ((drop = take_drop(&s->drops)) != NULL)
		free(drop);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->tails);
	pthread_cond_destroy(&s->work);
	free(s->dirty.file);
	free(s);
	*sync = NULL;
}
