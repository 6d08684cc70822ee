/* SPDX-License-Identifier: ISC */
/* listener.h - the listening sockets of the SMTP ports and of the control port. */
#ifndef PROVIDER_LISTENER_H
#define PROVIDER_LISTENER_H

#include <event2/util.h>

struct listener;
struct server;

/* Bind all ports that the options name and tell them in --ports-file; NULL, with the trouble on
 * stderr. */
struct listener *listener_new(struct server *server);
void listener_free(struct listener **listener);

/* Refuse connections on the SMTP ports; and accept them again, on the same ports. */
void listener_stop(struct listener *listener);
int listener_resume(struct listener *listener);

/* control.c: serve a client of the control port. */
void control_start(struct server *server, evutil_socket_t fd);

#endif
