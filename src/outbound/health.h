/* SPDX-License-Identifier: ISC */
/*
 * health.h - the state of an upstream apart from that of any message: up, held with a reason, or
 * being probed. Pure: times are arguments, real time in milliseconds.
 */
#ifndef OUTBOUND_HEALTH_H
#define OUTBOUND_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "outbound/classify.h"

enum health_state { HEALTH_UP, HEALTH_HELD, HEALTH_PROBING };

enum { HEALTH_REASON_SIZE = 1024 };

struct health {
	enum health_state state;
	enum hold kind;
	unsigned failures; /* in a row, as far as it was not up for long between them */
	int64_t since_ms, probe_ms;
	int64_t up_ms; /* when it was up again; 0: it never failed */
	char reason[HEALTH_REASON_SIZE];
	/* Queue's retry times: no probe waits longer than a message would. */
	uint64_t retry_min_ms, retry_max_ms;
};

void health_init(struct health *health, uint64_t retry_min_ms, uint64_t retry_max_ms);

/* Trouble: hold, or go on holding with a longer wait.  True when it was not held before. */
bool health_hold(struct health *health, enum hold kind, const char *reason, int64_t now_ms);

/* A probe may begin now. */
bool health_is_probe_due(const struct health *health, int64_t now_ms);
void health_probe(struct health *health);

/* It works: true when it had been held. */
bool health_up(struct health *health, int64_t now_ms);

#endif
