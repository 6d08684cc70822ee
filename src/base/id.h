/* SPDX-License-Identifier: ISC */
/*
 * id.h - message ids: 64 bits, sortable by time, unique on one spool.
 * The top 44 bits are milliseconds since the epoch, then 4 bits name the writer that made it, then
 * 16 bits count within the millisecond, from a random number on: a machine that was started with
 * the time of an earlier day must not make the ids of that day again.  Operators see them as 13
 * characters of Crockford's base32.
 */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdint.h>

enum { ID_TEXT_LEN = 13, ID_TEXT_SIZE = ID_TEXT_LEN + 1, ID_TAG_MAX = 15 };

struct id_source {
	uint64_t last;
	unsigned tag;   /* 0..ID_TAG_MAX: the writer's slot */
	uint16_t first; /* count of a millisecond */
};

void id_source_init(struct id_source *source, unsigned tag);

/* The next id: greater than every earlier one of this source, even when the clock steps back. */
uint64_t id_next(struct id_source *source, int64_t real_ms);

void id_format(uint64_t id, char out[ID_TEXT_SIZE]);

/* Read a text of exactly ID_TEXT_LEN characters, in either case; -1 if it is not an id. */
int id_parse(const char *text, uint64_t *out);

/* When the id was made, in milliseconds since the epoch. */
int64_t id_time_ms(uint64_t id);

/* How long ago that was; 0 when the clock is behind: it was set back, or a burst of ids is ahead.
 */
uint64_t id_age_ms(uint64_t id, int64_t now_ms);

#endif
