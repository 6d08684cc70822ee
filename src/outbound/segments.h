/* SPDX-License-Identifier: ISC */
/*
 * segments.h - how much of the disk each segment takes, with its outcomes, and how much of that is
 * still needed.  When the writer of a segment is gone and none of its messages is left, it is
 * dropped; when too much of the disk is taken in vain, the emptiest ones are chosen to be emptied.
 * Pure bookkeeping: what to do about it is the caller's.
 */
#ifndef OUTBOUND_SEGMENTS_H
#define OUTBOUND_SEGMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segments;

/* In octets. */
struct segments_sum {
	uint64_t used; /* of the disk */
	uint64_t live; /* records of messages that are not done */
};

struct segments *segments_new(void);
void segments_free(struct segments **segments);

/* A segment came into view; false when out of memory. */
bool segments_enter(struct segments *segments, uint64_t number);

/* One of which nothing is in the queue, for its outcomes cannot be read. */
struct segments_unread {
	uint64_t number;
	uint32_t messages; /* in it, of which some are done */
	int error;         /* errno */
};

/* It is such a one; or, with an error of 0, no more. */
void segments_set_unread(struct segments *segments, const struct segments_unread *unread);

/* The next of them above `number`, and its error; false: there is none. */
bool segments_next_unread(
    const struct segments *segments, uint64_t number, struct segments_unread *unread);

/* It takes so much of the disk; or so much more. */
void segments_set_used(struct segments *segments, uint64_t number, uint64_t bytes);
void segments_add_used(struct segments *segments, uint64_t number, uint64_t bytes);

/* A message of that many bytes in the segment waits; or does so no more. */
void segments_ref(struct segments *segments, uint64_t number, uint32_t bytes);
void segments_unref(struct segments *segments, uint64_t number, uint32_t bytes);

/* Its writer is gone: it was read to the end. */
void segments_seal(struct segments *segments, uint64_t number);

/* Sealed and not needed: true, and the segment is forgotten. */
bool segments_take_finished(struct segments *segments, uint64_t number);

/* The next one above `number` that has a writer (or is not read yet); 0: there is none. */
uint64_t segments_next_open(const struct segments *segments, uint64_t number);

/* Of this one, or of all. */
struct segments_sum segments_one(const struct segments *segments, uint64_t number);
struct segments_sum segments_sum(const struct segments *segments);

size_t segments_count(const struct segments *segments);

/* How many have ever been taken as finished. */
uint64_t segments_finished(const struct segments *segments);

/*
 * While the sealed segments take more than half as much again as is live in them, and `slack`
 * octets: choose the emptiest, which frees more than it makes to be written.  Ends with as many as
 * one walk over the queue should serve.  Those that rest (see below) neither count nor are chosen.
 * How many are chosen now.
 */
size_t segments_choose(struct segments *segments, uint64_t slack, int64_t now_ms);

bool segments_is_chosen(const struct segments *segments, uint64_t number);

/* How many that were chosen are still there. */
size_t segments_count_chosen(const struct segments *segments);

/* None is chosen any more; what could not be emptied rests until then. */
void segments_rest(struct segments *segments, int64_t until_ms);

#endif
