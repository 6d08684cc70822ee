/* SPDX-License-Identifier: ISC */
/*
 * served.h - which ways (detour.h) had an upstream that was up of late: one that fails for a moment
 * leaves no message without.  Pure: times are arguments, monotonic, in milliseconds.
 */
#ifndef OUTBOUND_SERVED_H
#define OUTBOUND_SERVED_H

#include <stdint.h>

#include "queue/plan.h"

enum { SERVED_MS = 5 * 60 * 1000 }; /* for networks, resolvers and upstreams to come back */

struct served {
	int64_t last_ms[ROUTES_MAX];
};

/* All ways count as served now. */
void served_init(struct served *served, int64_t mono_ms);

/* These are. */
void served_note(struct served *served, const struct route_set *ways, int64_t mono_ms);

/* Those that were within SERVED_MS. */
struct route_set served_ways(const struct served *served, int64_t mono_ms);

#endif
