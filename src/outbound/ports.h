/* SPDX-License-Identifier: ISC */
/*
 * ports.h - which of an upstream's ports is used: the first one that can be reached, in their
 * order; then always the one that worked, while the first is tried again now and then, beside the
 * mail. Pure; times are monotonic milliseconds.
 */
#ifndef OUTBOUND_PORTS_H
#define OUTBOUND_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"

enum { PORTS_SAID_SIZE = 1024 };

struct ports {
	const struct config_upstream *config;
	size_t current, worked;                       /* where to dial; the last that was reached */
	unsigned tried;                               /* in this round: a bit for each */
	char said[CONFIG_PORTS_MAX][PORTS_SAID_SIZE]; /* why it could not be reached */
	int64_t wait_ms, longest_ms, first_ms;        /* between two trials of the first port */
	int64_t failed_ms, return_ms;                 /* when it failed, and is due again */
};

/* first_ms, longest_ms: how long the first port is left alone at first and at most. */
void ports_init(struct ports *ports, const struct config_upstream *config, uint64_t first_ms,
    uint64_t longest_ms);

/*
 * A port could not be reached.  True: another one is to be dialled now (or was already since).
 * False: all have been tried; the next round begins with the one that worked last.
 */
bool ports_fail(struct ports *ports, size_t at, const char *why, int64_t mono_ms);

/* What each of them said: "port 587: ...; port 465: ...".  With one port, its words alone. */
void ports_describe(const struct ports *ports, char *out, size_t size);

/* A port was reached, and the login went well: it is used from now on. */
void ports_work(struct ports *ports, size_t at);

/* Whether the first port, which is not in use, is due for a trial.  Its failure is told by
 * ports_fail(). */
bool ports_should_return(const struct ports *ports, int64_t mono_ms);

#endif
