/* SPDX-License-Identifier: ISC */
/*
 * gather.h - when what waits to be committed becomes a group.  Pure: counts and times, no clock.
 *
 * Messages that were begun are usually committed within a round trip, so a group is worth holding
 * back while more are on their way than wait already; for a lone client that is never so.  Where
 * many clients send one message after another, most of them are between two: a group is held back
 * for half as many as were seen at once lately, too.  Nothing waits longer than GATHER_WAIT_US;
 * what did not come by then counts no more.  A wait is worth it if it took no longer than the
 * groups would have that it saved, one for each message that came meanwhile; after others ever more
 * groups are not held back.  So slow or stuck clients cost the rest next to nothing.
 */
#ifndef SPOOL_GATHER_H
#define SPOOL_GATHER_H

#include <stdbool.h>
#include <stdint.h>

enum {
	GATHER_WAIT_US = 4000, /* since the first of the group came */
	GATHER_SKIP_MAX = 256, /* groups that are not held back after waits in vain */
	GATHER_CROWD_MIN = 16, /* fewer are no crowd */
	GATHER_WORTH_US =
	    1000, /* what a group saved in a crowd is worth, however fast the disk is */
};

/* GATHER_EMPTY at first. */
struct gather {
	int64_t wait_us;   /* GATHER_WAIT_US, but for tests */
	unsigned expected; /* begun since `epoch` began, and not ended */
	unsigned waiting;
	unsigned taken; /* in the group that is being committed */
	unsigned crowd; /* so many clients were seen at once lately, with a message each */
	unsigned epoch;
	int64_t since_us; /* the first of `waiting` came */
	bool is_held;     /* the group could begin, but is held back: */
	int64_t held_us;  /* since then, */
	unsigned held;    /* when so many waited */
	int64_t cost_us;  /* of the last group */
	unsigned skip;    /* so many groups are not held back */
	unsigned penalty; /* what `skip` is set to after a wait that was not worth it */
};

#define GATHER_EMPTY                      \
	{                                 \
		.wait_us = GATHER_WAIT_US \
	}

/* A message begins: the epoch that gather_end() wants to know. */
unsigned gather_begin(struct gather *gather);

/* It is not expected any more: aborted, about to wait, or on a longer way. */
void gather_end(struct gather *gather, unsigned epoch);

/* So many more wait. */
void gather_add(struct gather *gather, unsigned count, int64_t now_us);

/* Whether as much waits as is worth waiting for, so that the group may begin. */
bool gather_is_ready(const struct gather *gather);

/* Something waits and nobody works: 0 to begin the group, or else how long to hold it back. */
int64_t gather_hold(struct gather *gather, int64_t now_us);

/* All that waits is taken. */
void gather_take(struct gather *gather, int64_t now_us);

/* Writing and syncing the group that was taken took so long. */
void gather_learn(struct gather *gather, int64_t cost_us);

#endif
