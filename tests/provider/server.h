/* SPDX-License-Identifier: ISC */
/*
 * server.h - what all parts of the test provider share: one of each, made by
 * main.c.  The provider shares no code with postern, so that it cannot agree
 * with a mistake of ours.
 */
#ifndef PROVIDER_SERVER_H
#define PROVIDER_SERVER_H

#include <sys/queue.h>

#include <jansson.h>
#include <stddef.h>

struct capture;
struct event_base;
struct eventlog;
struct faults;
struct listener;
struct options;
struct session;
struct stats;
struct tls;

TAILQ_HEAD(session_list, session);

struct server {
	struct event_base *base;
	struct options *options;
	struct faults *faults;
	struct stats *stats;
	struct capture *capture;
	struct eventlog *log; /* NULL: no log is kept */
	struct tls *tls;
	struct listener *listener;
	struct session_list sessions;
	unsigned long connections; /* ever, over all resets */
	double tokens;             /* what is left of --rate */
	double tokens_at;
};

/* Hang up on everybody; returns how many there were. */
unsigned server_drop_all(struct server *server);

/* Take one message's token of --rate; 0 when there is none left. */
int server_take_token(struct server *server);

/* All statistics, with the faults; a new object. */
json_t *server_report(const struct server *server);

#endif
