/* SPDX-License-Identifier: ISC */
/*
 * relay.h - postern without its network in one process: a board, writers as listeners have them,
 * and outbound's queue, feed, ledger and outcomes over one spool.
 */
#ifndef CRASH_POWER_RELAY_H
#define CRASH_POWER_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "config/config.h"
#include "queue/plan.h"
#include "spool/board.h"
#include "spool/disk.h"

struct event_base;
struct feed;
struct forward;
struct ledger;
struct queue;
struct reasons;
struct detours;
struct words;
struct reporter;
struct segments;
struct spool;
struct spool_outcomes;
struct spool_writer;

enum { RELAY_LISTENERS = 2 };

struct relay {
	struct board board;
	struct counters counters;
	struct config config;
	struct spool *spool;
	struct event_base *base;
	int wake_fd;
	struct spool_writer *listener[RELAY_LISTENERS]; /* NULL: not there */

	/* outbound */
	struct spool_writer *writer;
	struct queue *queue;
	struct plan_taker taker;
	struct reasons *reasons;
	struct words *words;
	struct detours *detours;
	struct segments *segments;
	struct spool_outcomes *outcomes;
	struct reporter *reporter;
	struct ledger *ledger;
	struct forward *forward;
	struct feed *feed;
};

/* Open the spool as the master does at a boot. */
void relay_open(
    struct relay *relay, const char *path, const struct disk_ops *disk, uint64_t segment_size);

/* All of it must have been stopped. */
void relay_close(struct relay *relay);

/* -1 and errno if the disk does not let it. */
int relay_start_listener(struct relay *relay, unsigned n);
void relay_stop_listener(struct relay *relay, unsigned n);

/*
 * Outbound starts, recovers, and sweeps.  A reader has no writer: it can only look.  -1 and errno
 * if the disk does not let it.
 */
int relay_start_outbound(struct relay *relay, bool is_reader);

/* Wait until reports and copies are in the log, then end it. */
void relay_stop_outbound(struct relay *relay);

/* Serve what is there. */
void relay_turn(struct relay *relay);

/* Serve until *count is 0. */
void relay_wait(struct relay *relay, const size_t *count);

#endif
