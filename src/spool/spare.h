/* SPDX-License-Identifier: ISC */
/*
 * spare.h - making a spare segment: a file whose every block has been written, so that commits over
 * it cost no metadata. One step at a time, so that the thread that does it stays at hand.  Only for
 * src/spool.
 */
#ifndef SPOOL_SPARE_H
#define SPOOL_SPARE_H

#include <stdbool.h>
#include <stdint.h>

struct spool;

struct spare {
	const struct spool *spool;
	int fd; /* -1: none is being made */
	uint64_t written;
};

/* Begin, unless a spare is there already, or none is allowed (board.h), or space is short. Whether
 * there is something to do. */
bool spare_begin(struct spare *spare);

/* Write and sync a piece, or give the finished file its name.  Whether there is more to do. */
bool spare_step(struct spare *spare);

/* Drop what is half made. */
void spare_cancel(struct spare *spare);

/* How many are in log/. */
unsigned spare_count(const struct spool *spool);

/* Remove spares until there are no more than so many. */
bool spare_trim(const struct spool *spool, uint64_t max);

/* Remove .part and .prep files of processes that are gone. */
void spare_sweep_unfinished(const struct spool *spool, int dir);

#endif
