/* SPDX-License-Identifier: ISC */
/* conn_private.h - what a connection is made of: for conn*.c alone. */
#ifndef NET_CONN_PRIVATE_H
#define NET_CONN_PRIVATE_H

#include <event2/event_struct.h>

#include "base/str.h"
#include "net/conn.h"
#include "net/transport.h"

enum conn_layer { CONN_PLAIN, CONN_HANDSHAKE, CONN_SECURE };

enum conn_life {
	CONN_OPEN,
	CONN_ENDING,    /* over, but on_end waits until the owner resumes */
	CONN_ENDED,     /* on_end was called; output may still leave */
	CONN_LINGERING, /* conn_close() was called: no owner any more */
	CONN_DEAD,      /* conn_free() was called within a callback: only the struct is left */
};

struct conn {
	struct event readable, writable, timer;
	struct event wake; /* what must not happen within the owner's call */
	struct evbuffer *in, *out;
	const struct conn_events *events;
	void *ctx;
	struct transport io;
	enum conn_layer layer;
	enum conn_life life;
	enum conn_end how;
	struct str why;
	unsigned busy;               /* callbacks of ours on the stack: do not free the struct */
	int64_t deadline;            /* monotonic ms; 0: none */
	int64_t timer_at;            /* when the timer fires, at or before the deadline */
	uint64_t written;            /* octets of output that the socket took */
	size_t scanned;              /* octets at the head of `in` known to hold no LF */
	bool is_reading, is_writing; /* which events are added */
	bool is_paused;
	bool is_full;    /* CONN_INPUT_MAX was reached: on_consumed() goes on */
	bool is_resumed; /* on_input is due even without news */
	bool is_drained; /* on_drain is due */
	bool was_high;   /* the output had reached CONN_LOW_WATER */
	bool read_wants_write, write_wants_read; /* TLS */
	bool write_failed;
	bool peer_is_done; /* EOF was seen */
	bool is_shut;      /* lingering: nothing is left to write */
};

/* Whether the owner may still be called back. */
static inline bool
conn_is_alive(const struct conn *conn)
{
	return conn->life <= CONN_ENDING;
}

/* The events' callbacks; arg is the connection. */
void conn_on_readable(evutil_socket_t fd, short what, void *arg);
void conn_on_writable(evutil_socket_t fd, short what, void *arg);
void conn_on_timer(evutil_socket_t fd, short what, void *arg);
void conn_on_wake(evutil_socket_t fd, short what, void *arg);

/* Make conn_on_wake() happen soon; set the timer to a monotonic time. */
void conn_wake(struct conn *conn);
/* The same when the loop has looked at every socket: who writes as fast as its peer reads lets
 * others have their turns. */
void conn_wake_next_turn(struct conn *conn);
void conn_set_timer(struct conn *conn, int64_t now, int64_t at);

/* Begin to linger; frees the connection at once or later. */
void conn_linger(struct conn *conn, unsigned linger_ms);

/* The steps of a lingering connection: call when an event says so. */
void conn_linger_readable(struct conn *conn);
void conn_linger_writable(struct conn *conn);

/* Add or remove the events. */
void conn_want_read(struct conn *conn, bool want);
void conn_want_write(struct conn *conn, bool want);

/* Write what the socket takes; a failure ends the connection, later. */
void conn_write_out(struct conn *conn);

/* Close, free all but the struct, and that too unless a callback of ours is on the stack. */
void conn_destroy(struct conn *conn);

#endif
