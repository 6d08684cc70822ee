/* SPDX-License-Identifier: ISC */
/*
 * inside.h - the outbound side without upstreams, over a rig of the spool: what a message's fate is
 * is up to the test.
 */
#ifndef TESTS_OUTBOUND_INSIDE_H
#define TESTS_OUTBOUND_INSIDE_H

#include <stdbool.h>
#include <stdint.h>

#include "../spool/rig.h"
#include "config/config.h"
#include "queue/plan.h"

struct inside {
	struct rig *rig;
	struct config config;
	struct event_base *base;
	int wake;
	struct queue *queue;
	struct plan_taker taker;
	struct reasons *reasons;
	struct words *words;
	struct detours *detours;
	struct segments *segments;
	struct spool_writer *writer;
	struct spool_outcomes *outcomes;
	struct reporter *reporter;
	struct ledger *ledger;
	struct feed *feed;
	struct forward *forward;
	struct compact *compact;
};

/* Open all over the rig's spool, with a listener's writer; and wait until the log is read. */
void inside_open(struct inside *inside, struct rig *rig);

/* End it as a worker ends that is stopped. */
void inside_close(struct inside *inside);

/* Let things happen, as far as they are about to. */
void inside_turn(struct inside *inside);

/* Each message that is due is asked about, and delivered if the answer is yes, or else deferred. */
void inside_deliver(struct inside *inside, bool (*wants)(void *ctx, uint64_t id), void *ctx);

/* What log/ takes of the disk, and what the records of waiting messages do. */
uint64_t inside_used(const struct inside *inside);
uint64_t inside_live(const struct inside *inside);

/* Twice the live bytes and two segments. */
uint64_t inside_bound(const struct inside *inside);

#endif
