/* SPDX-License-Identifier: ISC */
/*
 * feed.h - fill the queue from the log: everything at start (that is recovery), and then what
 * listeners commit.
 */
#ifndef OUTBOUND_FEED_H
#define OUTBOUND_FEED_H

#include <stdbool.h>

struct config;
struct counters;
struct event_base;
struct feed;
struct ledger;
struct queue;
struct reasons;
struct segments;
struct spool;
struct spool_outcomes;

struct feed_context {
	struct event_base *base;
	const struct config *config;
	struct spool *spool;
	struct queue *queue;
	struct reasons *reasons;
	struct segments *segments;
	struct spool_outcomes *outcomes;
	struct ledger *ledger;
	struct counters *counters;
	int wake_fd; /* an eventfd that writers write after each commit; borrowed */
	/* New messages are in the queue, or recovery is over. */
	void (*on_news)(void *ctx);
	void *ctx;
};

/* NULL: out of memory. */
struct feed *feed_new(const struct feed_context *context);
void feed_free(struct feed **feed);

/* Whether all that lay in the log at the start is in the queue: before that nothing may be sent. */
bool feed_is_recovered(const struct feed *feed);

#endif
