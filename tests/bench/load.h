/* SPDX-License-Identifier: ISC */
/* load.h - what the parts of postern-load share: the options, the run, and who does what in it. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <netdb.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct client;
struct event;
struct event_base;
struct stats;

struct options {
	const char *host;
	const char *port;
	const char *sender;
	const char *domain;
	const char *id_prefix;
	const char *ack_log;
	uint64_t clients;
	uint64_t messages; /* 0: no end but the time */
	uint64_t time_ms;
	uint64_t size; /* octets of content as they travel, without the final dot */
	uint64_t recipients;
	uint64_t senders;        /* that take turns */
	uint64_t per_connection; /* 0: all on one connection */
	uint64_t stall_ms;
	bool pipelining;
};

/* What every message has in common, made once. */
struct content {
	char *mail; /* all MAIL commands, each of mail_len octets */
	size_t mail_len;
	char *rcpt; /* all RCPT commands, each of rcpt_len octets */
	size_t rcpt_len;
	char *body; /* with the final dot */
	size_t body_len;
	char date[40];
};

enum { ID_SIZE = 64, HEADER_SIZE = 768 };

struct run {
	const struct options *options;
	struct content content;
	struct addrinfo *address;
	struct event_base *base;
	struct stats *stats;
	struct event *watch;
	struct client **clients;
	FILE *ack_log;
	uint64_t started;  /* messages begun: the next one's number */
	uint64_t begun;    /* clients that were started */
	uint64_t live;     /* those, and others, that still have something to do */
	uint64_t deadline; /* monotonic microseconds; 0: none */
	uint64_t moved_at; /* when a reply last came */
	bool stalled;
};

/* Monotonic microseconds. */
uint64_t now_us(void);

/* Make the common parts of all messages; content_free releases them. */
void content_init(struct content *c, const struct options *o);
void content_free(struct content *c);

/* The id of message `number`: unique among runs, without spaces. */
void content_id(const struct options *o, uint64_t number, char id[ID_SIZE]);

/* Write the headers of the message `id`, always of the same length; returns that length. */
size_t content_header(
    const struct content *c, const struct options *o, const char *id, char out[HEADER_SIZE]);

/* All messages are begun, or the time is up: a client begins no other. */
bool run_is_over(const struct run *r);

/* A client has nothing more to do; the last one ends the loop. */
void run_leave(struct run *r);

/* A client was greeted, or turned away, for the first time: start the next one, if there is one. */
void run_begin_next(struct run *r);

/* Start one client, which connects at once and reports to the run until that is over. */
struct client *client_start(struct run *r);
void client_free(struct client **c);

#endif
