/* SPDX-License-Identifier: ISC */
/*
 * last_reply.h - the words of a message's last deferral, read from SEGMENT.out: for replies that
 * are too many to be kept in memory.
 */
#ifndef SPOOL_LAST_REPLY_H
#define SPOOL_LAST_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "spool/outcome.h"
#include "spool/writer.h"

struct last_replies;
struct spool;

/* NULL: out of memory. */
struct last_replies *last_replies_new(const struct spool *spool);
void last_replies_free(struct last_replies **replies);

/*
 * Of the record at this place: false when it was not deferred there, or that cannot be read now.
 * The first of a segment reads all its outcomes; then where each reply lies is known, which takes 8
 * octets a message in up to LAST_REPLY_SEGMENTS segments, and only new outcomes are read.
 */
enum { LAST_REPLY_SEGMENTS = 16 };
bool last_reply_read(
    struct last_replies *replies, const struct spool_place *place, char out[OUTCOME_REPLY_MAX + 1]);

#endif
