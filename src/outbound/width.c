/* SPDX-License-Identifier: ISC */
/* width.c - see width.h. */
#include "outbound/width.h"

enum { CLIMB_MS = 30 * 1000 };

void
width_init(struct width *width, unsigned configured)
{
	*width = (struct width){
		.configured = configured,
		.allowed = configured,
		.cut_ms = INT64_MIN,
	};
}

unsigned
width_allowed(struct width *width, int64_t mono_ms)
{
	while (width->allowed < width->configured && mono_ms >= width->next_climb_ms) {
		width->allowed++;
		width->next_climb_ms += CLIMB_MS;
	}
	return width->allowed;
}

bool
width_cut(struct width *width, unsigned open, unsigned working, int64_t since_ms, int64_t mono_ms)
{
	unsigned before = width_allowed(width, mono_ms);
	unsigned base = open < before ? open : before;
	unsigned after = base / 2 > working ? base / 2 : working;

	if (since_ms <= width->cut_ms)
		return false;
	width->cut_ms = mono_ms;
	width->next_climb_ms = mono_ms + CLIMB_MS;
	if (after < 1)
		after = 1;
	if (after >= before)
		return false;
	width->allowed = after;
	return true;
}

bool
width_is_cut(struct width *width, int64_t mono_ms)
{
	return width_allowed(width, mono_ms) < width->configured;
}
