/* SPDX-License-Identifier: ISC */
/* owner.h - for tests of connections: an owner that reacts as told, and the peer's end of the
 * socket. */
#ifndef UNIT_NET_OWNER_H
#define UNIT_NET_OWNER_H

#include <stddef.h>

#include "base/str.h"
#include "net/conn.h"

/* What an owner does when it is called. */
enum reaction { KEEP, TAKE, ANSWER, FREE, CLOSE, PAUSE };

struct owner {
	struct conn *conn;
	enum reaction on_input, on_drain, on_end;
	struct str taken;
	int inputs, drains, ended;
	enum conn_end how;
	char why[100];
};

extern struct event_base *base;
extern int fds[2]; /* [0] belongs to the connection, [1] is the peer */
extern struct owner owner;

/* Fixtures: a loop and a connection over a pair of sockets. */
void set_up_unix(void);
void set_up_tcp(void);
void tear_down(void);

void peer_writes(const char *text);
void peer_leaves(void);

/* What has arrived at the peer by now. */
const char *peer_reads(void);

/* Make the socket full: write until it takes no more, and more than CONN_LOW_WATER beyond; how much
 * was written. */
size_t fill_up(void);

#endif
