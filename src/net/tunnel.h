/* SPDX-License-Identifier: ISC */
/* tunnel.h - have a SOCKS5 proxy connect a socket to a host.  For dial.c. */
#ifndef NET_TUNNEL_H
#define NET_TUNNEL_H

#include <stdint.h>

struct dial_target;
struct event_base;
struct tunnel;

/*
 * why NULL: the socket, which the callee owns again, now leads to the host.  Otherwise it says what
 * the proxy said.  Called once, from the loop; the callee calls tunnel_free().
 */
typedef void tunnel_fn(void *ctx, int fd, const char *why);

/* Takes the connected socket and borrows the target.  NULL: out of memory; fd stays the caller's.
 */
struct tunnel *tunnel_new(
    struct event_base *base, int fd, const struct dial_target *target, tunnel_fn *done, void *ctx);

/* Close the socket, if it is still ours, and free. */
void tunnel_free(struct tunnel **tunnel);

#endif
