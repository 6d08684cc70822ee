/* SPDX-License-Identifier: ISC */
/*
 * header.h - a look at the header section of canonical content while it streams by.
 * Nothing is kept but counts: memory is fixed, whatever comes (RFC 5322 2.2, 3.6).
 */
#ifndef SMTP_HEADER_H
#define SMTP_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(NAME, "name in lower case"): the fields that are counted. */
#define SMTP_HEADERS(X)             \
	X(FROM, "from")             \
	X(DATE, "date")             \
	X(MESSAGE_ID, "message-id") \
	X(RECEIVED, "received")

enum smtp_header_field {
#define X(name, text) SMTP_HEADER_##name,
	SMTP_HEADERS(X)
#undef X
	    SMTP_HEADER_FIELDS
};

enum smtp_header_end {
	SMTP_HEADER_OPEN,  /* not yet seen */
	SMTP_HEADER_BLANK, /* a blank line */
	SMTP_HEADER_BODY,  /* a line that is no field: the blank line is missing */
	SMTP_HEADER_EOF    /* the content ended within the header */
};

enum { SMTP_HEADER_NAME_MAX = 16 }; /* longer than the longest name above */

/* All zeros to begin with.  The fields up to the blank line are for the caller to read. */
struct smtp_header_scan {
	enum smtp_header_end end;
	uint64_t length; /* of whole fields; once ended: where the blank line or body begins */
	unsigned count[SMTP_HEADER_FIELDS];

	unsigned state;
	unsigned name_len;
	uint64_t offset;
	char name[SMTP_HEADER_NAME_MAX];
};

/* Look at the next chunk; costs nothing once the header has ended. */
void smtp_header_feed(struct smtp_header_scan *scan, const char *data, size_t len);

/* The content has ended. */
void smtp_header_finish(struct smtp_header_scan *scan);

/*
 * Whether fields put on top of the content need a blank line behind them, because it begins with no
 * field and no blank line.  After the end of the header is known.
 */
bool smtp_header_needs_blank(const struct smtp_header_scan *scan);

#endif
