/* SPDX-License-Identifier: ISC */
/*
 * spool.h - the spool's directory:
 *
 *   - lock: held by the postern that uses the spool, whose pid it names;
 *   - log/N.seg, N of 16 hex digits: a segment, records of messages; it has one writer in its life;
 *   - log/N.out: the outcomes of that segment's messages; only outbound writes it;
 *   - log/N.spare: a segment whose messages are all done, to be recycled;
 *   - large/ID.PID.part, large/ID.msg: a large content (writer.h), being received and complete;
 *   - names: the last addresses of the upstreams (net/names.h);
 *   - damaged/: what could not be read, set aside and never deleted by postern.
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/disk.h"

struct board;
struct counters;

enum {
	SPOOL_INLINE_SURE = 64 * 1024,          /* content up to this is always inline */
	SPOOL_INLINE_MAX = 256 * 1024,          /* content above this goes to large/ */
	SPOOL_INLINE_BUDGET = 32 * 1024 * 1024, /* what is between, of all messages of a writer */
	SPOOL_SEGMENT_SIZE = 60 * 1024 * 1024, /* preallocated; a record never spans two segments */
	SPOOL_SEGMENT_SHARE = 15, /* with its outcomes it counts as a 15th more: 64 MiB */
	SPOOL_SPARE_MAX = 4,      /* segments kept for recycling, if they fit (board.h) */
};

/* What is not sound, told to whoever only looks. */
struct spool_finding {
	const char *file; /* in the spool, "log/000000000000002a.seg"; valid during the call */
	uint64_t segment;
	uint64_t offset, len; /* in the file; of a large content: the place of its record */
	uint64_t id;          /* of the message, 0: unknown */
	const char *what;     /* for people */
	bool is_torn;         /* an end that was most likely never acknowledged: no damage */
	int error;            /* errno: the file cannot be opened or read now, and may be sound */
};

/* The open directories; every process opens its own after the fork. */
struct spool {
	const struct disk_ops *disk;
	struct board *board;
	struct counters *counters; /* may be NULL; spool_reader_new() sets it */
	uint64_t segment_size;     /* SPOOL_SEGMENT_SIZE, but for tests */
	uint64_t inline_budget;    /* SPOOL_INLINE_BUDGET, but for tests */
	/* In this life something could not be read or set aside.  A large content that no message
	 * knows may belong to what was there. */
	bool is_unread;
	/* If set, findings go there, and reading writes nothing: no log, no copy, no cut. */
	void (*on_finding)(void *ctx, const struct spool_finding *finding);
	void *finding_ctx;
	int dir, log, large, damaged;
};

/*
 * For the master: make what is missing of the directory (mode 0700, owned by uid:gid; as root give
 * back what is missing of that), refuse a directory of something else or another instance
 * (EWOULDBLOCK; EBUSY when only workers of a dead master are left, which soon end), and hold the
 * lock until the descriptor it returns is closed or the process ends.  *why is a text for people,
 * valid until the next call. Children inherit it and so keep the spool locked, which is meant: a
 * spool with a living worker is in use.
 */
int spool_lock(const char *path, unsigned uid, unsigned gid, const char **why);

/*
 * For a tool that looks into a spool which no postern uses: hold the lock without making or writing
 * anything.  As spool_lock().  Without a lock file, as in a copy, the directory itself is locked.
 */
int spool_lock_idle(const char *path, const char **why);

/* Open for use in this process, with the real disk and counters unset. board is shared memory. NULL
 * and errno on failure. */
struct spool *spool_open(const char *path, struct board *board);

/*
 * For a tool, after spool_lock_idle(): of a copied or salvaged spool a directory may be missing,
 * which `missing` is told, and which counts as empty.
 */
struct spool *spool_open_found(
    const char *path, struct board *board, void (*missing)(const char *path, const char *name));

void spool_close(struct spool **spool);

/* The octets of disk that a segment and its outcomes take now, as the file system counts them. */
uint64_t spool_segment_use(const struct spool *spool, uint64_t segment);

/*
 * The highest number of any file in log/, 0 if there is none: the master starts the board at the
 * one after it. No number is used again while a file bears it, so that no stale record or outcome
 * is taken for a new one.  A number that would leave none is a stray file's, and does not count.
 * 0, or -1 and errno: then nothing may be started.
 */
int spool_last_segment(const char *path, uint64_t *last);

#endif
