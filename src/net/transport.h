/* SPDX-License-Identifier: ISC */
/*
 * transport.h - move octets between a non-blocking socket, plain or TLS, and evbuffers.  Private to
 * conn.c: it knows no events and calls nobody back.
 */
#ifndef NET_TRANSPORT_H
#define NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>

struct evbuffer;
struct ssl_st;

struct transport {
	int fd;
	struct ssl_st *ssl; /* NULL: plain */
	bool is_broken;     /* an error after which OpenSSL forbids further calls */
	bool is_mute;       /* the socket takes no more of the session; what it has is read */
	size_t allowance;   /* octets of records that this call may still read */
	unsigned key_updates;
};

enum io {
	IO_DONE,
	IO_WANT_READ,  /* call again when the socket is readable */
	IO_WANT_WRITE, /* call again when it is writable */
	IO_EOF,        /* the peer closed, with or without close_notify */
	IO_ERROR,      /* errno */
	IO_TLS,        /* the error queue tells: see tls_explain() */
};

/*
 * Read up to about max octets onto the end of in.  IO_DONE: there may be more.  Octets may have
 * been added whatever the result.
 */
enum io transport_read(struct transport *io, struct evbuffer *in, size_t max);

/* Write out until it is empty (IO_DONE) or the socket is full.  TLS: in records as large as can be.
 */
enum io transport_write(struct transport *io, struct evbuffer *out);

/* Put TLS on top; ssl is taken.  -1: out of memory, ssl is freed. */
int transport_start_tls(struct transport *io, struct ssl_st *ssl);

enum io transport_handshake(struct transport *io);

/* Whether OpenSSL holds input that no readable event will announce. */
bool transport_has_pending(const struct transport *io);

/* Say that nothing follows: close_notify as far as it can be sent at once, then a half-close. */
void transport_shutdown(struct transport *io);

/* Close the socket.  A TLS session that was sound stays resumable. */
void transport_close(struct transport *io);

#endif
