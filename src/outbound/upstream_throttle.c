/* SPDX-License-Identifier: ISC */
/*
 * upstream_throttle.c - an upstream wants fewer messages in a time, or fewer connections, and gets
 * them; see upstream_internal.h, pace.h and width.h.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "outbound/upstream_internal.h"

enum { RECENT_S = 10 }; /* how far back what got through tells a pace */

bool
upstream_is_throttled(struct upstream *upstream)
{
	int64_t now = clock_mono_ms();

	return pace_is_cut(&upstream->pace, now) || width_is_cut(&upstream->width, now);
}

/* How many uplinks were let in and stay. */
static unsigned
count_working(const struct upstream *upstream)
{
	unsigned working = 0;

	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		working += !member->leaving && !uplink_is_connecting(member->uplink);
	return working;
}

/* Let those go that are too many now. */
static void
narrow(struct upstream *upstream)
{
	unsigned allowed = width_allowed(&upstream->width, clock_mono_ms()), kept = 0;

	for (struct member *member = upstream->members, *following; member != NULL;
	     member = following) {
		following = member->next;
		if (member->leaving || uplink_is_connecting(member->uplink) || ++kept <= allowed)
			continue;
		member->leaving = true;
		uplink_finish(member->uplink);
	}
}

static void
note_throttle(struct upstream *upstream, bool is_new, const char *why)
{
	char pace[32];

	if (is_new)
		upstream->throttled_ms = clock_real_ms();
	(void)snprintf(upstream->throttle_reason, sizeof upstream->throttle_reason, "%s", why);
	(void)snprintf(pace, sizeof pace, "%.3g", upstream->pace.per_s);
	log_info("upstream_throttled", log_s("upstream", upstream->of.upstream->name),
	    log_s("why", why),
	    log_s("messages_per_s", upstream->pace.per_s > 0 ? pace : "no limit"),
	    log_d("connections", width_allowed(&upstream->width, clock_mono_ms())));
}

/* Fewer connections, or fewer messages; fewer messages too where there is but one connection. */
static bool
cut_down(
    struct upstream *upstream, const struct uplink *uplink, enum throttle what, int64_t since_ms)
{
	bool refused = uplink_is_connecting(uplink), cut = false;
	unsigned open = (unsigned)upstream->nmembers;
	unsigned working = refused ? count_working(upstream) : 0;
	int64_t now = clock_mono_ms();

	if (what == THROTTLE_CONNECTIONS || refused)
		cut = width_cut(&upstream->width, open, working, since_ms, now);
	if (!refused && (what == THROTTLE_RATE || open == 1))
		cut |= pace_cut(
		    &upstream->pace, meter_per_s(&upstream->meter, RECENT_S, now), since_ms, now);
	return cut;
}

void
throttle_on_reply(
    void *ctx, struct uplink *uplink, enum throttle what, int64_t since_ms, const char *why)
{
	struct upstream *upstream = ((struct member *)ctx)->upstream;
	bool refused = uplink_is_connecting(uplink), was = upstream_is_throttled(upstream);

	if (((struct member *)ctx)->is_scout) {
		ports_fail(&upstream->ports, 0, why, clock_mono_ms());
		return;
	}
	if (refused && upstream->nmembers == 1) { /* it lets none in: all that helps is to wait */
		upstream_hold(upstream, HOLD_THROTTLE, why);
		return;
	}
	if (cut_down(upstream, uplink, what, since_ms))
		note_throttle(upstream, !was, why);
	if (!refused && upstream->health.state != HEALTH_HELD)
		upstream_recover(upstream); /* what is slow is not down */
	narrow(upstream);
}
