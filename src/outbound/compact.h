/* SPDX-License-Identifier: ISC */
/*
 * compact.h - keep the log within bounds of the disk: at most twice what is live, and two segments.
 *
 * Segments that are mostly done are emptied by copying forward what waits in them, at
 * COMPACT_RATE; our own writer is told to leave a segment that holds little any more; and there are
 * no more spares than fit in.
 */
#ifndef OUTBOUND_COMPACT_H
#define OUTBOUND_COMPACT_H

#include <stdbool.h>

struct compact;
struct event_base;
struct feed;
struct forward;
struct queue;
struct segments;
struct spool;
struct spool_outcomes;
struct spool_writer;

/* Octets of records copied in a second. */
enum { COMPACT_RATE = 16 * 1024 * 1024 };

struct compact_context {
	struct event_base *base;
	const struct feed *feed; /* before it has recovered nothing is done */
	struct queue *queue;
	struct segments *segments;
	struct spool *spool;
	struct spool_outcomes *outcomes;
	struct spool_writer *writer; /* of the copies */
	struct forward *forward;
};

/* Begins at once; NULL: out of memory. */
struct compact *compact_new(const struct compact_context *context);
void compact_free(struct compact **compact);

/* A copy has ended: others may begin. */
void compact_go_on(struct compact *compact);

/* Begin no copy until as many have resumed as have paused. */
void compact_pause(struct compact *compact);
void compact_resume(struct compact *compact);

/* One turn, as it comes by itself once a second and more often while there is something to do:
 * whether that is so. */
bool compact_turn(struct compact *compact);

#endif
