/* SPDX-License-Identifier: ISC */
/* gather.c - when what waits to be committed becomes a group; see gather.h. */
#include "spool/gather.h"

unsigned
gather_begin(struct gather *gather)
{
	gather->expected++;
	return gather->epoch;
}

void
gather_end(struct gather *gather, unsigned epoch)
{
	if (epoch == gather->epoch)
		gather->expected--;
}

void
gather_add(struct gather *gather, unsigned count, int64_t now_us)
{
	if (gather->waiting == 0)
		gather->since_us = now_us;
	gather->waiting += count;
}

bool
gather_is_ready(const struct gather *gather)
{
	return gather->waiting > 0 && (gather->skip > 0 || gather->waiting >= gather->expected);
}

int64_t
gather_hold(struct gather *gather, int64_t now_us)
{
	int64_t left = gather->since_us + GATHER_WAIT_US - now_us;

	if (left <= 0 || gather_is_ready(gather))
		return 0;
	gather->is_held = true;
	return left;
}

/* Who was expected and did not come in time is late, and may be for long. */
static void
give_up_waiting(struct gather *gather)
{
	gather->expected = 0;
	gather->epoch++;
	gather->penalty = gather->penalty == 0 ? 1 : gather->penalty * 2;
	if (gather->penalty > GATHER_SKIP_MAX)
		gather->penalty = GATHER_SKIP_MAX;
	gather->skip = gather->penalty;
}

void
gather_take(struct gather *gather)
{
	if (gather->skip > 0)
		gather->skip--;
	else if (gather->is_held && !gather_is_ready(gather))
		give_up_waiting(gather);
	else if (gather->is_held)
		gather->penalty = 0;
	gather->is_held = false;
	gather->waiting = 0;
}
