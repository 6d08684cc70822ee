/* SPDX-License-Identifier: ISC */
/* resolver.h - names to addresses: for dial.c alone. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <stdint.h>

struct event_base;
struct lookup;
struct resolver;
struct addrinfo;

/* resolver_new() with other files than /etc/resolv.conf and /etc/hosts: for tests.  The names are
 * borrowed. */
struct resolver *
resolver_new_from(struct event_base *base, const char *resolv_conf, const char *hosts);

/* found is NULL on failure and why says more; the callee frees it (evutil_freeaddrinfo). */
typedef void lookup_fn(void *ctx, struct addrinfo *found, const char *why);

/*
 * Look a host up.  NULL: done was called already (an address, a name in hosts, out of memory).
 * Otherwise it will be called, once, unless lookup_cancel() comes first.
 */
struct lookup *lookup_start(
    struct resolver *resolver, const char *host, uint16_t port, lookup_fn *done, void *ctx);
void lookup_cancel(struct lookup **lookup);

#endif
