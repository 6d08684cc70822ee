/* SPDX-License-Identifier: ISC */
/*
 * meter.h - how many messages got through of late: counts by second, for a minute.  Pure; times are
 * monotonic milliseconds.
 */
#ifndef OUTBOUND_METER_H
#define OUTBOUND_METER_H

#include <stdint.h>

enum { METER_SECONDS = 64 };

struct meter {
	uint32_t count[METER_SECONDS];
	int64_t second; /* the latest that was counted */
};

void meter_add(struct meter *meter, int64_t mono_ms);

/* Messages a second within the last window_s (up to a minute), from the first of them on; 0: there
 * were none. */
double meter_per_s(const struct meter *meter, int64_t window_s, int64_t mono_ms);

#endif
