/* SPDX-License-Identifier: ISC */
/*
 * forward.h - copy a message that waits long out of its old segment to the end of the log, so that
 * the old one can go.
 */
#ifndef OUTBOUND_FORWARD_H
#define OUTBOUND_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

struct forward;
struct queue;
struct queue_item;
struct spool;
struct spool_writer;
struct words;

struct forward_context {
	struct queue *queue;
	struct spool *spool;
	struct spool_writer *writer;
	struct words *words;
	void (*on_idle)(void *ctx); /* a copy is no longer under way */
	void *ctx;
};

struct forward *forward_new(const struct forward_context *context);
void forward_free(struct forward **forward);

/*
 * Begin to copy a message that is not ACTIVE; it is ACTIVE until its new record comes by in the
 * feed (or the copy fails).  -1 when it cannot be copied now; if it is damaged, it is_stuck.
 */
int forward_message(struct forward *forward, struct queue_item *item);

/* Whether a copy may begin: fewer than FORWARD_MAX are under way, and none has failed lately. */
enum { FORWARD_MAX = 32, FORWARD_RETRY_MS = 10000 };
bool forward_is_ready(const struct forward *forward);

/* How many copies are being written. */
size_t forward_busy(const struct forward *forward);

/* Whether no copy is under way, and no message is ACTIVE for one any more. */
bool forward_is_still(const struct forward *forward);

#endif
