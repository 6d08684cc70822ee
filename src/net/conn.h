/* SPDX-License-Identifier: ISC */
/*
 * conn.h - one stream socket with buffers, optional TLS and one deadline, on a libevent loop.
 *
 * Output is written at once, as far as the socket takes it, when a callback returns or on
 * conn_flush(): replies to a whole pipelined batch leave in one write, and no loop turn lies
 * between a reply and the wire. A deadline is for a whole step (a command and its reply, a
 * message), not for each read.
 */
#ifndef NET_CONN_H
#define NET_CONN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

struct conn;
struct evbuffer;
struct event_base;
struct ssl_st;

enum conn_end {
	CONN_END_EOF,      /* the peer closed in order; what it sent before was given to on_input */
	CONN_END_ERROR,    /* reset or another error of the socket */
	CONN_END_DEADLINE, /* the deadline passed */
	CONN_END_TLS,      /* the handshake or a record failed */
};

struct conn_events {
	/* A TLS handshake finished.  May be NULL for plain connections. */
	void (*on_secure)(void *ctx);
	/* There is new input in conn_input(). */
	void (*on_input)(void *ctx);
	/* The output that had been waiting fell below CONN_LOW_WATER.  May be NULL. */
	void (*on_drain)(void *ctx);
	/*
	 * Over: no input follows.  The owner frees or closes the connection, now or later; after
	 * EOF and DEADLINE output still leaves.  why is for the log.
	 */
	void (*on_end)(void *ctx, enum conn_end how, const char *why);
};

enum {
	CONN_LOW_WATER = 32 * 1024,
	CONN_INPUT_MAX = 128 * 1024, /* reading pauses while this much input is not consumed */
};

/*
 * Takes a connected, non-blocking socket; the process must ignore SIGPIPE.
 * NULL: out of memory, fd stays the caller's.
 */
struct conn *conn_new(struct event_base *base, int fd, const struct conn_events *events, void *ctx);

/* Close and free; safe within a callback.  Output not yet written is lost. */
void conn_free(struct conn **conn);

/*
 * Give up ownership politely: no callbacks any more; what waits is written, our side is closed, and
 * the connection frees itself when the peer has closed as well, after linger_ms at the latest. Such
 * connections keep event_base_dispatch() from returning.
 */
void conn_close(struct conn **conn, unsigned linger_ms);

/* Ask anew each time octets are to be taken out: conn_read_line() relies on it. */
struct evbuffer *conn_input(struct conn *conn);
struct evbuffer *conn_output(struct conn *conn);

/* How many octets of the output the socket has taken so far. */
uint64_t conn_written(const struct conn *conn);

/* Write now.  Needed only outside of the callbacks; a failure is told by on_end, later. */
void conn_flush(struct conn *conn);

/* Call on_drain in the next turn of the loop, unless more than CONN_LOW_WATER waits then. */
void conn_drain_soon(struct conn *conn);

/* End the connection (CONN_END_DEADLINE) unless called again within ms; 0: no deadline. */
void conn_set_deadline(struct conn *conn, uint64_t ms);

/* Stop and resume calling on_input (the socket's buffer then pushes back on the peer). */
void conn_pause(struct conn *conn);
void conn_resume(struct conn *conn);

/*
 * Begin a TLS handshake with a session made by tls.h (taken in any case); on_secure tells when it
 * is done, and output waits for that.  Input that is already buffered is an error of the peer: -1,
 * and the connection must be given up (RFC 3207 4.2, plaintext injection).
 */
int conn_start_tls(struct conn *conn, struct ssl_st *ssl);

bool conn_is_secure(const struct conn *conn);
struct ssl_st *conn_ssl(struct conn *conn); /* NULL when plain */

enum conn_line { CONN_LINE_NONE, CONN_LINE_OK, CONN_LINE_TOO_LONG };

/*
 * Take one line that ends with LF (and drop a CR before it) out of the input, NUL-terminated.
 * TOO_LONG: size - 1 octets or more stand there without LF: nothing is taken.  NUL octets within
 * are kept: compare *len with strlen(). *bare_lf tells that the line ended without CR.
 */
enum conn_line
conn_read_line(struct conn *conn, char *buf, size_t size, size_t *len, bool *bare_lf);

#endif
