/* SPDX-License-Identifier: ISC */
/* pace.h - a token bucket: `rate` of an upstream, a second's worth of which may come at once. Pure.
 */
#ifndef OUTBOUND_PACE_H
#define OUTBOUND_PACE_H

#include <stdint.h>

#include "base/parse.h"

struct pace {
	struct rate rate;   /* count 0: no limit */
	int64_t full_at_us; /* when the bucket will be full again */
};

/* How many milliseconds until one may be taken; 0: now. */
uint64_t pace_wait(const struct pace *pace, int64_t mono_ms);

void pace_take(struct pace *pace, int64_t mono_ms);

#endif
