/* SPDX-License-Identifier: ISC */
/*
 * race.h - connect to the first of several addresses that answers (RFC 8305 5): IPv6 and IPv4 take
 * turns, a new attempt begins when the last one has failed or has hung for 250 ms.  For dial.c.
 */
#ifndef NET_RACE_H
#define NET_RACE_H

#include <stdbool.h>
#include <sys/socket.h>

enum { RACE_FAMILY_MAX = 8 }; /* addresses of each family that take part */

struct event_base;
struct race;
struct str;

/*
 * Success: fd is connected and now the callee's, peer is valid until race_free(), and all other
 * attempts have been given up.  Failure, of all addresses: fd is -1.  Called once, from the loop;
 * never from within a function below.
 */
typedef void race_fn(void *ctx, int fd, const struct sockaddr *peer);

/* bind4, bind6: the source addresses, borrowed; NULL: the system's choice.  NULL: out of memory. */
struct race *
race_new(struct event_base *base, const char *bind4, const char *bind6, race_fn *done, void *ctx);
void race_free(struct race **race);

/* Enter an address, before or during the race; one that takes part already changes nothing. */
void race_add(struct race *race, const struct sockaddr *address, socklen_t len);
int race_count(const struct race *race);

/* The addresses that take part, in the order of their entry; false: there is no such one. */
bool race_address(const struct race *race, int nth, struct sockaddr_storage *out);

/* Begin.  With is_complete no more addresses will come: when all have failed, the race is over. */
void race_go(struct race *race, bool is_complete);

/* Add each address and what became of it; hanging: of those that still hang. */
void race_explain(const struct race *race, const char *hanging, struct str *out);

#endif
