/* SPDX-License-Identifier: ISC */
/*
 * pace.h - how fast an upstream is given messages: a token bucket that holds a second's worth, or
 * one message if that is more.  Of a rate for an hour or a day it holds a tenth beside that one,
 * and is filled with the rest, so that a few messages after a quiet while do not wait for minutes,
 * and no hour or day sees more than its count.  The rate is the configured one, if any; it halves
 * when the upstream says that it is too much, and climbs back by and by.  Pure; times are monotonic
 * milliseconds.
 */
#ifndef OUTBOUND_PACE_H
#define OUTBOUND_PACE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/parse.h"

struct pace {
	double burst;            /* messages beside the first that may go at once */
	double steady;           /* the share of the rate that fills the bucket */
	double configured_per_s; /* messages; 0: no limit */
	double per_s;            /* now; 0: no limit */
	double top_per_s;        /* what it climbs to */
	int64_t full_at_us;      /* when the bucket will be full again */
	int64_t cut_ms;          /* when it was last halved */
	int64_t next_climb_ms;
};

void pace_init(struct pace *pace, const struct rate *rate);

/* How many milliseconds until one may be taken; 0: now. */
uint64_t pace_wait(struct pace *pace, int64_t mono_ms);

void pace_take(struct pace *pace, int64_t mono_ms);

/*
 * The upstream refused what was begun at since_ms as too much, while recent_per_s got through:
 * halve the rate, once for all that was begun before.  True when it was halved.
 */
bool pace_cut(struct pace *pace, double recent_per_s, int64_t since_ms, int64_t mono_ms);

/* Whether it is below what was configured, because of a cut. */
bool pace_is_cut(struct pace *pace, int64_t mono_ms);

#endif
