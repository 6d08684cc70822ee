/* SPDX-License-Identifier: ISC */
/*
 * inspect.h - look over a whole spool that no postern uses (spool_lock_idle()), and set damaged
 * segments aside.  Looking changes nothing: spool->on_finding must be set and is told what is not
 * sound.
 */
#ifndef SPOOL_INSPECT_H
#define SPOOL_INSPECT_H

#include <stddef.h>
#include <stdint.h>

#include "spool/reader.h"

struct outcome;
struct spool;

struct spool_inspect_events {
	/* In the order of the log; a segment's outcomes come before its messages. */
	void (*on_segment)(void *ctx, uint64_t segment);
	void (*on_outcome)(void *ctx, uint64_t segment, const struct outcome *outcome);
	/* Takes the envelope.  The content was not looked at: spool_read_content(). */
	void (*on_message)(void *ctx, struct spool_record *record);
	void (*on_large)(void *ctx, uint64_t id); /* a complete file in large/; they come last */
};

/* 0; -1 and errno when something could not be read at all. */
int spool_inspect(struct spool *spool, const struct spool_inspect_events *events, void *ctx);

/*
 * Write what can be read of a content to a file, damaged or not: 0, or -1 and errno.  EBADMSG:
 * there is no sound head at this place.
 */
int spool_salvage(struct spool *spool, const struct spool_place *place, int to);

/*
 * Write the sound records at these offsets (ascending) of a segment, with their outcomes, to a new
 * segment `number`, which is then durable, and move the old one with its outcomes to damaged/. With
 * no offsets it is only moved.  A crash at any point leaves each record in one of them at least;
 * one that is in both is one message.  0, or -1 and errno.
 */
int spool_rewrite(
    struct spool *spool, uint64_t segment, uint64_t number, const uint32_t *offset, size_t count);

/* Move ID.msg to damaged/: 0, or -1 and errno; a missing one is no error. */
int spool_set_large_aside(struct spool *spool, uint64_t id);

#endif
