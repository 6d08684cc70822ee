/* SPDX-License-Identifier: ISC */
/* health.c - see health.h. */
#include "outbound/health.h"

#include <stdio.h>

/* The first wait before a probe and the longest, in milliseconds: a wrong password must not lock
 * the account. */
static const struct {
	uint64_t first, longest;
} waits[] = {
	[HOLD_NONE] = { 1000, 60 * 1000 },
	[HOLD_NETWORK] = { 1000, 60 * 1000 },
	[HOLD_SESSION] = { 5 * 1000, 5 * 60 * 1000 },
	[HOLD_TLS] = { 5 * 1000, 5 * 60 * 1000 },
	[HOLD_LOGIN] = { 30 * 1000, 15 * 60 * 1000 },
	[HOLD_ACCOUNT] = { 60 * 1000, 60 * 60 * 1000 },
	[HOLD_THROTTLE] = { 5 * 1000, 5 * 60 * 1000 },
};

void
health_init(struct health *health, uint64_t retry_min_ms, uint64_t retry_max_ms)
{
	*health = (struct health){ .retry_min_ms = retry_min_ms, .retry_max_ms = retry_max_ms };
}

static uint64_t
wait_of(const struct health *health)
{
	uint64_t wait = waits[health->kind].first, longest = waits[health->kind].longest;

	if (wait > health->retry_min_ms)
		wait = health->retry_min_ms;
	if (longest > health->retry_max_ms)
		longest = health->retry_max_ms;
	for (unsigned i = 1; i < health->failures && wait < longest; i++)
		wait *= 2;
	return wait < longest ? wait : longest;
}

bool
health_hold(struct health *health, enum hold kind, const char *reason, int64_t now_ms)
{
	bool is_new = health->state == HEALTH_UP;

	if (is_new) {
		health->since_ms = now_ms;
		health->failures = 0;
	}
	/* Trouble of another kind begins with its own first wait. */
	if (health->state != HEALTH_HELD)
		health->failures = kind == health->kind ? health->failures + 1 : 1;
	health->state = HEALTH_HELD;
	health->kind = kind;
	(void)snprintf(health->reason, sizeof health->reason, "%s", reason);
	health->probe_ms = now_ms + (int64_t)wait_of(health);
	return is_new;
}

bool
health_is_probe_due(const struct health *health, int64_t now_ms)
{
	return health->state == HEALTH_HELD &&
	       (now_ms >= health->probe_ms ||
		   health->probe_ms - now_ms >
		       (int64_t)wait_of(health)); /* the clock was set back */
}

void
health_probe(struct health *health)
{
	health->state = HEALTH_PROBING;
}

bool
health_up(struct health *health)
{
	bool was_held = health->state != HEALTH_UP;

	health->state = HEALTH_UP;
	health->failures = 0;
	return was_held;
}
