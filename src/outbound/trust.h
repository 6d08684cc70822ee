/* SPDX-License-Identifier: ISC */
/*
 * trust.h - how boldly messages are sent to an upstream: as the config has it, and more carefully
 * for an hour after its replies did not fit.  A connection that broke amid the first commands that
 * travelled together may have done so by chance: that counts for a minute, and for an hour when it
 * happens to the next one too.  Pure: times are monotonic milliseconds.
 */
#ifndef OUTBOUND_TRUST_H
#define OUTBOUND_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

enum { TRUST_LOST_MS = 60 * 60 * 1000, TRUST_DOUBTED_MS = 60 * 1000 };

struct trust {
	enum pipelining configured;
	enum pipelining lowered;
	int64_t until_ms; /* lowered so long; 0: never was */
	bool is_proven;   /* it has answered messages that travelled together in step */
	bool is_doubted;  /* nothing was taken in the configured way since a doubt */
};

/* The most that may be done on a connection that is opened now. */
enum pipelining trust_bound(const struct trust *trust, int64_t now_ms);

/* The replies on a connection opened with this bound did not fit.  True: that is news. */
bool trust_lose(struct trust *trust, enum pipelining bound, int64_t now_ms);

/* Such a connection broke before it had taken anything.  True: that is news. */
bool trust_doubt(struct trust *trust, enum pipelining bound, int64_t now_ms);

/* A message was taken on such a connection, whose replies were made sure of. */
void trust_prove(struct trust *trust, enum pipelining bound, bool is_sure);

#endif
