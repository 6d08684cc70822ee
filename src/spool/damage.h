/* SPDX-License-Identifier: ISC */
/* damage.h - what cannot be read is said once, copied to damaged/, and counted.  Only for
 * src/spool. */
#ifndef SPOOL_DAMAGE_H
#define SPOOL_DAMAGE_H

#include <stdint.h>

struct spool;

struct damage {
	uint64_t segment;
	uint32_t offset;
	uint64_t len;
	uint64_t id;      /* of the message, 0: unknown */
	const char *what; /* for people */
};

/* A region of a segment that was durable once. */
void damage_report(const struct spool *spool, int fd, const struct damage *damage);

/* A record that was cut off at the end of a segment, most likely never acknowledged: a warning and
 * a copy. */
void damage_torn(const struct spool *spool, int fd, const struct damage *damage);

/* A large content: its file (if there is one) moves to damaged/. */
void damage_large(const struct spool *spool, const struct damage *damage);

#endif
