/* SPDX-License-Identifier: ISC */
/*
 * uplink.h - one connection to an upstream: set up with TLS and login, then one message behind
 * another, as many at a time as the upstream's extensions allow.  An uplink pulls its messages from
 * its owner and gives each back with a fate for every recipient.
 */
#ifndef OUTBOUND_UPLINK_H
#define OUTBOUND_UPLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "outbound/classify.h"
#include "outbound/delivery.h"

struct auth_client;
struct event_base;
struct resolver;
struct tls_client;
struct uplink;

struct uplink_context {
	struct event_base *base;
	struct resolver *resolver;
	struct tls_client *tls; /* NULL for tls = "none" */
	const struct config_upstream *upstream;
	uint16_t port;
	enum tls_mode tls_mode;
	bool has_alternative;       /* another port: do not wait long for a greeting */
	const char *hostname;       /* for EHLO */
	struct auth_client *login;  /* for its logins */
	const char *proxy_password; /* NULL: no login at a proxy */
	enum pipelining bound;      /* messages are sent as boldly as this, at most */
	bool is_proven;             /* another one was in step: this may stream at once */

	/* The callbacks.  The uplink is valid in each; after on_gone no more. */

	/* The next message to send, or NULL.  `ahead`: behind one that is on its way. */
	struct delivery *(*next)(void *ctx, struct uplink *uplink, bool ahead);
	/* Takes the delivery back.  last: put it at the end of its lane. */
	void (*on_settled)(void *ctx, struct uplink *uplink, struct delivery *delivery, bool last);
	/* Set up: the upstream let us in. */
	void (*on_ready)(void *ctx, struct uplink *uplink);
	/* The upstream's trouble: hold it.  kind HOLD_NONE: a connection broke amid a transaction,
	 * which may be the message's fault. */
	void (*on_trouble)(void *ctx, struct uplink *uplink, enum hold kind, const char *reason);
	/*
	 * The upstream works, but wants fewer messages in a time or connections at a time. since_ms
	 * (monotonic): when that was begun which it refused so.  Up to the login the connection
	 * ends.
	 */
	void (*on_throttle)(void *ctx, struct uplink *uplink, enum throttle what, int64_t since_ms,
	    const char *why);
	/* Its replies do not fit what was sent: from here on it gets one command at a time.  Not
	 * is_sure: the connection broke before anything was taken, perhaps for that. */
	void (*on_fallback)(void *ctx, struct uplink *uplink, bool is_sure, const char *why);
	/* The connection is over; the uplink frees itself after this. */
	void (*on_gone)(void *ctx, struct uplink *uplink);
	void *ctx;
};

/* NULL: out of memory. */
struct uplink *uplink_start(const struct uplink_context *context);

/* Whether it is set up and has no message. */
bool uplink_is_idle(const struct uplink *uplink);
/* Whether it has not got as far as the login: trouble may be that of the way there. */
bool uplink_is_before_login(const struct uplink *uplink);
/* Whether it would begin a message now, behind those that it has. */
bool uplink_has_room(const struct uplink *uplink);
/* Whether its replies to what travelled together were made sure of. */
bool uplink_is_proven(const struct uplink *uplink);
/* Whether it is still being set up. */
bool uplink_is_connecting(const struct uplink *uplink);

/* The largest message that it takes (RFC 1870), once it is set up; 0: no limit is known. */
uint64_t uplink_size_limit(const struct uplink *uplink);

/* It looks for messages and begins `most` of them now, as far as it has room. */
void uplink_wake(struct uplink *uplink, size_t most);

/* Take no more messages; QUIT when those it has are settled. */
void uplink_finish(struct uplink *uplink);

/* End now: messages whose content was sent to its end become uncertain, the others go back.  Calls
 * on_gone. */
void uplink_abort(struct uplink *uplink, const char *why);

#endif
