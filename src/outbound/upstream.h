/* SPDX-License-Identifier: ISC */
/*
 * upstream.h - one provider: its health, its pool of uplinks, its pace.  It asks its owner for
 * messages and gives them back; which message goes where is the owner's business.
 */
#ifndef OUTBOUND_UPSTREAM_H
#define OUTBOUND_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "outbound/delivery.h"
#include "outbound/outbound.h"

struct certificate;
struct config;
struct config_upstream;
struct counters;
struct event_base;
struct resolver;
struct sizes;
struct upstream;

struct upstream_context {
	struct event_base *base;
	struct resolver *resolver;
	const struct config *config;
	const struct config_upstream *upstream;
	const char *password;                  /* NULL: none */
	const struct certificate *certificate; /* to be shown; NULL: none */
	const char *proxy_password;            /* NULL: no login there */
	struct counters *counters;
	struct sizes *sizes; /* the largest message that it takes is told there */

	/* The next message for this upstream, or NULL. */
	struct delivery *(*next)(void *ctx, struct upstream *upstream);
	/* Takes a delivery back, judged. */
	void (*on_settled)(
	    void *ctx, struct upstream *upstream, struct delivery *delivery, bool last);
	/* Something changed that may let messages go, here or at another upstream: call
	 * upstream_kick() soon. */
	void (*on_change)(void *ctx);
	void *ctx;
};

struct upstream *upstream_new(const struct upstream_context *context);
void upstream_free(struct upstream **upstream); /* aborts what is left */

/* Whether it works, as far as is known: neither held nor in a probe. */
bool upstream_is_up(const struct upstream *upstream);

/* There may be `ready` messages for it: wake idle uplinks, open more as the backlog asks. */
void upstream_kick(struct upstream *upstream, size_t ready);

/* A held upstream is probed now, whatever its clock says. */
void upstream_probe_now(struct upstream *upstream);

/* Give no more messages to uplinks, let them finish. */
void upstream_drain(struct upstream *upstream);
/* End every uplink now. */
void upstream_abort(struct upstream *upstream);
size_t upstream_uplinks(const struct upstream *upstream);

const struct config_upstream *upstream_config(const struct upstream *upstream);
void upstream_status(struct upstream *upstream, struct outbound_upstream_status *out);

#endif
