/* SPDX-License-Identifier: ISC */
/* served.c - see served.h. */
#include "outbound/served.h"

#include <stddef.h>

void
served_init(struct served *served, int64_t mono_ms)
{
	for (size_t i = 0; i < ROUTES_MAX; i++)
		served->last_ms[i] = mono_ms;
}

void
served_note(struct served *served, const struct route_set *ways, int64_t mono_ms)
{
	for (size_t i = route_set_next(ways, 0); i < ROUTES_MAX; i = route_set_next(ways, i + 1))
		served->last_ms[i] = mono_ms;
}

struct route_set
served_ways(const struct served *served, int64_t mono_ms)
{
	struct route_set ways = { { 0 } };

	for (size_t i = 0; i < ROUTES_MAX; i++)
		if (mono_ms - served->last_ms[i] < SERVED_MS)
			route_set_add(&ways, i);
	return ways;
}
