/* SPDX-License-Identifier: ISC */
/*
 * session.h - one connection to an upstream: set up with TLS and login, then one message after
 * another. A session pulls its messages from its owner and gives each back with a fate for every
 * recipient.
 */
#ifndef OUTBOUND_SESSION_H
#define OUTBOUND_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "outbound/classify.h"
#include "outbound/delivery.h"

struct config_upstream;
struct event_base;
struct resolver;
struct session;
struct tls_client;

struct session_context {
	struct event_base *base;
	struct resolver *resolver;
	struct tls_client *tls; /* NULL for tls = "none" */
	const struct config_upstream *upstream;
	const char *hostname; /* for EHLO */
	const char *password; /* NULL: no login */

	/* The callbacks.  The session is valid in each; after on_gone no more. */

	/* The next message to send, or NULL.  `ahead`: for pipelining behind one that is on its
	 * way. */
	struct delivery *(*next)(void *ctx, struct session *session, bool ahead);
	/* Takes the delivery back.  last: put it at the end of its lane. */
	void (*on_settled)(
	    void *ctx, struct session *session, struct delivery *delivery, bool last);
	/* Set up: the upstream let us in. */
	void (*on_ready)(void *ctx, struct session *session);
	/* The upstream's trouble: hold it.  kind HOLD_NONE: a connection broke amid a transaction,
	 * which may be the message's fault. */
	void (*on_trouble)(void *ctx, struct session *session, enum hold kind, const char *reason);
	/* The connection is over; the session frees itself after this. */
	void (*on_gone)(void *ctx, struct session *session);
	void *ctx;
};

/* NULL: out of memory. */
struct session *session_start(const struct session_context *context);

/* Whether it is set up and has no message. */
bool session_is_idle(const struct session *session);
/* Whether it is still being set up. */
bool session_is_connecting(const struct session *session);

/* An idle session looks for a message. */
void session_wake(struct session *session);

/* Take no more messages; QUIT when those it has are settled. */
void session_finish(struct session *session);

/* End now: messages whose content was sent to its end become uncertain, the others go back.  Calls
 * on_gone. */
void session_abort(struct session *session, const char *why);

#endif
