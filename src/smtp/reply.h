/* SPDX-License-Identifier: ISC */
/*
 * reply.h - replies of RFC 5321 4.2: read line by line as a client, written as a server.
 * What a server sends is bounded and stripped of control octets here: text may be logged and put
 * into a report.
 */
#ifndef SMTP_REPLY_H
#define SMTP_REPLY_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "smtp/enhanced.h"
#include "smtp/status.h"

struct str;

enum {
	SMTP_REPLY_LINES_MAX = 512,
	SMTP_REPLY_OCTETS_MAX = 64 * 1024, /* of all lines, CRLFs counted */
	SMTP_REPLY_TEXT_SIZE = 4096,
	SMTP_REPLY_LINE_MAX = 512 /* with CRLF, RFC 5321 4.5.3.1.5: what a server sends */
};

enum smtp_reply_result {
	SMTP_REPLY_MORE,   /* feed the next line */
	SMTP_REPLY_DONE,   /* a whole reply stands in the struct */
	SMTP_REPLY_INVALID /* no SMTP: give the connection up */
};

/* A reply, in part or whole.  All zeros to begin with; needs no freeing. */
struct smtp_reply {
	int code;                          /* 200..599 */
	char enhanced[SMTP_ENHANCED_SIZE]; /* of the first line if its class fits; "": none */
	size_t lines;
	size_t octets;
	size_t text_len;
	char text[SMTP_REPLY_TEXT_SIZE]; /* lines joined with '\n'; what does not fit is left out */
};

void smtp_reply_reset(struct smtp_reply *reply);

/*
 * Take one line, its CRLF stripped.  After DONE reset before the next reply; INVALID is for good: a
 * line that is none, a code outside 200..599 or unlike that of the line before, more than the
 * limits above.
 */
enum smtp_reply_result smtp_reply_feed(struct smtp_reply *reply, const char *line, size_t len);

/*
 * The words on one line for logs and reports: lines joined with spaces, the enhanced code at their
 * beginnings left out, cut to size.  Always NUL-terminated; size is at least 1.
 */
void smtp_reply_words(const struct smtp_reply *reply, char *out, size_t size);

/* The beginning of a line that is no reply, as text that may be logged.  size is at least 1. */
void smtp_reply_excerpt(const char *line, size_t len, char *out, size_t size);

/*
 * Append a reply to out.  Each '\n' of the text begins a new line; lines over the limit are broken;
 * control octets become '?', so that what a peer said can be echoed.  enhanced may be NULL.  Out of
 * memory shows in out.
 */
void smtp_reply_format(struct str *out, int code, const char *enhanced, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void smtp_reply_vformat(struct str *out, int code, const char *enhanced, const char *format,
    va_list args) __attribute__((format(printf, 4, 0)));
void smtp_reply_status(struct str *out, const struct smtp_status *status);

#endif
