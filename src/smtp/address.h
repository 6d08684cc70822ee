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

enum {
	SMTP_LOCAL_MAX = 64,   /* RFC 5321 4.5.3.1.1, as written (with quotes) */
	SMTP_DOMAIN_MAX = 255, /* RFC 5321 4.5.3.1.2 */
	SMTP_LABEL_MAX = 63,   /* RFC 1035 2.3.4 */
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

/*
 * Read the path at the start of text: "<a@b>", spaces before it and a source route accepted and
 * dropped; also a mailbox without its angle brackets when it has an @.  It must end at the end of
 * text or at a space.  Returns the octets read; 0: no path, and *why (a static text) says what is
 * wrong; out is then undefined.
 */
size_t smtp_path_parse(
    const char *text, size_t len, unsigned flags, struct smtp_mailbox *out, const char **why);

/*
 * Read text, all of it, as one bare mailbox: for config files and command lines.  SMTP_ALLOW_NULL
 * takes "" and "<>".  -1: it is none, and *why (a static text) says what is wrong.
 */
int
smtp_mailbox_parse(const char *text, unsigned flags, struct smtp_mailbox *out, const char **why);

/* Add "@domain" to a bare local part.  -1: domain is no domain or literal; nothing changed. */
int smtp_mailbox_complete(struct smtp_mailbox *mailbox, const char *domain);

/* The part behind the @: a domain, or a literal in its square brackets; "" when there is none. */
const char *smtp_mailbox_domain(const struct smtp_mailbox *mailbox);

bool smtp_mailbox_is_null(const struct smtp_mailbox *mailbox);

/* A local part without a domain. */
bool smtp_mailbox_is_unqualified(const struct smtp_mailbox *mailbox);

/* Whether it holds an octet beyond ASCII, so that a transaction needs SMTPUTF8 for it. */
bool smtp_mailbox_needs_utf8(const struct smtp_mailbox *mailbox);

/*
 * Whether text is a domain by RFC 5321 4.1.2: labels of letters, digits and inner hyphens.
 * Underscores pass as well, since hosts and containers are named so.  No literal, no trailing dot,
 * ASCII only.
 */
bool smtp_domain_is_valid(const char *text);

/* Whether text is an address literal in its square brackets (RFC 5321 4.1.3). */
bool smtp_literal_is_valid(const char *text);

#endif
