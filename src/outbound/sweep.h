/* SPDX-License-Identifier: ISC */
/*
 * sweep.h - go over all messages again and again, a bounded number each second: who is too old is
 * given up, and who waits for long is told.  But not without a try: after a start, or a step of the
 * wall clock, a message is only as old as that until it was tried, or no upstream has been up for
 * it for a while.
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
struct turn;
struct words;

struct sweep_context {
	struct event_base *base;
	const struct config *config;
	const struct feed *feed; /* before it has recovered nothing is done */
	struct queue *queue;
	struct spool *spool;
	struct ledger *ledger;
	struct words *words;
	const struct turn *turn;
	/* The wall clock was set, or the machine slept: what was put off, and how old anything is,
	 * goes by a clock that was another one. */
	void (*on_step)(void *ctx);
	void *ctx;
};

/* Begins at once; NULL: out of memory. */
struct sweep *sweep_new(const struct sweep_context *context);
void sweep_free(struct sweep **sweep);

#endif
