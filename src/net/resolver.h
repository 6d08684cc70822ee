/* SPDX-License-Identifier: ISC */
/* resolver.h - names to addresses: for dial.c alone. */
#ifndef NET_RESOLVER_H
#define NET_RESOLVER_H

#include <stdbool.h>

struct event_base;
struct lookup;
struct names;
struct resolver;
struct addrinfo;

/* resolver_new() with other files than /etc/resolv.conf and /etc/hosts: for tests.  The names are
 * borrowed. */
struct resolver *
resolver_new_from(struct event_base *base, int dir, const char *resolv_conf, const char *hosts);

/* Its memory. */
struct names *resolver_names(struct resolver *resolver);

/*
 * Called with the addresses that are new (of at most two families, with port 0; valid during the
 * call; NULL: none) when a connection may begin: RFC 8305 3.  is_last: nothing more will come, the
 * lookup is gone; if nothing came at all, why says so in words.  Not from within lookup_start().
 */
typedef void
lookup_fn(void *ctx, const struct addrinfo *const found[2], bool is_last, const char *why);

/* Look up the addresses of both families of a host: a name or an address.  NULL: out of memory. */
struct lookup *
lookup_start(struct resolver *resolver, const char *host, lookup_fn *done, void *ctx);

/* done is not called any more. */
void lookup_cancel(struct lookup **lookup);

#endif
