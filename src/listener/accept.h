/* SPDX-License-Identifier: ISC */
/*
 * accept.h - take clients from the listening sockets, in bounded batches, so that a flood of them
 * does not starve the sessions.  When the process or the system is out of descriptors, but for a
 * few that the spool needs, accepting pauses: clients wait in the kernel's queue.
 */
#ifndef LISTENER_ACCEPT_H
#define LISTENER_ACCEPT_H

#include <stddef.h>
#include <sys/socket.h>

struct acceptor;
struct event_base;

/* A client of fds[index]: fd is non-blocking, close-on-exec and without Nagle, and now the
 * callee's. */
typedef void accept_fn(void *ctx, size_t index, int fd, const struct sockaddr *peer, socklen_t len);

/* Begin to accept.  fds are borrowed.  NULL: out of memory. */
struct acceptor *
acceptor_new(struct event_base *base, const int *fds, size_t nfds, accept_fn *on_client, void *ctx);

/* Accept no more. */
void acceptor_free(struct acceptor **acceptor);

#endif
