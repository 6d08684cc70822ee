/* SPDX-License-Identifier: ISC */
/*
 * content.h - message content off the wire, and what is wrong with it.  Pure:
 * no sockets, no files.  Only CRLF . CRLF ends a DATA (RFC 5321 4.1.1.4).
 */
#ifndef PROVIDER_CONTENT_H
#define PROVIDER_CONTENT_H

#include <stdbool.h>
#include <stddef.h>

enum content_flaw {
	FLAW_BARE_LF = 1 << 0,
	FLAW_BARE_CR = 1 << 1,
	FLAW_LONG_LINE = 1 << 2, /* over 998 octets and CRLF */
	FLAW_8BIT = 1 << 3,
	FLAW_DOT = 1 << 4, /* a line began with one dot that was not doubled */
	FLAW_NO_FINAL_CRLF = 1 << 5,
};

/* Looks at content as it comes in, in pieces of any size. */
struct line_check {
	size_t line; /* octets in this line so far */
	bool cr;     /* the last octet was CR */
	unsigned flaws;
};

void line_check_feed(struct line_check *check, const char *data, size_t len);

/* The content has ended: adds FLAW_NO_FINAL_CRLF and a dangling CR. */
void line_check_end(struct line_check *check);

/* Removes the dots that DATA doubles, and finds the end. Start with all zero. */
struct dots {
	enum { DOTS_START, DOTS_DOT, DOTS_DOT_CR, DOTS_TEXT, DOTS_CR, DOTS_END } state;
	unsigned flaws;
};

typedef void content_sink(void *ctx, const char *data, size_t len);

/* Feed octets; the content goes to the sink. Returns how many were used, fewer than len only at the
 * end. */
size_t dots_feed(struct dots *dots, const char *data, size_t len, content_sink *sink, void *ctx);

#endif
