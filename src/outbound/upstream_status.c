/* SPDX-License-Identifier: ISC */
/* upstream_status.c - what is told of an upstream: its state, its pace, and when it will be
 * through.
 */
#include "base/clock.h"
#include "config/config.h"
#include "outbound/upstream_internal.h"

enum { RECENT_S = 60 };

/* When those that wait will have left, at the rate of late or, if that is less, at the present
 * pace; -1: that cannot be told. */
static int64_t
drained_in_s(struct upstream *upstream)
{
	double recent = meter_per_s(&upstream->meter, RECENT_S, clock_mono_ms());
	double pace = upstream->pace.per_s;
	double per_s = pace > 0 && (recent <= 0 || recent > pace) ? pace : recent;

	if (upstream->health.state != HEALTH_UP || upstream->ready == 0 || per_s <= 0)
		return -1;
	return (int64_t)((double)upstream->ready / per_s) + 1;
}

void
upstream_status(struct upstream *upstream, struct outbound_upstream_status *out)
{
	const struct config_upstream *config = upstream->of.upstream;
	bool up = upstream->health.state == HEALTH_UP;
	bool throttled = upstream_is_throttled(upstream);

	*out = (struct outbound_upstream_status){
		.name = config->name,
		.host = config->host,
		.port = upstream_port(upstream),
		.state = up ? UPSTREAM_UP : UPSTREAM_HELD,
		.connections = (unsigned)upstream->nmembers,
		.connections_max = config->connections,
		.connections_allowed = width_allowed(&upstream->width, clock_mono_ms()),
		.hold_reason = up ? NULL : upstream->health.reason,
		.held_since_ms = up ? 0 : upstream->health.since_ms,
		.next_probe_ms = up ? 0 : upstream->health.probe_ms,
		.rate_per_s = upstream->pace.configured_per_s,
		.pace_per_s = upstream->pace.per_s,
		.throttle_reason = throttled ? upstream->throttle_reason : NULL,
		.throttled_since_ms = throttled ? upstream->throttled_ms : 0,
		.waiting = upstream->ready,
		.drained_in_s = drained_in_s(upstream),
	};
	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		out->busy += member->messages > 0;
}
