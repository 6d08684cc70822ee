/* SPDX-License-Identifier: ISC */
/* pace.c - see pace.h: the generic cell rate algorithm, which keeps one time instead of a count. */
#include "outbound/pace.h"

enum { SECOND_US = 1000000 }; /* the depth of the bucket in time, or one message if that is more */

static int64_t
interval_us(const struct pace *pace)
{
	return (int64_t)pace->rate.per_ms * 1000 / pace->rate.count;
}

/* When the bucket will be full again after one more was taken. */
static int64_t
full_after(const struct pace *pace, int64_t now_us)
{
	return (pace->full_at_us > now_us ? pace->full_at_us : now_us) + interval_us(pace);
}

uint64_t
pace_wait(const struct pace *pace, int64_t mono_ms)
{
	if (pace->rate.count == 0)
		return 0;

	int64_t interval = interval_us(pace);
	int64_t depth = interval < SECOND_US ? SECOND_US : interval;
	int64_t over = full_after(pace, mono_ms * 1000) - mono_ms * 1000 - depth;

	return over > 0 ? (uint64_t)over / 1000 + 1 : 0;
}

void
pace_take(struct pace *pace, int64_t mono_ms)
{
	if (pace->rate.count > 0)
		pace->full_at_us = full_after(pace, mono_ms * 1000);
}
