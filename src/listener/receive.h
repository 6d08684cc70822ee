/* SPDX-License-Identifier: ISC */
/*
 * receive.h - the content of one message: from the wire, decoded, with trace fields on top, into
 * the spool. Whatever is wrong with it, it is read to its end and then refused, in bounded memory.
 */
#ifndef LISTENER_RECEIVE_H
#define LISTENER_RECEIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "smtp/dot.h"
#include "smtp/header.h"

struct evbuffer;
struct smtp_status;
struct spool_message;
struct str;
struct trace;

enum {
	RECEIVE_HOPS_MAX = 50, /* Received fields, ours counted (RFC 5321 6.3) */
	RECEIVE_HEADER_MAX =
	    128 * 1024, /* octets of header that are looked at before the trace fields */
};

struct receive {
	struct smtp_dot_decoder dot;
	struct smtp_header_scan header;
	struct spool_message *message;     /* NULL before it begins and once it was refused */
	struct evbuffer *held;             /* decoded and not yet given to the spool */
	const struct smtp_status *refused; /* the answer, if it is no */
	uint64_t size;                     /* octets of decoded content */
	uint64_t chunk;                    /* octets of BDAT that are still to come */
	uint64_t size_max;
	bool refuses_bare;  /* line ends that are not CRLF */
	int error;          /* errno of the spool */
	bool is_last;       /* no other chunk follows */
	bool has_trace;     /* the trace fields are on top */
	bool is_committing; /* the message is the spool's now */
};

/* The answer when the spool cannot take a message. */
extern const struct smtp_status receive_not_kept;

enum receive_result {
	RECEIVE_MORE,  /* the input is used up */
	RECEIVE_WAIT,  /* the spool is behind: go on when it calls back */
	RECEIVE_CHUNK, /* the chunk is taken, and another one follows */
	RECEIVE_DONE,  /* the end was seen; `refused` tells how it went */
};

/*
 * All zeros before, but for refuses_bare.  With SMTP_DOT_PLAIN content comes in chunks (RFC 3030),
 * each of them begun apart.  Takes the message, also on failure: -1: out of memory.
 */
int receive_begin(struct receive *receive, enum smtp_dot_mode mode, struct spool_message *message,
    uint64_t size_max);

/* A chunk of so many octets follows.  One that cannot fit is refused before it is there. */
void receive_begin_chunk(struct receive *receive, uint64_t size, bool is_last);

/* Take what the input has.  trace says what is put on top; line is for use meanwhile. */
enum receive_result receive_take(
    struct receive *receive, struct evbuffer *input, const struct trace *trace, struct str *line);

/* Drop what is there; a message that is being committed is merely forgotten. */
void receive_clear(struct receive *receive);

#endif
