/* SPDX-License-Identifier: ISC */
/* outbound_internal.h - shared by outbound.c (what runs by itself) and operator.c (what people ask
 * for) alone. */
#ifndef OUTBOUND_OUTBOUND_INTERNAL_H
#define OUTBOUND_OUTBOUND_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "outbound/outbound.h"

struct event;
struct feed;
struct forward;
struct ledger;
struct reasons;
struct reporter;
struct resolver;
struct segments;
struct spool_writer;
struct sweep;
struct upstream;

struct outbound {
	struct event_base *base;
	const struct config *config;
	struct secrets *secrets;
	struct spool *spool;
	struct counters *counters;
	struct spool_writer *writer;
	struct spool_outcomes *outcomes;
	struct queue *queue;
	struct reasons *reasons;
	struct segments *segments;
	struct reporter *reporter;
	struct ledger *ledger;
	struct feed *feed;
	struct forward *forward;
	struct sweep *sweep;
	struct resolver *resolver;
	struct upstream **upstream;
	size_t nupstream;
	struct event *pump;
	struct event *deadline; /* of a drain */
	bool draining, swept;
	void (*on_drained)(void *ctx);
	void *on_drained_ctx;
};

/* Let pump() run once the present callbacks are through.  ctx is the struct outbound. */
void pump_soon(void *ctx);

#endif
