/* SPDX-License-Identifier: ISC */
/*
 * sweep.h - go over all messages again and again, a bounded number each second: who is too old is
 * given up, and who waits for long is told.
 */
#ifndef OUTBOUND_SWEEP_H
#define OUTBOUND_SWEEP_H

struct config;
struct event_base;
struct feed;
struct ledger;
struct queue;
struct spool;
struct sweep;
struct words;

struct sweep_context {
	struct event_base *base;
	const struct config *config;
	const struct feed *feed; /* before it has recovered nothing is done */
	struct queue *queue;
	struct spool *spool;
	struct ledger *ledger;
	struct words *words;
};

/* Begins at once; NULL: out of memory. */
struct sweep *sweep_new(const struct sweep_context *context);
void sweep_free(struct sweep **sweep);

#endif
