/* SPDX-License-Identifier: ISC */
/* clients.h - how many sessions each client address has open, for the limits of a client section or
 * limits.connections_per_client. */
#ifndef LISTENER_CLIENTS_H
#define LISTENER_CLIENTS_H

#include <sys/socket.h>

struct client;
struct clients;

/* NULL: out of memory. */
struct clients *clients_new(void);
void clients_free(struct clients **clients);

/*
 * Count one more session of this address (IPv4-mapped counts as IPv4; ports do not matter).  NULL
 * and errno: EAGAIN when max are open already, ENOMEM.  The table holds only addresses with an open
 * session.
 */
struct client *clients_enter(struct clients *clients, const struct sockaddr *address, unsigned max);

/* How many are open. */
unsigned clients_count(struct clients *clients, const struct sockaddr *address);

/* One session less. */
void clients_leave(struct client **client);

#endif
