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
#include "base/counters.h"
#include "base/log.h"
#include "base/str.h"
#include "config/config.h"
#include "net/tls.h"
#include "outbound/auth.h"
#include "outbound/health.h"
#include "outbound/pace.h"
#include "outbound/uplink.h"

enum {
	STRIKES_MAX = 2, /* connections in a row that broke amid a transaction */
	BACKLOG_PER_DIAL =
	    4, /* messages that wait for each connection being made before another one is */
};

struct member {
	struct uplink *uplink;
	struct upstream *upstream;
	struct member *next;
	unsigned messages; /* it has now */
	bool leaving;      /* takes no more */
};

struct upstream {
	struct upstream_context of;
	struct health health;
	struct pace pace;
	struct tls_client *tls;
	struct auth_client *login;
	struct event *timer; /* the next probe, or the next token of the pace */
	struct member *members;
	size_t nmembers;
	unsigned strikes;
	bool draining;
};

static void
log_hold(const struct upstream *upstream, const char *event, enum log_level level)
{
	log_at(level, event, log_s("upstream", upstream->of.upstream->name),
	    log_s("host", upstream->of.upstream->host), log_d("port", upstream->of.upstream->port),
	    log_s("why", upstream->health.reason),
	    log_d("probe_in_ms", upstream->health.probe_ms - clock_real_ms()));
}

/* Come back to this upstream after a while. */
static void
kick_later(struct upstream *upstream, uint64_t ms)
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

/* End every uplink that has no message; the others finish theirs. */
static void
finish_uplinks(struct upstream *upstream)
{
	struct member *following;

	for (struct member *member = upstream->members; member != NULL; member = following) {
		following = member->next;
		member->leaving = true;
		uplink_finish(member->uplink);
	}
}

static void
hold(struct upstream *upstream, enum hold kind, const char *why)
{
	bool is_new = health_hold(&upstream->health, kind, why, clock_real_ms());

	log_hold(upstream, is_new ? "upstream_held" : "upstream_probe_failed",
	    is_new ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO);
	upstream->of.on_change(upstream->of.ctx);
}

static void
recover(struct upstream *upstream)
{
	int64_t held = clock_real_ms() - upstream->health.since_ms;

	upstream->strikes = 0;
	if (!health_up(&upstream->health))
		return;
	log_info(
	    "upstream_up", log_s("upstream", upstream->of.upstream->name), log_d("held_ms", held));
	upstream->of.on_change(upstream->of.ctx);
}

static size_t
count(const struct upstream *upstream, bool (*what)(const struct uplink *uplink))
{
	size_t n = 0;

	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		n += what(member->uplink);
	return n;
}

bool
upstream_is_up(const struct upstream *upstream)
{
	return !upstream->draining && upstream->health.state == HEALTH_UP;
}

/* Whether messages may be given to it: up, or in a probe that wants one. */
static bool
is_usable(const struct upstream *upstream)
{
	return !upstream->draining && upstream->health.state != HEALTH_HELD;
}

static bool
has_message(const struct upstream *upstream)
{
	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		if (member->messages > 0 && !member->leaving)
			return true;
	return false;
}

/* Whether another message may be given to an uplink now. */
static bool
may_take(struct upstream *upstream, bool ahead)
{
	if (!is_usable(upstream))
		return false;
	if (upstream->health.state == HEALTH_PROBING && has_message(upstream))
		return false;
	if (ahead && count(upstream, uplink_is_idle) > 0)
		return false; /* another one is free to take it at once */

	uint64_t wait = pace_wait(&upstream->pace, clock_mono_ms());

	if (wait > 0)
		kick_later(upstream, wait);
	return wait == 0;
}

static struct delivery *
next(void *ctx, struct uplink *uplink, bool ahead)
{
	struct member *member = ctx;
	struct upstream *upstream = member->upstream;
	struct delivery *delivery;

	(void)uplink;
	if (member->leaving || !may_take(upstream, ahead))
		return NULL;
	if ((delivery = upstream->of.next(upstream->of.ctx, upstream)) == NULL) {
		if (upstream->health.state == HEALTH_PROBING)
			recover(upstream); /* with nothing to send it got as far as it could */
		return NULL;
	}
	pace_take(&upstream->pace, clock_mono_ms());
	member->messages++;
	return delivery;
}

/* Whether the attempt told something about the message, so that the upstream works. */
static bool
got_verdict(const struct delivery *delivery)
{
	for (size_t i = 0; i < delivery->nrcpt; i++)
		if (delivery->rcpt[i].code > 0 && delivery->rcpt[i].fate != RCPT_UNTRIED)
			return true;
	return false;
}

static void
on_settled(void *ctx, struct uplink *uplink, struct delivery *delivery, bool last)
{
	struct member *member = ctx;
	struct upstream *upstream = member->upstream;

	(void)uplink;
	member->messages--;
	if (got_verdict(delivery) && upstream->health.state != HEALTH_HELD)
		recover(upstream);
	upstream->of.on_settled(upstream->of.ctx, upstream, delivery, last);
}

static void
on_ready(void *ctx, struct uplink *uplink)
{
	const struct member *member = ctx;

	(void)uplink;
	counter_add(&member->upstream->of.counters->upstream_connections, 1);
	log_debug("upstream_ready", log_s("upstream", member->upstream->of.upstream->name));
}

static void
on_trouble(void *ctx, struct uplink *uplink, enum hold kind, const char *reason)
{
	struct upstream *upstream = ((struct member *)ctx)->upstream;

	(void)uplink;
	if (kind == HOLD_NONE && upstream->health.state == HEALTH_UP &&
	    ++upstream->strikes < STRIKES_MAX)
		return;
	hold(upstream, kind != HOLD_NONE ? kind : HOLD_NETWORK, reason);
}

static void
on_gone(void *ctx, struct uplink *uplink)
{
	struct member *member = ctx;
	struct upstream *upstream = member->upstream;
	struct member **at = &upstream->members;

	(void)uplink;
	while (*at != member)
		at = &(*at)->next;
	*at = member->next;
	free(member);
	upstream->nmembers--;
	upstream->of.on_change(upstream->of.ctx);
}

/* The TLS policy is made when it is first needed, so that a missing CA file holds the upstream and
 * no more. */
static bool
prepare_tls(struct upstream *upstream)
{
	const struct config_upstream *config = upstream->of.upstream;
	struct str why = STR_EMPTY;

	if (config->tls == TLS_NONE || upstream->tls != NULL)
		return true;
	upstream->tls = tls_client_new(config->host, config->ca_file, &why);
	if (upstream->tls == NULL)
		hold(upstream, HOLD_TLS, why.data != NULL ? why.data : "TLS cannot be set up");
	str_free(&why);
	return upstream->tls != NULL;
}

static bool
open_uplink(struct upstream *upstream)
{
	struct member *member = calloc(1, sizeof *member);
	const struct uplink_context context = {
		.base = upstream->of.base,
		.resolver = upstream->of.resolver,
		.tls = upstream->tls,
		.upstream = upstream->of.upstream,
		.hostname = upstream->of.config->hostname,
		.login = upstream->login,
		.next = next,
		.on_settled = on_settled,
		.on_ready = on_ready,
		.on_trouble = on_trouble,
		.on_gone = on_gone,
		.ctx = member,
	};

	if (member == NULL)
		return false;
	member->upstream = upstream;
	if ((member->uplink = uplink_start(&context)) == NULL) {
		free(member);
		return false;
	}
	member->next = upstream->members;
	upstream->members = member;
	upstream->nmembers++;
	return true;
}

static size_t
wake_idle(struct upstream *upstream, size_t ready)
{
	struct member *following;

	for (struct member *member = upstream->members; member != NULL && ready > 0;
	     member = following) {
		following = member->next;
		if (uplink_is_idle(member->uplink)) {
			uplink_wake(member->uplink);
			ready--;
		}
	}
	return ready;
}

/* A probe is one uplink that may take messages; those from before the hold may still be busy. */
static void
probe(struct upstream *upstream)
{
	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		if (!member->leaving)
			return;
	open_uplink(upstream);
}

static void
kick_held(struct upstream *upstream)
{
	int64_t wait = upstream->health.probe_ms - clock_real_ms();

	finish_uplinks(upstream);
	kick_later(upstream, wait > 0 ? (uint64_t)wait : 0);
}

void
upstream_kick(struct upstream *upstream, size_t ready)
{
	if (upstream->draining)
		return;
	if (health_is_probe_due(&upstream->health, clock_real_ms())) {
		finish_uplinks(upstream);
		health_probe(&upstream->health);
	}
	if (upstream->health.state != HEALTH_HELD &&
	    (ready > 0 || upstream->health.state == HEALTH_PROBING))
		prepare_tls(upstream);
	if (upstream->health.state == HEALTH_HELD) {
		kick_held(upstream);
		return;
	}
	if (upstream->health.state == HEALTH_PROBING) {
		probe(upstream);
		wake_idle(upstream, 1); /* it may have waited for its pace */
		return;
	}
	ready = wake_idle(upstream, ready);
	if (count(upstream, uplink_is_idle) > 0)
		return; /* it may take none now, so another one would not help */

	size_t dialling = count(upstream, uplink_is_connecting);

	while (ready > dialling * BACKLOG_PER_DIAL && upstream->health.state == HEALTH_UP &&
	       upstream->nmembers < upstream->of.upstream->connections && open_uplink(upstream))
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
	finish_uplinks(upstream);
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

void
upstream_status(const struct upstream *upstream, struct outbound_upstream_status *out)
{
	bool up = upstream->health.state == HEALTH_UP;

	*out = (struct outbound_upstream_status){
		.name = upstream->of.upstream->name,
		.host = upstream->of.upstream->host,
		.port = upstream->of.upstream->port,
		.state = up ? UPSTREAM_UP : UPSTREAM_HELD,
		.connections = (unsigned)upstream->nmembers,
		.hold_reason = up ? NULL : upstream->health.reason,
		.held_since_ms = up ? 0 : upstream->health.since_ms,
		.next_probe_ms = up ? 0 : upstream->health.probe_ms,
	};
	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		out->busy += member->messages > 0;
}

struct upstream *
upstream_new(const struct upstream_context *context)
{
	struct upstream *upstream = calloc(1, sizeof *upstream);

	if (upstream == NULL)
		return NULL;
	upstream->of = *context;
	upstream->pace.rate = context->upstream->rate;
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
