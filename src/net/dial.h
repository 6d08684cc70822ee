/* SPDX-License-Identifier: ISC */
/*
 * dial.h - connect to a host by name: all its addresses, IPv6 and IPv4, raced as RFC 8305 says (a
 * new attempt every 250 ms while the earlier ones hang).
 */
#ifndef NET_DIAL_H
#define NET_DIAL_H

#include <stdint.h>
#include <sys/socket.h>

struct dial;
struct event_base;
struct resolver;

/*
 * Names through evdns: /etc/hosts and resolv.conf; re-read when they change.  A machine
 * without name servers still resolves numeric addresses and /etc/hosts.  The addresses that worked
 * are remembered in the file "names" of dir (see names.h), a borrowed descriptor; -1: nowhere.
 */
struct resolver *resolver_new(struct event_base *base, int dir);
void resolver_free(struct resolver **resolver);

/* Where to, and how.  The texts are borrowed until the dial is over. */
struct dial_target {
	const char *host; /* a name or an address */
	uint16_t port;
	/* A SOCKS5 proxy that connects for us and resolves the name; NULL: none. */
	const char *proxy_host;
	uint16_t proxy_port;
	const char *proxy_username, *proxy_password; /* NULL: no login */
	const char *bind4, *bind6; /* source addresses; NULL: the system's choice for that family */
	uint64_t timeout_ms;       /* for all of it */
};

/*
 * Success: fd is a connected non-blocking socket with TCP_NODELAY, now the callee's, and peer its
 * address, maybe the proxy's (valid during the call).  Failure: fd is -1 and why names each address
 * that was tried and its error.  Called once, never from within dial_start().
 */
typedef void dial_fn(void *ctx, int fd, const struct sockaddr *peer, const char *why);

/* NULL: out of memory. */
struct dial *dial_start(struct event_base *base, struct resolver *resolver,
    const struct dial_target *target, dial_fn *done, void *ctx);

/* Cancel: done will not be called.  The dial frees itself after done; the owner then drops its
 * pointer. */
void dial_cancel(struct dial **dial);

#endif
