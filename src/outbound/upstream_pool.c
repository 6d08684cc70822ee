/* SPDX-License-Identifier: ISC */
/*
 * upstream_pool.c - the connections to an upstream, and what they report: messages that they ask
 * for and give back, and trouble.  See upstream_internal.h.
 */
#include <stdlib.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "base/sizes.h"
#include "base/str.h"
#include "config/config.h"
#include "net/tls.h"
#include "outbound/upstream_internal.h"

enum { STRIKES_MAX = 2 }; /* connections in a row that broke amid a transaction */

size_t
pool_count(const struct upstream *upstream, bool (*what)(const struct uplink *uplink))
{
	size_t n = 0;

	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		n += what(member->uplink);
	return n;
}

void
pool_finish(struct upstream *upstream)
{
	struct member *following;

	for (struct member *member = upstream->members; member != NULL; member = following) {
		following = member->next;
		member->leaving = true;
		uplink_finish(member->uplink);
	}
}

static size_t
messages(const struct upstream *upstream)
{
	size_t n = 0;

	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		n += member->messages;
	return n;
}

/* Let uplinks of a kind begin `most` messages each; returns how many of `ready` are left. */
static size_t
wake(struct upstream *upstream, bool (*which)(const struct uplink *), size_t ready, size_t most)
{
	size_t before = messages(upstream);
	struct member *following;

	for (struct member *member = upstream->members; member != NULL; member = following) {
		if (messages(upstream) - before >= ready)
			return 0;
		following = member->next;
		if (which(member->uplink))
			uplink_wake(member->uplink, most);
	}
	return ready - (messages(upstream) - before);
}

/* Each idle uplink gets a message first; then all that have room get their share of the rest. */
size_t
pool_wake(struct upstream *upstream, size_t ready)
{
	ready = wake(upstream, uplink_is_idle, ready, 1);

	size_t able = pool_count(upstream, uplink_has_room);

	return able > 0 ? wake(upstream, uplink_has_room, ready, (ready + able - 1) / able) : ready;
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
	if (ahead && pool_count(upstream, uplink_is_idle) > 0)
		return false; /* another one is free to take it at once */

	uint64_t wait = pace_wait(&upstream->pace, clock_mono_ms());

	if (wait > 0)
		upstream_kick_later(upstream, wait);
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
			upstream_recover(upstream); /* with nothing to send it got as far as it
						       could */
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

	member->messages--;
	if (delivery_count(delivery, RCPT_DELIVERED) > 0) {
		meter_add(&upstream->meter, clock_mono_ms());
		trust_prove(&upstream->trust, member->bound, uplink_is_proven(uplink));
	}
	if (got_verdict(delivery) && upstream->health.state != HEALTH_HELD)
		upstream_recover(upstream);
	upstream->of.on_settled(upstream->of.ctx, upstream, delivery, last);
}

/* Let those go that came by another port. */
static void
leave_other_ports(struct upstream *upstream, size_t port)
{
	struct member *following;

	for (struct member *member = upstream->members; member != NULL; member = following) {
		following = member->next;
		if (member->port == port || member->leaving)
			continue;
		member->leaving = true;
		uplink_finish(member->uplink);
	}
}

static void
on_ready(void *ctx, struct uplink *uplink)
{
	struct member *member = ctx;
	struct upstream *upstream = member->upstream;
	const struct config_port *port = &upstream->of.upstream->ports[member->port];

	counter_add(&upstream->of.counters->upstream_connections, 1);
	sizes_tell(upstream->of.sizes, upstream->of.upstream->name, upstream->of.upstream->host,
	    uplink_size_limit(uplink), clock_mono_ms());
	log_debug("upstream_ready", log_s("upstream", upstream->of.upstream->name),
	    log_d("port", port->number));
	if (member->is_scout || member->port == upstream->ports.current) {
		if (member->port != upstream->ports.worked)
			log_info("upstream_port", log_s("upstream", upstream->of.upstream->name),
			    log_d("port", port->number));
		ports_work(&upstream->ports, member->port);
	}
	if (member->is_scout)
		leave_other_ports(upstream, member->port);
	member->is_scout = false;
}

/* The way to a port is blocked: try the next one, and hold the upstream when there is none. */
static void
on_blocked(struct member *member, enum hold kind, const char *reason)
{
	struct upstream *upstream = member->upstream;
	char words[HEALTH_REASON_SIZE];
	size_t before = upstream->ports.current;

	if (!ports_fail(&upstream->ports, member->port, reason, clock_mono_ms())) {
		ports_describe(&upstream->ports, words, sizeof words);
		upstream_hold(upstream, kind, words);
		return;
	}
	if (member->is_scout || upstream->ports.current != before)
		log_info("upstream_port_failed", log_s("upstream", upstream->of.upstream->name),
		    log_d("port", upstream->of.upstream->ports[member->port].number),
		    log_s("why", reason));
	upstream->of.on_change(upstream->of.ctx);
}

static void
on_trouble(void *ctx, struct uplink *uplink, enum hold kind, const char *reason)
{
	struct member *member = ctx;
	struct upstream *upstream = member->upstream;
	bool is_way = kind == HOLD_NETWORK || kind == HOLD_TLS;

	/* Trouble of a scout is that of its port: the one in use goes on. */
	if (member->is_scout || (is_way && uplink_is_before_login(uplink))) {
		on_blocked(member, kind, reason);
		return;
	}
	if (kind == HOLD_NONE && upstream->health.state == HEALTH_UP &&
	    ++upstream->strikes < STRIKES_MAX)
		return;
	upstream_hold(upstream, kind != HOLD_NONE ? kind : HOLD_NETWORK, reason);
}

static void
on_fallback(void *ctx, struct uplink *uplink, bool is_sure, const char *why)
{
	const struct member *member = ctx;
	struct upstream *upstream = member->upstream;
	int64_t now = clock_mono_ms();

	(void)uplink;
	if (is_sure ? trust_lose(&upstream->trust, member->bound, now)
		    : trust_doubt(&upstream->trust, member->bound, now))
		log_warning("upstream_falls_back", log_s("upstream", upstream->of.upstream->name),
		    log_s("why", why), log_d("for_s", (upstream->trust.until_ms - now) / 1000));
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
	if (config->tls_min == TLS_LEAST_1_0 || config->tls_min == TLS_LEAST_1_1)
		log_warning("tls_weak", log_s("upstream", config->name),
		    log_s("why", "tls_min allows versions of TLS that can be broken"));
	upstream->tls = tls_client_new(config, upstream->of.certificate, &why);
	if (upstream->tls == NULL)
		upstream_hold(
		    upstream, HOLD_TLS, why.data != NULL ? why.data : "TLS cannot be set up");
	str_free(&why);
	return upstream->tls != NULL;
}

static bool
open_at(struct upstream *upstream, size_t port, bool is_scout)
{
	const struct config_upstream *config = upstream->of.upstream;

	if (!prepare_tls(upstream))
		return false;

	struct member *member = calloc(1, sizeof *member);
	const enum pipelining bound = trust_bound(&upstream->trust, clock_mono_ms());
	const struct uplink_context context = {
		.base = upstream->of.base,
		.resolver = upstream->of.resolver,
		.tls = upstream->tls,
		.upstream = config,
		.port = config->ports[port].number,
		.tls_mode = config->ports[port].tls,
		.has_alternative = config->nports > 1,
		.hostname = upstream->of.config->hostname,
		.proxy_password = upstream->of.proxy_password,
		.login = upstream->login,
		.bound = bound,
		.is_proven = upstream->trust.is_proven,
		.next = next,
		.on_settled = on_settled,
		.on_ready = on_ready,
		.on_trouble = on_trouble,
		.on_throttle = throttle_on_reply,
		.on_fallback = on_fallback,
		.on_gone = on_gone,
		.ctx = member,
	};

	if (member == NULL)
		return false;
	member->upstream = upstream;
	member->port = port;
	member->is_scout = is_scout;
	member->bound = bound;
	if ((member->uplink = uplink_start(&context)) == NULL) {
		free(member);
		return false;
	}
	member->next = upstream->members;
	upstream->members = member;
	upstream->nmembers++;
	return true;
}

bool
pool_open(struct upstream *upstream)
{
	return open_at(upstream, upstream->ports.current, false);
}

void
pool_scout(struct upstream *upstream)
{
	int64_t now = clock_mono_ms();

	if (!ports_should_return(&upstream->ports, now) ||
	    upstream->nmembers >= width_allowed(&upstream->width, now))
		return;
	for (const struct member *member = upstream->members; member != NULL; member = member->next)
		if (member->is_scout)
			return;
	open_at(upstream, 0, true);
}
