/* SPDX-License-Identifier: ISC */
/* trouble.h - a disk that refuses is told once, and once when it takes again; by any thread of a
 * writer. Only for src/spool. */
#ifndef SPOOL_TROUBLE_H
#define SPOOL_TROUBLE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct trouble {
	pthread_mutex_t lock; /* guards what follows */
	bool is_on;
	int64_t failed_ms; /* monotonic: when something was last lost */
};

void trouble_init(struct trouble *trouble);
void trouble_destroy(struct trouble *trouble);

/*
 * Something was kept (error 0) or lost, in this segment, or in large/ (0).  The log gets one line
 * when trouble begins and one when it has ended, however many messages it meets.  On a disk that is
 * nearly full small groups still succeed between large ones that fail: that is one trouble.
 */
void trouble_note(struct trouble *trouble, uint64_t segment, int error);

#endif
