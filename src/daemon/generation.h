/* SPDX-License-Identifier: ISC */
/*
 * generation.h - a config, the sockets that it listens on, and the pair of workers that live by it.
 * A reload makes a new one; the old one goes when its workers have finished.
 */
#ifndef DAEMON_GENERATION_H
#define DAEMON_GENERATION_H

#include "daemon/backoff.h"
#include "daemon/process.h"
#include "daemon/sockets.h"

struct config;
struct secrets;

struct generation {
	struct generation *older;
	uint64_t number; /* 1 for the first */
	struct config *config;
	struct sockets sockets;
	struct secrets *secrets; /* until its outbound was forked, which took them; else NULL */
	struct process process[WORKER_ROLES];
	struct backoff backoff[WORKER_ROLES];
	int64_t start_at_ms[WORKER_ROLES]; /* monotonic: when to fork it; INT64_MAX: not */
};

/* Takes all of them; no worker is due yet. */
struct generation *generation_new(
    uint64_t number, struct config *config, const struct sockets *sockets, struct secrets *secrets);

/* Its workers must be gone. */
void generation_free(struct generation **generation);

/* How many of its workers live. */
int generation_count(const struct generation *generation);

/* Tell both of its workers, and start none any more. */
void generation_stop(
    struct generation *generation, uint32_t listener_ms, uint32_t outbound_ms, int64_t now_ms);

#endif
