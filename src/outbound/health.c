/* SPDX-License-Identifier: ISC */
/* health.c - see health.h. */
#include "outbound/health.h"

#include <stdio.h>

/* So many of its last waits it has to be up. */
enum { STEADY_WAITS = 10 };

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

/* Whether it was up for long enough for what was before to count no more: otherwise an upstream
 * that fails soon after each return would be used again and again after the shortest wait. */
static bool
is_steady(const struct health *health, int64_t now_ms)
{
	int64_t up = now_ms - health->up_ms;

	return up < 0 || up >= STEADY_WAITS * (int64_t)wait_of(health);
}

bool
health_hold(struct health *health, enum hold kind, const char *reason, int64_t now_ms)
{
	bool is_new = health->state == HEALTH_UP;

	if (is_new) {
		health->since_ms = now_ms;
		if (is_steady(health, now_ms))
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
health_up(struct health *health, int64_t now_ms)
{
	bool was_held = health->state != HEALTH_UP;

	health->state = HEALTH_UP;
	if (was_held)
		health->up_ms = now_ms;
	return was_held;
}
