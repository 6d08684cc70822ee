/* SPDX-License-Identifier: ISC */
/*
 * tail.h - one segment being read: how far it may be read, and its records one after the other.
 * Only for src/spool.
 */
#ifndef SPOOL_TAIL_H
#define SPOOL_TAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/record.h"

/* No segment is larger. */
enum { TAIL_SIZE_MAX = 1 << 30 };

struct segment_frame;
struct spool;
struct spool_record;
struct window;

struct tail {
	uint64_t number;
	int fd;           /* -1: not opened yet */
	uint32_t offset;  /* of the next record */
	uint32_t limit;   /* it may be read up to here */
	uint32_t ahead;   /* how much to read at once */
	uint32_t durable; /* below this, what is not sound is damage; above, it is a torn end */
	uint32_t reach;   /* the highest place that outcomes name, 0: none */
	uint32_t last;    /* the last sound head that a survey has found, 0: none */
	uint32_t heads;   /* so many it has found */
	bool is_cut_off;  /* the file ends before that record does */
	bool is_ended;    /* no writer any more: limit is final */
	bool is_verified; /* contents are checked too, for some may never have been synced */
	unsigned
	    unreadable;   /* so often the disk refused to read or to set aside: the file is kept */
	int64_t retry_ms; /* not before then, in monotonic time, is it tried again */
	int wait_ms;      /* that was so long after the last try */
};

enum tail_next {
	TAIL_RECORD,
	TAIL_DRY,   /* nothing more for now */
	TAIL_END,   /* nothing more ever */
	TAIL_GONE,  /* there is no such segment */
	TAIL_STUCK, /* nothing for now: it cannot be opened, or its outcomes not be read */
	TAIL_ERROR, /* errno */
};

/* 0, or -1 and errno. */
typedef int tail_open_fn(void *ctx, uint64_t number, uint32_t *reach);

/*
 * The first step opens the file: on_open is called then, before any record, and gives the highest
 * place that outcomes name; when it fails it is called again, ever less often, and so is what
 * cannot be opened.  What is no file is reported and as good as gone. `window` is scratch memory
 * that several tails may share.
 */
enum tail_next tail_next(struct tail *tail, const struct spool *spool, struct window *window,
    tail_open_fn *on_open, void *ctx, struct spool_record *out);

void tail_close(struct tail *tail);

/* What could not be set aside has its only copy in the file. */
void tail_keep_if(struct tail *tail, bool is_only_copy);

/* Nobody writes it any more: find out where it ends.  0, or -1 and errno. */
int tail_find_end(struct tail *tail, const struct spool *spool, struct window *window);

/*
 * Find out how far a segment without a seal goes: sets limit to the end of the last record whose
 * head is sound, last and is_cut_off to what that one is like, and durable to what those heads say.
 * 0, or -1 and errno.
 */
int tail_survey(struct tail *tail, struct window *window, uint32_t size);

/* After a survey: whether the file, of this size, ends as it should.  What is missing is reported.
 */
void tail_check_end(struct tail *tail, const struct spool *spool, struct window *window,
    const struct segment_frame *frame, uint32_t size);

/*
 * The first offset from `from` on at which a sound head stands, or limit if there is none.  0, or
 * -1 and errno.
 */
int
tail_find(struct tail *tail, struct window *window, uint32_t from, uint32_t limit, uint32_t *found);

#endif
