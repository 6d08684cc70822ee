/* SPDX-License-Identifier: ISC */
/*
 * output.h - what goes out to the client, when.  Everything to be sent or done
 * stands in one queue, each item with its own due time, in order: latency
 * delays each octet and limits no throughput.  The queue is empty when nothing
 * is delayed.
 */
#ifndef PROVIDER_OUTPUT_H
#define PROVIDER_OUTPUT_H

#include <sys/queue.h>

#include <stdbool.h>
#include <stddef.h>

struct evbuffer;
struct event;
struct session;

enum output_kind {
	OUTPUT_DATA,
	OUTPUT_ENDLESS, /* stays at the head for ever, sending its text again and again */
	OUTPUT_TLS,
	OUTPUT_GOODBYE, /* close_notify and FIN */
	OUTPUT_CLOSE,   /* FIN */
	OUTPUT_RST
};

struct output_item;
TAILQ_HEAD(output_queue, output_item);

struct output {
	struct output_queue queue;
	struct evbuffer *data; /* of the queue's DATA items, one after another */
	struct event *timer;
	double last_due; /* milliseconds, of the newest item */
	double hold;     /* milliseconds that the next item is to wait longer */
	bool flushing;   /* an item waits for the socket to take what is before it */
};

/* Returns -1 when there is no memory. */
int output_init(struct session *s);
void output_clear(struct session *s);

/* Send octets. */
void output_send(struct session *s, const char *data, size_t len);

/* Send octets one at a time, ms apart. */
void output_send_slowly(struct session *s, const char *data, size_t len, unsigned long ms);

/* Send the text over and over. */
void output_endless(struct session *s, const char *text);

/* What is sent from here on waits so much longer. */
void output_delay(struct session *s, unsigned long ms);

/* Do this (TLS, GOODBYE, CLOSE, RST) when all before it has been sent. */
void output_then(struct session *s, enum output_kind kind);

/* Has everything been handed to the system? */
bool output_is_empty(const struct session *s);

/* The octets that wait, for the bound on a client that never reads. */
size_t output_waiting(const struct session *s);

/* The socket has taken what was written. */
void output_on_drained(struct session *s);

#endif
