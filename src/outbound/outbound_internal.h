/* SPDX-License-Identifier: ISC */
/* outbound_internal.h - shared by outbound.c (what runs by itself), drain.c and operator.c (what
 * people ask for) alone. */
#ifndef OUTBOUND_OUTBOUND_INTERNAL_H
#define OUTBOUND_OUTBOUND_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "outbound/outbound.h"

struct compact;
struct event;
struct feed;
struct forward;
struct ledger;
struct reasons;
struct reporter;
struct resolver;
struct segments;
struct sizes;
struct spool_writer;
struct plan_taker;
struct sweep;
struct turn;
struct upstream;
struct words;

struct outbound {
	struct event_base *base;
	const struct config *config;
	struct secrets *secrets;
	struct spool *spool;
	struct counters *counters;
	struct sizes *sizes;
	struct spool_writer *writer;
	struct spool_outcomes *outcomes;
	struct queue *queue;
	struct reasons *reasons;
	struct words *words;
	struct segments *segments;
	struct reporter *reporter;
	struct ledger *ledger;
	struct feed *feed;
	struct forward *forward;
	struct sweep *sweep;
	struct compact *compact;
	struct resolver *resolver;
	struct upstream **upstream;
	struct plan_taker *taker; /* one for each upstream */
	size_t nupstream;
	struct turn *turn;
	struct event *pump;
	struct event *deadline; /* of a drain */
	bool draining, swept;
	void (*on_drained)(void *ctx);
	void *on_drained_ctx;
};

/* The deadline of a drain, to be freed with event_free(); NULL: out of memory. */
struct event *drain_deadline_new(struct event_base *base, struct outbound *outbound);

/* End a drain if nothing is in flight any more. */
void drain_finish(struct outbound *outbound);

/* Let pump() run once the present callbacks are through.  ctx is the struct outbound. */
void pump_soon(void *ctx);

#endif
