/* SPDX-License-Identifier: ISC */
/* loop.h - for tests with sockets: turn a loop until something is so, and socket pairs. */
#ifndef UNIT_NET_LOOP_H
#define UNIT_NET_LOOP_H

#include <event2/event.h>
#include <stdbool.h>

enum { LOOP_LIMIT_MS = 10000 };

/* Turn the loop until is_so(arg); the test fails after LOOP_LIMIT_MS. */
void loop_until_so(struct event_base *base, bool (*is_so)(void *arg), void *arg, const char *text);

/* The same for an int that an event sets. */
void loop_until_set(struct event_base *base, const int *flag, const char *text);
#define loop_until(base, flag) loop_until_set(base, flag, #flag)

/* Turn the loop for some time: only to show that something does not happen. */
void loop_for(struct event_base *base, int ms);

/* Two connected, non-blocking sockets: a pair of unix sockets, or over TCP on loopback. */
void pair_unix(int fds[2]);
void pair_tcp(int fds[2]);

/* Ignore SIGPIPE and make a loop. */
struct event_base *loop_new(void);

#endif
