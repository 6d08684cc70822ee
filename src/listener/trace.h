/* SPDX-License-Identifier: ISC */
/* trace.h - the fields that a relay puts on top of a message (RFC 5321 4.4, RFC 6409 8). */
#ifndef LISTENER_TRACE_H
#define LISTENER_TRACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct str;

struct trace {
	const char *helo; /* as said: made harmless here */
	const struct sockaddr *peer;
	const char *client; /* stands for the address of a unix socket */
	const char *hostname;
	const char *protocol; /* "ESMTP" */
	const char *tls;      /* "TLSv1.3 TLS_AES_256_GCM_SHA384"; "": none */
	bool is_utf8;         /* SMTPUTF8 was asked for: the protocol says so (RFC 6531 3.7.3) */
	const char *from;     /* envelope sender; "": the null one */
	const char *rcpt;     /* the only recipient, or NULL: no recipient is to learn of another */
	uint64_t id;
	int64_t received_ms; /* real time */
};

/* Append a Received field. */
void trace_received(struct str *out, const struct trace *trace);

/* Append the fields that every message should have, for one that lacks them. */
void trace_from(struct str *out, const struct trace *trace);
void trace_date(struct str *out, const struct trace *trace);
void trace_message_id(struct str *out, const struct trace *trace);

#endif
