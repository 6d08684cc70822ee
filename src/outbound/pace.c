/* SPDX-License-Identifier: ISC */
/*
 * pace.c - see pace.h.  The bucket is the generic cell rate algorithm, which keeps one time instead
 * of a count; the rate is halved and raised as TCP does with its window: by half at trouble, by
 * equal steps after a quiet while.
 */
#include "outbound/pace.h"

enum {
	MINUTE_MS = 60 * 1000,
	SECOND_US = 1000000, /* the least depth of the bucket in time */
	BURST_PART = 10,     /* of an hour's or a day's count, what may go at once */
	QUIET_MS = 10 * 1000,
	CLIMB_MS = 2 * 1000,
	CLIMB_MESSAGES = 4, /* but not before so many had a chance to be refused */
	CLIMB_STEPS = 16,   /* from nothing to the top */
};

/* Without a configured rate: the least to begin from, and how far the climb goes beyond what was
 * too much before there is no limit again. */
static const double least_known_per_s = 8, beyond = 2;

static const double slowest_per_s = 1.0 / 60; /* and of configured rates, the eighth part */

void
pace_init(struct pace *pace, const struct rate *rate)
{
	double per_s = rate->count > 0 ? rate->count * 1000.0 / rate->per_ms : 0;
	uint32_t burst = rate->per_ms > MINUTE_MS ? rate->count / BURST_PART : 0;

	*pace = (struct pace){
		.burst = burst,
		.steady = burst > 0 ? 1 - (double)burst / rate->count : 1,
		.configured_per_s = per_s,
		.per_s = per_s,
		.top_per_s = per_s,
		.cut_ms = INT64_MIN,
	};
}

static int64_t
time_of(double messages, double per_s)
{
	return (int64_t)(messages * 1000 / per_s);
}

static int64_t
later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* Raise the rate for the quiet time that has passed. */
static void
climb(struct pace *pace, int64_t mono_ms)
{
	while (pace->per_s < pace->top_per_s && mono_ms >= pace->next_climb_ms) {
		pace->per_s += pace->top_per_s / CLIMB_STEPS;
		pace->next_climb_ms += later(CLIMB_MS, time_of(CLIMB_MESSAGES, pace->per_s));
	}
	if (pace->per_s >= pace->top_per_s) {
		pace->per_s = pace->configured_per_s;
		pace->top_per_s = pace->configured_per_s;
	}
}

static int64_t
interval_us(const struct pace *pace)
{
	return (int64_t)(SECOND_US / (pace->per_s * pace->steady));
}

static int64_t
depth_us(const struct pace *pace)
{
	return later(SECOND_US, (int64_t)((1 + pace->burst) * (double)interval_us(pace)));
}

/* When the bucket will be full again after one more was taken. */
static int64_t
full_after(const struct pace *pace, int64_t now_us)
{
	return later(pace->full_at_us, now_us) + interval_us(pace);
}

uint64_t
pace_wait(struct pace *pace, int64_t mono_ms)
{
	climb(pace, mono_ms);
	if (pace->per_s == 0)
		return 0;

	int64_t over = full_after(pace, mono_ms * 1000) - mono_ms * 1000 - depth_us(pace);

	return over > 0 ? (uint64_t)over / 1000 + 1 : 0;
}

void
pace_take(struct pace *pace, int64_t mono_ms)
{
	if (pace->per_s > 0)
		pace->full_at_us = full_after(pace, mono_ms * 1000);
}

static double
slowest(const struct pace *pace)
{
	double eighth = pace->configured_per_s / 8;

	return eighth > 0 && eighth < slowest_per_s ? eighth : slowest_per_s;
}

bool
pace_cut(struct pace *pace, double recent_per_s, int64_t since_ms, int64_t mono_ms)
{
	if (since_ms <= pace->cut_ms)
		return false;
	climb(pace, mono_ms);

	bool unlimited = pace->per_s == 0;

	if (unlimited)
		pace->per_s = recent_per_s > least_known_per_s ? recent_per_s : least_known_per_s;
	if (pace->configured_per_s == 0)
		pace->top_per_s = pace->per_s * beyond;
	pace->per_s = pace->per_s / 2 > slowest(pace) ? pace->per_s / 2 : slowest(pace);
	pace->cut_ms = mono_ms;
	pace->next_climb_ms = mono_ms + later(QUIET_MS, time_of(CLIMB_MESSAGES, pace->per_s));
	/* The bucket is empty: what was refused is not sent again at once. */
	pace->full_at_us = mono_ms * 1000 + depth_us(pace);
	return true;
}

bool
pace_is_cut(struct pace *pace, int64_t mono_ms)
{
	climb(pace, mono_ms);
	return pace->per_s != pace->configured_per_s;
}
