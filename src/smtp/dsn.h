/* SPDX-License-Identifier: ISC */
/* dsn.h - what a sender wants to hear of its message (RFC 3461), as words and as bits. */
#ifndef SMTP_DSN_H
#define SMTP_DSN_H

#include <stdbool.h>
#include <stddef.h>

struct str;

enum { SMTP_ENVID_MAX = 100 /* RFC 3461 4.4 */, SMTP_ORCPT_MAX = 500 /* RFC 3461 4.2 */ };

/* RFC 3461 4.1.  A set of them is unsigned; 0: nothing was said. */
enum smtp_notify {
	SMTP_NOTIFY_NEVER = 1 << 0,
	SMTP_NOTIFY_SUCCESS = 1 << 1,
	SMTP_NOTIFY_FAILURE = 1 << 2,
	SMTP_NOTIFY_DELAY = 1 << 3
};

/* RFC 3461 4.3: how much of the message a report brings back. */
enum smtp_ret { SMTP_RET_UNSAID, SMTP_RET_FULL, SMTP_RET_HDRS };

/* Read "SUCCESS,DELAY": -1 when it is no value of NOTIFY; "NEVER" stands alone. */
int smtp_notify_parse(const char *text, size_t len, unsigned *out);

/* Append "SUCCESS,DELAY"; not for 0. */
void smtp_notify_format(struct str *out, unsigned notify);

/*
 * Read "type;xtext" of an ORCPT (RFC 3461 4.2): -1 when it is none, or too long.  What is beyond
 * ASCII in an address of type utf-8 (RFC 6533 3) is kept as "\x{HEX}", which any server takes.
 */
int smtp_orcpt_parse(const char *text, size_t len, bool takes_utf8, char out[SMTP_ORCPT_MAX + 1]);

/* Whether the sender is to hear of `what`.  Of failure and delay also where nothing was said. */
bool smtp_notify_wants(unsigned notify, enum smtp_notify what);

/* "FULL", "HDRS"; NULL for SMTP_RET_UNSAID. */
const char *smtp_ret_name(enum smtp_ret ret);

#endif
