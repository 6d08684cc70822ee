/* SPDX-License-Identifier: ISC */
/*
 * address.h - mailboxes and paths by the grammar of RFC 5321 4.1.2 (with RFC 6531 when asked for).
 * A struct smtp_mailbox holds only what the grammar allows and has no CR, LF or NUL: it may go into
 * a command as it is.
 */
#ifndef SMTP_ADDRESS_H
#define SMTP_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "smtp/domain.h"

enum {
	SMTP_LOCAL_MAX = 64, /* RFC 5321 4.5.3.1.1, with its quotes */
	SMTP_MAILBOX_SIZE = SMTP_LOCAL_MAX + 1 + SMTP_DOMAIN_MAX + 1
};

/*
 * One mailbox in canonical form: needless quotes and backslashes are gone, the case is kept.
 * The null reverse-path is "".  A bare local part ("root", "postmaster") has local_len == len.
 */
struct smtp_mailbox {
	size_t len;
	size_t local_len; /* octets before the @ */
	char text[SMTP_MAILBOX_SIZE];
};

enum smtp_address_flags {
	SMTP_ALLOW_NULL = 1 << 0,        /* <> */
	SMTP_ALLOW_POSTMASTER = 1 << 1,  /* <postmaster>, in any case */
	SMTP_ALLOW_UNQUALIFIED = 1 << 2, /* <root>: the caller completes it, or refuses it */
	SMTP_ALLOW_UTF8 = 1 << 3         /* well-formed UTF-8 beyond ASCII */
};

/* X(NAME, "text"): what can be wrong with an address. */
#define SMTP_ADDRESS_ERRORS(X)                                   \
	X(MISSING, "an address is missing")                      \
	X(NULL, "the empty address has no place here")           \
	X(BRACKETS, "the angle brackets do not match")           \
	X(ROUTE, "malformed source route")                       \
	X(LOCAL, "malformed local part")                         \
	X(LOCAL_LONG, "the local part is longer than 64 octets") \
	X(NO_DOMAIN, "the domain is missing")                    \
	X(DOMAIN, "malformed domain")                            \
	X(DOMAIN_LONG, "the domain is longer than 255 octets")   \
	X(LITERAL, "malformed address literal")                  \
	X(TRAILING, "unexpected text after the address")         \
	X(UTF8, "not well-formed UTF-8")                         \
	X(NOT_ASCII, "octets beyond ASCII need SMTPUTF8")

enum smtp_address_error {
	SMTP_ADDRESS_OK,
#define X(name, text) SMTP_ADDRESS_##name,
	SMTP_ADDRESS_ERRORS(X)
#undef X
	    SMTP_ADDRESS_ERROR_COUNT
};

/*
 * Read the path at the start of text: "<a@b>", spaces before it and a source route accepted and
 * dropped; also without its angle brackets, but for the empty one, and for a bare local part that
 * looks like a parameter or a name.  It must end at the end of text or at a space; *used is set to
 * the octets read.  On an error out and *used are undefined.
 */
enum smtp_address_error smtp_path_parse(
    const char *text, size_t len, unsigned flags, struct smtp_mailbox *out, size_t *used);

/*
 * Read text, all of it, as one bare mailbox: for config files and command lines.  SMTP_ALLOW_NULL
 * takes "" and "<>".  -1: it is none, and *why (a static text) says what is wrong.
 */
int
smtp_mailbox_parse(const char *text, unsigned flags, struct smtp_mailbox *out, const char **why);

/* Add "@domain" to a bare local part.  -1: domain is no domain or literal; nothing changed. */
int smtp_mailbox_complete(struct smtp_mailbox *mailbox, const char *domain);

/* A local part without a domain. */
bool smtp_mailbox_is_unqualified(const struct smtp_mailbox *mailbox);

/* Whether it holds an octet beyond ASCII, so that a transaction needs SMTPUTF8 for it. */
bool smtp_mailbox_needs_utf8(const struct smtp_mailbox *mailbox);

#endif
