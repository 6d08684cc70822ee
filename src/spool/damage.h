/* SPDX-License-Identifier: ISC */
/* damage.h - what cannot be read is said once, copied to damaged/, and counted.  Only for
 * src/spool. */
#ifndef SPOOL_DAMAGE_H
#define SPOOL_DAMAGE_H

#include <stdbool.h>
#include <stdint.h>

struct spool;

struct damage {
	uint64_t segment;
	uint64_t offset, len; /* in the file */
	uint64_t id;          /* of the message, 0: unknown */
	const char *what;     /* for people */
	int error;            /* errno: the whole file cannot be read now, and may be sound; or 0 */
};

/* A region of a segment that was durable once.  0; -1 if it could not be copied: keep the file. */
int damage_report(const struct spool *spool, int fd, const struct damage *damage);

/* A record that was cut off at the end of a segment, most likely never acknowledged: a warning and
 * a copy. */
int damage_torn(const struct spool *spool, int fd, const struct damage *damage);

/* A segment that cannot be read at all: it is counted and stays where it is. */
void damage_unreadable(const struct spool *spool, const struct damage *damage);

/* A segment that is not there any more, though it should be: its outcomes move to damaged/ if they
 * can. */
void damage_lost_segment(const struct spool *spool, const struct damage *damage);

/* Octets of SEGMENT.out that are no outcome; is_torn: they end the file and are about to be cut, or
 * (len 0) are missing there. */
int damage_outcomes(const struct spool *spool, int fd, const struct damage *damage, bool is_torn);

/* Move a file of the directory to damaged/, under a name that is free there: 0, or -1 and errno.  A
 * missing one is no error. */
int damage_move(const struct spool *spool, int dir, const char *name);

/* A SEGMENT.out that is no file: it moves to damaged/ if it can, for in its place outcomes are to
 * be written. */
void damage_odd_outcomes(const struct spool *spool, uint64_t segment, const char *what);

/* A SEGMENT.out that was taken away. */
void damage_missing_outcomes(const struct spool *spool, uint64_t segment);

/* For who only looks: a SEGMENT.out that cannot be read, and why. */
void damage_unreadable_outcomes(const struct spool *spool, uint64_t segment, int error);

/* A file in log/ whose number no segment has: it moves to damaged/ if it can, else it stays. */
void damage_stray(const struct spool *spool, const char *name, uint64_t number);

/* A large content: its file (if there is one) moves to damaged/.  0, or -1 and errno if it could
 * not. */
int damage_large(const struct spool *spool, const struct damage *damage);

#endif
