/* SPDX-License-Identifier: ISC */
/* segment.h - the segment that a writer is writing.  Used by its segment thread alone.  Only for
 * src/spool. */
#ifndef SPOOL_SEGMENT_H
#define SPOOL_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

struct spool;

struct segment {
	const struct spool *spool;
	int slot; /* on the board */
	int fd;   /* -1: none is open */
	uint64_t number;
	uint32_t end;     /* durable up to here; the next record goes here */
	uint64_t written; /* up to here the blocks had been written before */
	bool is_lean; /* the file grows as it is written: it takes no more of the disk than it holds
		       */
};

/* Open the next segment: a recycled one if there is any.  0, or -1 and errno; then none is open. */
int segment_start(struct segment *segment);

/* Octets of records that fit in. */
uint32_t segment_room(const struct segment *segment);

/*
 * Write len octets of records at `end`, make them durable and publish them: 0.  On -1 and errno
 * nothing of them is left to be read, and the segment is given up: none is open.  iov has room for
 * one more.
 */
int segment_append(struct segment *segment, struct iovec *iov, int count, uint32_t len);

/* Seal and close; nothing happens if none is open.  -1 and errno if the seal could not be written:
 * it is closed all the same. */
int segment_finish(struct segment *segment);

#endif
