/* SPDX-License-Identifier: ISC */
/* backoff.h - how long to wait before a worker that died is started again.  Pure. */
#ifndef DAEMON_BACKOFF_H
#define DAEMON_BACKOFF_H

#include <stdint.h>

enum {
	BACKOFF_MIN_MS = 100,
	BACKOFF_MAX_MS = 30 * 1000,
	BACKOFF_HEALTHY_MS = 60 * 1000, /* one that lived so long begins anew */
};

/* All zero to begin with. */
struct backoff {
	uint64_t last_ms;
};

/* The wait after a life of lived_ms: BACKOFF_MIN_MS, doubling to BACKOFF_MAX_MS. */
uint64_t backoff_next(struct backoff *backoff, uint64_t lived_ms);

#endif
