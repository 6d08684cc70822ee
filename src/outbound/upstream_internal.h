/* SPDX-License-Identifier: ISC */
/*
 * upstream_internal.h - shared by the files of an upstream alone: upstream.c (its health: when is
 * it held, when is it tried again), upstream_pool.c (its connections and what they report),
 * upstream_throttle.c (less for one that wants less), upstream_status.c (what is told of it).
 */
#ifndef OUTBOUND_UPSTREAM_INTERNAL_H
#define OUTBOUND_UPSTREAM_INTERNAL_H

#include "outbound/health.h"
#include "outbound/meter.h"
#include "outbound/pace.h"
#include "outbound/ports.h"
#include "outbound/trust.h"
#include "outbound/uplink.h"
#include "outbound/upstream.h"
#include "outbound/width.h"

struct auth_client;
struct event;
struct tls_client;

struct member {
	struct uplink *uplink;
	struct upstream *upstream;
	struct member *next;
	unsigned messages; /* it has now */
	size_t port;       /* which of the upstream's */
	bool leaving;      /* takes no more */
	bool is_scout;     /* tries the first port, while another one is used */
	enum pipelining bound;
};

struct upstream {
	struct upstream_context of;
	struct health health;
	struct ports ports;
	struct pace pace;
	struct width width;
	struct trust trust;
	struct meter meter; /* messages that it took */
	struct tls_client *tls;
	struct auth_client *login;
	struct event *timer; /* the next probe, or the next token of the pace */
	struct member *members;
	size_t nmembers;
	size_t ready; /* messages that waited for it when it was last kicked */
	unsigned strikes;
	bool draining;
	int64_t throttled_ms;                     /* real time of the first throttle of a row */
	char throttle_reason[HEALTH_REASON_SIZE]; /* of the last one */
};

/* upstream.c */

/* The port in use. */
uint16_t upstream_port(const struct upstream *upstream);

/* Trouble: no uplink but a probe, from now on. */
void upstream_hold(struct upstream *upstream, enum hold kind, const char *why);
/* It works. */
void upstream_recover(struct upstream *upstream);
/* Come back to this upstream after a while. */
void upstream_kick_later(struct upstream *upstream, uint64_t ms);

/* upstream_pool.c */

/* Open one more uplink: false when out of memory, or when TLS cannot be set up. */
bool pool_open(struct upstream *upstream);
/* See whether the first port can be reached again, if that is due and there is room. */
void pool_scout(struct upstream *upstream);
/* Let uplinks begin `ready` messages, idle ones first: how many are left then. */
size_t pool_wake(struct upstream *upstream, size_t ready);
/* End every uplink that has no message; the others finish theirs. */
void pool_finish(struct upstream *upstream);
size_t pool_count(const struct upstream *upstream, bool (*what)(const struct uplink *uplink));

/* upstream_throttle.c */

/* Whether it gets less than was configured, because it wanted less. */
bool upstream_is_throttled(struct upstream *upstream);
/* The callback of an uplink; ctx is its struct member. */
void throttle_on_reply(
    void *ctx, struct uplink *uplink, enum throttle what, int64_t since_ms, const char *why);

#endif
