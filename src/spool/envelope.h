/* SPDX-License-Identifier: ISC */
/*
 * envelope.h - what postern knows of a message besides its content, and its form on disk: text
 * lines `key value`, in any order but that what is said of a recipient follows it; unknown keys
 * ignored, so that it can grow.  No value holds CR, LF or NUL.
 */
#ifndef SPOOL_ENVELOPE_H
#define SPOOL_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smtp/dsn.h"

struct str;

enum { ENVELOPE_LINE_MAX = 998 }; /* octets without CRLF, RFC 5322 2.1.1 */

enum envelope_body { ENVELOPE_7BIT, ENVELOPE_8BITMIME };

/* What the sender wants to hear of a recipient (RFC 3461). */
struct envelope_dsn {
	unsigned notify; /* set of smtp_notify; 0: unsaid */
	char *orcpt;     /* "rfc822;xtext"; NULL: unsaid */
};

struct envelope {
	uint64_t id;
	int64_t received_ms; /* real time at which the message began its life */
	char *client;        /* "127.0.0.1:40000", "local", or "" for our own reports */
	char *helo;
	char *listener; /* name of the listener, "" for our own reports */
	char *from;     /* mailbox without angle brackets; "" is the null reverse-path */
	char **rcpt;    /* mailboxes */
	size_t nrcpt;
	struct envelope_dsn *dsn; /* of each recipient; NULL: nothing was said of any */
	enum smtp_ret ret;
	char *envid; /* xtext; NULL: unsaid */
	enum envelope_body body;
	bool smtputf8;       /* the client said so (RFC 6531) */
	bool requiretls;     /* to go by verified TLS all the way (RFC 8689) */
	bool has_long_lines; /* of more than ENVELOPE_LINE_MAX octets */
	int64_t release_ms;  /* when its sender wants it sent (RFC 4865); 0: at once */
	int priority; /* from -9 to 9: what is higher goes first, unless its route says otherwise */
	bool is_report; /* a bounce or warning of ours: never causes another */
	/* The state of a message that was copied forward out of an older segment. */
	unsigned attempts;
	int64_t next_try_ms; /* 0: at once */
	bool warned, held;
	char *last_reply; /* of the last attempt; NULL: none */
};

/* Add a recipient.  *room is the caller's, 0 at first.  0, or -1: out of memory. */
int envelope_add_rcpt(struct envelope *envelope, size_t *room, const char *address, size_t len);

/* What is said of the recipient that was added last, for the caller to fill in; NULL: out of
 * memory. */
struct envelope_dsn *envelope_last_dsn(struct envelope *envelope, size_t room);

/* Free the recipients and what is said of them. */
void envelope_free_rcpts(struct envelope *envelope);

/* Append the lines to out. */
void envelope_encode(const struct envelope *envelope, struct str *out);

/*
 * Parse len bytes of lines, whatever they are.  NULL and errno: EBADMSG if they are not an envelope
 * (no id, no sender, no recipient, a control octet), ENOMEM if memory is short.
 */
struct envelope *envelope_decode(const char *text, size_t len);

void envelope_free(struct envelope **envelope);

#endif
