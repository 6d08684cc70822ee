/* SPDX-License-Identifier: ISC */
/*
 * width.h - how many connections an upstream gets at a time: as configured; half as many when it
 * says that they are too many, and one more by and by.  Pure; times are monotonic milliseconds.
 */
#ifndef OUTBOUND_WIDTH_H
#define OUTBOUND_WIDTH_H

#include <stdbool.h>
#include <stdint.h>

struct width {
	unsigned configured, allowed;
	int64_t cut_ms, next_climb_ms;
};

void width_init(struct width *width, unsigned configured);

unsigned width_allowed(struct width *width, int64_t mono_ms);

/*
 * The upstream refused one that was begun at since_ms, while `open` were open and `working` of them
 * were let in: halve, but not below what works, once for all that were begun before.  True when
 * fewer are allowed now.
 */
bool
width_cut(struct width *width, unsigned open, unsigned working, int64_t since_ms, int64_t mono_ms);

bool width_is_cut(struct width *width, int64_t mono_ms);

#endif
