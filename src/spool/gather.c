/* SPDX-License-Identifier: ISC */
/* gather.c - when what waits to be committed becomes a group; see gather.h. */
#include "spool/gather.h"

static void
note_crowd(struct gather *gather)
{
	unsigned seen = gather->taken + gather->waiting + gather->expected;

	if (gather->crowd < seen)
		gather->crowd = seen;
}

/* An eighth of it leaves with each group. */
static void
forget_crowd(struct gather *gather)
{
	gather->crowd -= (gather->crowd + 7) / 8;
	note_crowd(gather);
}

static bool
is_crowded(const struct gather *gather)
{
	return gather->crowd >= GATHER_CROWD_MIN;
}

/* So many are worth waiting for. */
static unsigned
wanted(const struct gather *gather)
{
	unsigned half = is_crowded(gather) ? gather->crowd / 2 : 0;

	return gather->expected > half ? gather->expected : half;
}

/* What a wait may take for each message that comes meanwhile. */
static int64_t
worth_us(const struct gather *gather)
{
	return is_crowded(gather) && gather->cost_us < GATHER_WORTH_US ? GATHER_WORTH_US
								       : gather->cost_us;
}

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
	note_crowd(gather);
}

bool
gather_is_ready(const struct gather *gather)
{
	return gather->waiting > 0 && (gather->skip > 0 || gather->waiting >= wanted(gather));
}

int64_t
gather_hold(struct gather *gather, int64_t now_us)
{
	int64_t left = gather->since_us + gather->wait_us - now_us;

	if (left <= 0 || gather_is_ready(gather))
		return 0;
	if (!gather->is_held) {
		gather->is_held = true;
		gather->held_us = now_us;
		gather->held = gather->waiting;
	}
	return left;
}

static void
judge(struct gather *gather, int64_t now_us)
{
	int64_t came = gather->waiting - gather->held;

	if (now_us - gather->held_us <= came * worth_us(gather)) {
		gather->penalty /= 2;
		return;
	}
	gather->penalty = gather->penalty == 0 ? 1 : gather->penalty * 2;
	if (gather->penalty > GATHER_SKIP_MAX)
		gather->penalty = GATHER_SKIP_MAX;
	gather->skip = gather->penalty;
}

void
gather_take(struct gather *gather, int64_t now_us)
{
	if (gather->skip > 0)
		gather->skip--;
	else if (gather->is_held)
		judge(gather, now_us);
	/* Who did not come in time may not come for long. */
	if (gather->is_held && gather->waiting < gather->expected) {
		gather->expected = 0;
		gather->epoch++;
	}
	gather->is_held = false;
	forget_crowd(gather);
	gather->taken = gather->waiting;
	gather->waiting = 0;
}

void
gather_learn(struct gather *gather, int64_t cost_us)
{
	gather->cost_us = cost_us;
	gather->taken = 0;
}
