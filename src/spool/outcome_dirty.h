/* SPDX-License-Identifier: ISC */
/* outcome_dirty.h - which files of outcomes are not durable, and making one so.  Only for
 * src/spool. */
#ifndef SPOOL_OUTCOME_DIRTY_H
#define SPOOL_OUTCOME_DIRTY_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool;

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

/* 0, or -1 and errno: no memory. */
int dirty_add(struct dirty *dirty, uint64_t number, bool is_suspect);

/*
 * Sync its file, one that is suspect after writing it over with what it holds; meanwhile, piece by
 * piece, the lock of the files' tails is held.  0, or -1 and errno.  A file that is gone was
 * dropped.
 */
int dirty_sync(const struct spool *spool, pthread_mutex_t *tails, const struct written *file);

#endif
