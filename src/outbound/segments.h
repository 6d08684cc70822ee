/* SPDX-License-Identifier: ISC */
/*
 * segments.h - how much of each segment is still needed.  When the writer of a segment is gone and
 * none of its messages is left, it is dropped.  Pure bookkeeping: what to do about it is the
 * caller's.
 */
#ifndef OUTBOUND_SEGMENTS_H
#define OUTBOUND_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segments;

struct segments *segments_new(void);
void segments_free(struct segments **segments);

/* A segment came into view; false when out of memory. */
bool segments_enter(struct segments *segments, uint64_t number);

/* A message of that many bytes in the segment waits; or does so no more. */
void segments_ref(struct segments *segments, uint64_t number, uint32_t bytes);
void segments_unref(struct segments *segments, uint64_t number, uint32_t bytes);

/* Its writer is gone: it was read to the end at size bytes. */
void segments_seal(struct segments *segments, uint64_t number, uint32_t size);

/* Sealed and not needed: true, and the segment is forgotten. */
bool segments_take_finished(struct segments *segments, uint64_t number);

/* Sealed, and less than a quarter of it is needed: worth copying the rest forward. */
bool segments_is_sparse(const struct segments *segments, uint64_t number);

size_t segments_count(const struct segments *segments);

#endif
