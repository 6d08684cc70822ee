/* SPDX-License-Identifier: ISC */
/*
 * trust.h - how boldly messages are sent to an upstream: as the config has it, and more carefully
 * for an hour after its replies did not fit.  Pure: times are monotonic milliseconds.
 */
#ifndef OUTBOUND_TRUST_H
#define OUTBOUND_TRUST_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

enum { TRUST_LOST_MS = 60 * 60 * 1000 };

struct trust {
	enum pipelining configured;
	enum pipelining lowered;
	int64_t until_ms; /* lowered so long; 0: never was */
};

/* The most that may be done on a connection that is opened now. */
enum pipelining trust_bound(const struct trust *trust, int64_t now_ms);

/* A connection opened with this bound went wrong.  True: that is news. */
bool trust_lose(struct trust *trust, enum pipelining bound, int64_t now_ms);

#endif
