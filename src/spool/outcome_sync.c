/* SPDX-License-Identifier: ISC */
/*
 * outcome_sync.c - the thread that makes outcomes durable, and then drops what they allow to be
 * dropped. It opens files by name, so that it shares no descriptor with the loop.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/thread.h"
#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/spool.h"

enum {
	GATHER_MS = 40,  /* an outcome waits so long for others, then its sync begins */
	RETRY_MS = 1000, /* after a failed sync */
	PIECE = 64 * 1024,
};

struct drop {
	STAILQ_ENTRY(drop) link;
	drop_fn *run;
	uint64_t number;
	bool is_bound; /* only if the last one that is not bound worked */
};

STAILQ_HEAD(drop_list, drop);

/* A segment whose .out has been written to. */
struct written {
	uint64_t number;
	bool is_suspect; /* its pages may be clean without being on disk */
};

struct dirty {
	struct written *file;
	size_t count, size;
	bool is_dir; /* log/ may have names that are not durable */
};

struct outcome_sync {
	const struct spool *spool;
	pthread_t thread;
	bool is_failing;       /* the thread's: the last sync failed */
	bool has_dropped;      /* the thread's: the last drop that is not bound worked */
	pthread_mutex_t tails; /* held while the end of a file changes or must not */

	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t work;
	struct dirty dirty;
	struct drop_list drops;
	bool is_stopping;
};

static int
add(struct dirty *dirty, uint64_t number, bool is_suspect)
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
	int result = add(&sync->dirty, segment, is_suspect);

	if (was_clean)
		pthread_cond_signal(&sync->work);
	pthread_mutex_unlock(&sync->lock);
	return result;
}

static int
add_drop(struct outcome_sync *sync, drop_fn *run, uint64_t number, bool is_bound)
{
	struct drop *drop = malloc(sizeof *drop);

	if (drop == NULL)
		return -1;
	*drop = (struct drop){ .run = run, .number = number, .is_bound = is_bound };
	pthread_mutex_lock(&sync->lock);
	STAILQ_INSERT_TAIL(&sync->drops, drop, link);
	pthread_cond_signal(&sync->work);
	pthread_mutex_unlock(&sync->lock);
	return 0;
}

int
outcome_sync_then(struct outcome_sync *sync, drop_fn *run, uint64_t number)
{
	return add_drop(sync, run, number, false);
}

int
outcome_sync_then_also(struct outcome_sync *sync, drop_fn *run, uint64_t number)
{
	return add_drop(sync, run, number, true);
}

int
outcome_sync_append(struct outcome_sync *sync, int fd, const void *data, size_t len, uint64_t at)
{
	const struct disk_ops *disk = sync->spool->disk;
	struct iovec iov = { (void *)(uintptr_t)data, len };
	int error = 0;

	pthread_mutex_lock(&sync->tails);
	if (disk_write_all(disk, fd, &iov, 1, (off_t)at) < 0) {
		error = errno;
		/* Only tidiness: the next one is written over it, and loading cuts it off. */
		disk->ftruncate(fd, (off_t)at);
	}
	pthread_mutex_unlock(&sync->tails);
	errno = error;
	return error == 0 ? 0 : -1;
}

/* Write a piece over with what it holds: how much, 0 at the end, or -1 and errno. */
static ssize_t
write_over(struct outcome_sync *sync, int fd, char *piece, off_t at)
{
	ssize_t n;

	pthread_mutex_lock(&sync->tails);
	n = pread(fd, piece, PIECE, at);
	if (n > 0) {
		struct iovec iov = { piece, (size_t)n };

		if (disk_write_all(sync->spool->disk, fd, &iov, 1, at) < 0)
			n = -1;
	}
	pthread_mutex_unlock(&sync->tails);
	return n;
}

/*
 * After a failed sync the kernel may hold the pages to be clean: a second fdatasync would succeed
 * and mean nothing. Written over with what they hold they are dirty again.
 */
static int
make_dirty_again(struct outcome_sync *sync, int fd)
{
	char *piece = malloc(PIECE);
	off_t at = 0;
	ssize_t n = -1;

	while (piece != NULL && (n = write_over(sync, fd, piece, at)) > 0)
		at += n;
	free(piece);
	return n < 0 ? -1 : 0;
}

/* 0, or -1 and errno.  A file that is gone was dropped. */
static int
sync_file(struct outcome_sync *sync, const struct written *file)
{
	const struct spool *spool = sync->spool;
	char name[NAME_SIZE];
	int fd, result = 0;

	name_segment(file->number, "out", name);
	fd = spool->disk->openat(spool->log, name, O_RDWR, 0);
	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	if (file->is_suspect)
		result = make_dirty_again(sync, fd);
	if (result == 0)
		result = spool->disk->fdatasync(fd);

	int error = errno;

	close(fd);
	errno = error;
	return result;
}

/* Sync all of them: 0, or -1 when one could not be. */
static int
sync_all(struct outcome_sync *sync, const struct dirty *dirty)
{
	int error = 0;

	for (size_t i = 0; i < dirty->count; i++)
		if (sync_file(sync, &dirty->file[i]) < 0)
			error = errno;
	if (dirty->is_dir && sync->spool->disk->fsync_dir(sync->spool->log) < 0)
		error = errno;
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

		if (add(dirty, file->number, file->is_suspect) < 0)
			log_error("outcomes_not_synced", log_s("why", strerror(errno)));
	}
	dirty->is_dir |= sync->dirty.is_dir;
	free(sync->dirty.file);
	sync->dirty = *dirty;
	*dirty = (struct dirty){ .file = NULL };
	STAILQ_CONCAT(drops, &sync->drops);
	STAILQ_CONCAT(&sync->drops, drops);
}

static struct drop *
take_drop(struct drop_list *drops)
{
	struct drop *drop = STAILQ_FIRST(drops);

	if (drop != NULL)
		STAILQ_REMOVE_HEAD(drops, link);
	return drop;
}

static void
run_drops(struct outcome_sync *sync, struct drop_list *drops)
{
	struct drop *drop;

	while ((drop = take_drop(drops)) != NULL) {
		if (!drop->is_bound)
			sync->has_dropped = drop->run(sync->spool, drop->number);
		else if (sync->has_dropped)
			drop->run(sync->spool, drop->number);
		free(drop);
	}
}

/* One round, with the lock held, which it drops meanwhile.  Whether the sync worked. */
static bool
work(struct outcome_sync *sync)
{
	struct drop_list drops = STAILQ_HEAD_INITIALIZER(drops);
	struct dirty dirty = sync->dirty;

	sync->dirty = (struct dirty){ .file = NULL };
	STAILQ_CONCAT(&drops, &sync->drops);
	pthread_mutex_unlock(&sync->lock);

	bool is_synced = sync_all(sync, &dirty) == 0;

	if (is_synced)
		run_drops(sync, &drops);
	pthread_mutex_lock(&sync->lock);
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
	pthread_mutex_init(&sync->lock, NULL);
	pthread_mutex_init(&sync->tails, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&sync->work, &attr);
	pthread_condattr_destroy(&attr);
	if (thread_start(&sync->thread, run, sync) == 0)
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
outcome_sync_free(struct outcome_sync **sync)
{
	struct outcome_sync *s = *sync;
	struct drop *drop;

	if (s == NULL)
		return;
	pthread_mutex_lock(&s->lock);
	s->is_stopping = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	pthread_join(s->thread, NULL);
	while ((drop = take_drop(&s->drops)) != NULL)
		free(drop);
	pthread_mutex_destroy(&s->lock);
	pthread_mutex_destroy(&s->tails);
	pthread_cond_destroy(&s->work);
	free(s->dirty.file);
	free(s);
	*sync = NULL;
}
