/* SPDX-License-Identifier: ISC */
/*
 * upstream.c - see upstream.h.  While it is held no uplink is open; then one probes: it must get
 * as far as the login, and one message, if there is any, must get a fate of its own, before the
 * upstream counts as up again.
 */
#include "outbound/upstream.h"

#include <event2/event.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "net/tls.h"
#include "outbound/auth.h"
#include "outbound/upstream_internal.h"

enum {
	RETURN_FIRST_MS = 5 * 60 * 1000, /* how long the first port is left alone, and at most */
	RETURN_LONGEST_MS = 60 * 60 * 1000,
	BACKLOG_PER_DIAL =
	    4, /* messages that wait for each connection being made before another one is */
	DIAL_AHEAD_MS = 5 * 1000, /* of the time when its pace lets it send */
};

uint16_t
upstream_port(const struct upstream *upstream)
{
	return upstream->of.upstream->ports[upstream->ports.current].number;
}

static void
log_hold(const struct upstream *upstream, const char *event, enum log_level level)
{
	log_at(level, event, log_s("upstream", upstream->of.upstream->name),
	    log_s("host", upstream->of.upstream->host), log_d("port", upstream_port(upstream)),
	    log_s("why", upstream->health.reason),
	    log_d("probe_in_ms", upstream->health.probe_ms - clock_real_ms()));
}

void
upstream_kick_later(struct upstream *upstream, uint64_t ms)
{
	const struct timeval after = {
		.tv_sec = (time_t)(ms / 1000),
		.tv_usec = (suseconds_t)(ms % 1000 * 1000),
	};

	event_add(upstream->timer, &after);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct upstream *upstream = ctx;

	(void)fd;
	(void)what;
	upstream->of.on_change(upstream->of.ctx);
}

void
upstream_hold(struct upstream *upstream, enum hold kind, const char *why)
{
	bool is_new = health_hold(&upstream->health, kind, why, clock_real_ms());

	log_hold(upstream, is_new ? "upstream_held" : "upstream_probe_failed",
	    is_new ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO);
	upstream->of.on_change(upstream->of.ctx);
}

void
upstream_recover(struct upstream *upstream)
{
	int64_t now = clock_real_ms(), held = now - upstream->health.since_ms;

	upstream->strikes = 0;
	if (!health_up(&upstream->health, now))
		return;
	log_info(
	    "upstream_up", log_s("upstream", upstream->of.upstream->name), log_d("held_ms", held));
	upstream->of.on_change(upstream->of.ctx);
}

bool
upstream_is_up(const struct upstream *upstream)
{
	return !upstream->draining && upstream->health.state == HEALTH_UP;
}

/* A probe is one uplink that may take messages; those from before the hold may still be busy. */
static void
probe(struct upstream *upstream)
{
	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		if (!member->leaving)
			return;
	pool_open(upstream);
}

static void
kick_held(struct upstream *upstream)
{
	int64_t wait = upstream->health.probe_ms - clock_real_ms();

	pool_finish(upstream);
	upstream_kick_later(upstream, wait > 0 ? (uint64_t)wait : 0);
}

void
upstream_kick(struct upstream *upstream, size_t ready)
{
	upstream->ready = ready;
	if (upstream->draining)
		return;
	if (health_is_probe_due(&upstream->health, clock_real_ms())) {
		pool_finish(upstream);
		health_probe(&upstream->health);
	}
	if (upstream->health.state == HEALTH_HELD) {
		kick_held(upstream);
		return;
	}
	if (upstream->health.state == HEALTH_PROBING) {
		probe(upstream);
		pool_wake(upstream, 1); /* it may have waited for its pace */
		return;
	}
	if (ready > 0 || upstream->nmembers > 0)
		pool_scout(upstream);
	ready = pool_wake(upstream, ready);
	if (pool_count(upstream, uplink_is_idle) > 0)
		return; /* it may take none now, so another one would not help */

	/* It would idle until then, be closed, and be made again, with a login each time. */
	uint64_t wait = pace_wait(&upstream->pace, clock_mono_ms());

	if (wait > DIAL_AHEAD_MS) {
		upstream_kick_later(upstream, wait - DIAL_AHEAD_MS);
		return;
	}

	unsigned allowed = width_allowed(&upstream->width, clock_mono_ms());
	size_t dialling = pool_count(upstream, uplink_is_connecting);

	while (ready > dialling * BACKLOG_PER_DIAL && upstream->health.state == HEALTH_UP &&
	       upstream->nmembers < allowed && pool_open(upstream))
		dialling++;
}

void
upstream_probe_now(struct upstream *upstream)
{
	if (upstream->health.state != HEALTH_HELD)
		return;
	upstream->health.probe_ms = 0;
	upstream->of.on_change(upstream->of.ctx);
}

void
upstream_drain(struct upstream *upstream)
{
	upstream->draining = true;
	event_del(upstream->timer);
	pool_finish(upstream);
}

void
upstream_abort(struct upstream *upstream)
{
	upstream->draining = true;
	while (upstream->members != NULL)
		uplink_abort(upstream->members->uplink, "postern is stopping");
}

size_t
upstream_uplinks(const struct upstream *upstream)
{
	return upstream->nmembers;
}

const struct config_upstream *
upstream_config(const struct upstream *upstream)
{
	return upstream->of.upstream;
}

static uint64_t
at_most(uint64_t ms, uint64_t longest)
{
	return ms < longest ? ms : longest;
}

struct upstream *
upstream_new(const struct upstream_context *context)
{
	struct upstream *upstream = calloc(1, sizeof *upstream);

	if (upstream == NULL)
		return NULL;
	upstream->of = *context;
	pace_init(&upstream->pace, &context->upstream->rate);
	width_init(&upstream->width, context->upstream->connections);
	ports_init(&upstream->ports, context->upstream,
	    at_most(RETURN_FIRST_MS, context->config->queue.retry_min_ms),
	    at_most(RETURN_LONGEST_MS, context->config->queue.retry_max_ms));
	upstream->trust.configured = context->upstream->pipelining;
	health_init(&upstream->health, context->config->queue.retry_min_ms,
	    context->config->queue.retry_max_ms);
	upstream->timer = event_new(context->base, -1, 0, on_timer, upstream);
	upstream->login = auth_client_new(context->upstream, context->password);
	if (upstream->timer == NULL || upstream->login == NULL)
		upstream_free(&upstream);
	return upstream;
}

void
upstream_free(struct upstream **upstream)
{
	if (*upstream == NULL)
		return;
	upstream_abort(*upstream);
	if ((*upstream)->timer != NULL)
		event_free((*upstream)->timer);
	auth_client_free(&(*upstream)->login);
	tls_client_free(&(*upstream)->tls);
	free(*upstream);
	*upstream = NULL;
}
