/* SPDX-License-Identifier: ISC */
/*
 * outbound_internal.h - shared by outbound.c (how the parts are put together), pump.c (what runs by
 * itself), drain.c (how it ends) and operator.c (what people ask for) alone.
 */
#ifndef OUTBOUND_OUTBOUND_INTERNAL_H
#define OUTBOUND_OUTBOUND_INTERNAL_H

#include <event2/util.h>
#include <stdbool.h>
#include <stddef.h>

#include "outbound/outbound.h"

struct compact;
struct delivery;
struct detours;
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
	struct detours *detours;
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

/* pump.c: ctx is the struct outbound. */

/* Let pump_run() come once the present callbacks are through. */
void pump_soon(void *ctx);
/* Let messages move; the callback of an event. */
void pump_run(evutil_socket_t fd, short what, void *ctx);
/* The callbacks of an upstream. */
struct delivery *pump_next(void *ctx, struct upstream *upstream);
void pump_on_settled(void *ctx, struct upstream *upstream, struct delivery *delivery, bool last);

#endif
