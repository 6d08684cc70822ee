/* SPDX-License-Identifier: ISC */
/*
 * ledger.h - the one place where a message's fate becomes fact: its outcome on disk, its state in
 * the queue, its line in the log, its bounce, and the segment that may go.
 */
#ifndef OUTBOUND_LEDGER_H
#define OUTBOUND_LEDGER_H

#include <stdbool.h>
#include <stdint.h>

#include "outbound/delivery.h"
#include "spool/outcome.h"

struct config;
struct config_upstream;
struct counters;
struct event_base;
struct ledger;
struct detours;
struct queue;
struct reasons;
struct reporter;
struct segments;
struct spool_outcomes;
struct spool_place;
struct words;

struct ledger_context {
	struct event_base *base;
	const struct config *config;
	struct queue *queue;
	struct reasons *reasons;
	struct words *words;
	struct detours *detours;
	struct segments *segments;
	struct spool_outcomes *outcomes;
	struct reporter *reporter;
	struct counters *counters;
	/* The ledger waits for nothing any more, or for less. */
	void (*on_idle)(void *ctx);
	void *ctx;
};

struct ledger *ledger_new(const struct ledger_context *context);
void ledger_free(struct ledger **ledger);

/*
 * An attempt is over: takes the delivery, whose recipients each have a fate.  Untried ones wait for
 * their next turn without penalty, at the end of their lane if `last`.  Recipients of other routes
 * go on having their turn while those of this delivery wait.  upstream may be NULL for fates of our
 * own making.
 */
void ledger_settle(struct ledger *ledger, struct delivery *delivery,
    const struct config_upstream *upstream, bool last);

/* Write a delay warning for the message of this (content-less) delivery; takes it. */
void ledger_warn(struct ledger *ledger, struct delivery *delivery);

/* All outstanding recipients of an ACTIVE message may be tried now; takes its delivery. */
void ledger_rejoin(struct ledger *ledger, struct delivery *delivery);

/* The message is done as a whole, without a report. why is for the log: "deleted", "damaged". */
int ledger_discard(struct ledger *ledger, struct queue_item *item, const char *why);

/* Record one outcome that concerns the whole message, for an operator: 0, or -1 and errno. */
int ledger_record(
    struct ledger *ledger, const struct queue_item *item, enum outcome_kind kind, int64_t time_ms);

/*
 * A later record holds the message now: forget this item, whose copy is not needed any more. (Large
 * content belongs to the id and stays.)
 */
void ledger_supersede(struct ledger *ledger, struct queue_item *item);

/* All of it was done before a restart: forget it. */
void ledger_forget(struct ledger *ledger, struct queue_item *item);

/* A segment may have become unneeded: drop it if so. */
void ledger_drop_if_finished(struct ledger *ledger, uint64_t segment);

/*
 * Whether a message may be begun.  Outcomes that the disk refuses are kept in memory and written
 * later, and reports are tried again; but when too many outcomes wait nothing new begins.
 */
bool ledger_has_room(const struct ledger *ledger);

/* Whether reports are being written for deliveries that are not settled yet. */
bool ledger_is_busy(const struct ledger *ledger);

#endif
