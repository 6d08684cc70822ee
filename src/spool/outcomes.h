/* SPDX-License-Identifier: ISC */
/* outcomes.h - the inside of struct spool_outcomes, and an outcome's form on disk.  Only for
 * src/spool. */
#ifndef SPOOL_OUTCOMES_H
#define SPOOL_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "spool/outcome.h"

struct disk_ops;

enum {
	OUTCOME_HEAD = 32,
	OUTCOME_SIZE_MAX = OUTCOME_HEAD + OUTCOME_REPLY_MAX,
	OUTCOME_MARK = 16,  /* less than any outcome takes */
	OUTCOME_FILES = 64, /* kept open */
};

/* Write the outcome's bytes, which are bound to the segment's number: how many. */
size_t outcome_encode(
    uint64_t segment, const struct outcome *outcome, unsigned char out[OUTCOME_SIZE_MAX]);

/*
 * A mark is where SEGMENT.out begins, and where it ends: the next outcome is written over the last
 * one, with its own mark behind it.  So one that ends with an outcome was cut.  A mark is bound to
 * its segment and its place.
 */
void outcome_mark_encode(uint64_t segment, uint64_t at, unsigned char out[OUTCOME_MARK]);
bool outcome_mark_is_sound(uint64_t segment, uint64_t at, const unsigned char *in, size_t len);

/*
 * The outcome at in: how many bytes it takes, or 0 if there is none.  reply is copied to where
 * out->reply shall point.
 */
size_t outcome_decode(uint64_t segment, const unsigned char *in, size_t len, struct outcome *out,
    char reply[OUTCOME_REPLY_MAX + 1]);

/* spool_outcomes_load() without the rest. */
int outcomes_read(const struct spool *spool, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx);

/*
 * The outcomes of a segment and the name of their file are durable: have the segment remember it.
 * outcomes_were_there(): it does.  Of segments of older posterns, and where it could not be
 * written, nobody knows.
 */
void outcomes_stamp(const struct spool *spool, uint64_t segment);
bool outcomes_were_there(const struct spool *spool, uint64_t segment);

/* How an open SEGMENT.out ends. */
struct outcome_end {
	uint64_t sound;  /* here the last outcome or mark ends */
	uint64_t size;   /* here all ends */
	bool has_marks;  /* older files have none */
	bool is_at_mark; /* a mark is the last of what is sound */
};

/* Pass on every sound outcome of an open SEGMENT.out, and tell what else stands between them: 0, or
 * -1 and errno. */
int outcomes_scan(const struct spool *spool, int fd, uint64_t segment, struct outcome_end *end,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx);

/*
 * Pass on the sound outcomes of an open SEGMENT.out from *at on, and where each lies; *at becomes
 * the end of the last one.  What is not sound is passed over: outcomes_read() has told it.  0, or
 * -1 and errno.
 */
int outcomes_follow(const struct disk_ops *disk, int fd, uint64_t segment, uint64_t *at,
    void (*fn)(void *ctx, uint64_t at, const struct outcome *outcome), void *ctx);

struct outcome_file {
	uint64_t segment;
	int fd;       /* -1: unused */
	uint64_t end; /* of its last outcome */
	uint64_t used;
};

struct kept;
struct outcome_sync;

struct spool_outcomes {
	struct spool *spool;
	struct outcome_sync *sync;
	bool is_ending; /* the thread has ended */
	uint64_t uses;
	struct outcome_file file[OUTCOME_FILES];

	/* Of outcome_keep.c: what waits to be written, oldest first. */
	TAILQ_HEAD(, kept) kept;
	size_t nkept;             /* outcomes among them */
	int trouble;              /* errno of the last refusal; 0: there is none */
	uint64_t ever_kept, lost; /* since the trouble began */
};

/* Write it at the end of SEGMENT.out: 0, or -1 and errno. */
int
outcome_append(struct spool_outcomes *outcomes, uint64_t segment, const struct outcome *outcome);

/* SEGMENT.out is about to go. */
void outcome_close(struct spool_outcomes *outcomes, uint64_t segment);

/* The thread has ended: forget what is kept, and say so if that matters. */
void outcome_keep_end(struct spool_outcomes *outcomes);

/* The thread that syncs and drops (outcome_sync.c). */
struct outcome_sync *outcome_sync_new(const struct spool *spool);

/* Sync all, finish the drops as far as that works, end the thread. */
void outcome_sync_finish(struct outcome_sync *sync);
void outcome_sync_free(struct outcome_sync **sync);

/*
 * Write this at the end of a .out: 0, or -1 and errno, and it ends there as before.  Not while the
 * thread writes the file over with what it holds, after a sync that failed.
 */
int outcome_sync_append(
    struct outcome_sync *sync, const struct outcome_file *file, const void *data, size_t len);

/* The names in log/ are to be synced with the next outcomes. */
void outcome_sync_name(struct outcome_sync *sync);

/*
 * SEGMENT.out was appended to; is_suspect: by an earlier process, and nobody knows what became of
 * its syncs.  -1 and errno: no memory.
 */
int outcome_sync_dirty(struct outcome_sync *sync, uint64_t segment, bool is_suspect);

/* Runs on the thread: whether what is to go is gone for good. */
typedef bool drop_fn(const struct spool *spool, uint64_t number);

/* Do this when everything that is dirty now has been synced.  -1 and errno: no memory. */
int outcome_sync_then(struct outcome_sync *sync, drop_fn *drop, uint64_t number);

/* A segment that was dropped since the last call: false when there is none. */
bool outcome_sync_take_gone(struct outcome_sync *sync, uint64_t *segment);

/* Drops (recycle.c). */
drop_fn recycle_segment, recycle_large;

/* Remove outcomes of segments that are gone (orphan.c); those of one that was lost are damage.  For
 * who only looks: tell that. */
void orphans_clear(const struct spool *spool);

#endif
