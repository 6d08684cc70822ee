/* SPDX-License-Identifier: ISC */
/*
 * sizes.h - the largest thing that each of a few named parties takes, in shared memory: whoever
 * learns it tells it, and the other processes look it up.  What was told is forgotten after a day,
 * so that a limit that was raised is found out.
 */
#ifndef BASE_SIZES_H
#define BASE_SIZES_H

#include <stdatomic.h>
#include <stdint.h>

enum { SIZES_MAX = 64 }; /* parties; of more than these nothing is known */

#define SIZES_AGE_MS (24 * 3600 * (int64_t)1000)

/* All zeros to begin with. */
struct sizes {
	struct {
		_Atomic uint64_t party; /* a hash of its names; 0: free */
		_Atomic uint64_t size;
		_Atomic int64_t told_ms;
	} slot[SIZES_MAX];
};

/* A party is named by two words.  One process tells at a time.  size 0: there is no limit.  Times
 * are monotonic. */
void
sizes_tell(struct sizes *sizes, const char *name, const char *host, uint64_t size, int64_t mono_ms);

/* What was told; 0: no limit is known. */
uint64_t sizes_look(const struct sizes *sizes, const char *name, const char *host, int64_t mono_ms);

#endif
