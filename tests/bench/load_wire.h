/* SPDX-License-Identifier: ISC */
/* load_wire.h - one plain TCP connection of the load generator: lines in, borrowed pieces out. */
#ifndef BENCH_LOAD_WIRE_H
#define BENCH_LOAD_WIRE_H

#include <netdb.h>
#include <stddef.h>
#include <sys/uio.h>

struct event;
struct event_base;

enum { WIRE_PIECES = 3, WIRE_INPUT_SIZE = 4096 };

struct wire_calls {
	void (*on_line)(void *ctx, const char *line, size_t len); /* without its CRLF */
	void (*on_sent)(void *ctx);                               /* all pieces are gone */
	void (*on_lost)(void *ctx, const char *why);              /* the wire is still open */
};

struct wire {
	const struct wire_calls *calls;
	void *ctx;
	struct event *readable;
	struct event *writable;
	struct iovec out[WIRE_PIECES]; /* what is not yet sent, in order */
	int fd;                        /* -1: closed */
	size_t in_len;
	char in[WIRE_INPUT_SIZE];
};

/* Begin to connect.  On -1 errno says why and the wire stays closed. */
int wire_open(struct wire *w, struct event_base *base, const struct addrinfo *address);

/* Any callback may close its wire; no callback comes after that. */
void wire_close(struct wire *w);

/* Send the pieces, which must stay until on_sent, which may come before this returns. */
void wire_send(struct wire *w, const struct iovec pieces[WIRE_PIECES]);

#endif
