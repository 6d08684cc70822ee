/* SPDX-License-Identifier: ISC */
/*
 * bounce.h - reports to a sender: RFC 3464 delivery status notifications in a multipart/report (RFC
 * 6522). Composes text; sends nothing.  A report is plain 7-bit ASCII whatever the message was, so
 * that any upstream takes it.
 */
#ifndef QUEUE_BOUNCE_H
#define QUEUE_BOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct envelope;
struct evbuffer;

enum bounce_kind {
	BOUNCE_FAILED,
	BOUNCE_DELAYED,
	BOUNCE_RELAYED, /* the upstream has it, and will report no success (RFC 3464 2.3.3) */
};

struct bounce_rcpt {
	const char *address;
	const char *enhanced; /* "5.1.1"; NULL: made up from the kind */
	const char *reply;    /* the upstream's words, possibly several lines; or ours */
	const char *upstream; /* host that said so; NULL: we did */
	const char *orcpt;    /* "rfc822;xtext" as the sender said; NULL: unsaid */
	const char *remedy;   /* what is known of that reply, in plain words; NULL: nothing */
};

struct bounce {
	enum bounce_kind kind;
	const char *hostname; /* reporting MTA */
	const char *from;     /* the address in the report's From; NULL: MAILER-DAEMON@hostname */
	const struct envelope *of; /* the message that failed */
	const struct bounce_rcpt *rcpt;
	size_t nrcpt;
	uint64_t id; /* of the report itself */
	int64_t now_ms;
	int64_t give_up_ms; /* BOUNCE_DELAYED: until when it is tried */
	const char
	    *original; /* the original, bounded by the caller; 7-bit and of short lines if whole */
	size_t original_len;
	bool is_whole; /* else it is its header section */
};

/* Append the report, a whole message in canonical form, to out: 0, or -1 when out of memory. */
int bounce_compose(const struct bounce *bounce, struct evbuffer *out);

#endif
