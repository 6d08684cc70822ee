/* SPDX-License-Identifier: ISC */
/*
 * arrivals.h - connections of balancers that have not said yet who their client is.  Only the
 * header is taken from the socket: what follows, TLS or SMTP, is for the session.
 */
#ifndef LISTENER_ARRIVALS_H
#define LISTENER_ARRIVALS_H

#include <stddef.h>

#include "listener/accept.h"

struct arrivals;

struct arrivals_events {
	accept_fn *on_client;       /* with the address that the header tells */
	void (*on_lost)(void *ctx); /* there was none, or a wrong one: it is closed */
};

/* NULL: out of memory. */
struct arrivals *
arrivals_new(struct event_base *base, const struct arrivals_events *events, void *ctx);
void arrivals_free(struct arrivals **arrivals);

/* Takes fd; -1: out of memory, fd stays the caller's. */
int arrivals_wait(struct arrivals *arrivals, size_t index, int fd, const struct sockaddr *balancer,
    socklen_t len);

size_t arrivals_count(const struct arrivals *arrivals);

#endif
