/* SPDX-License-Identifier: ISC */
/* domain.h - domains and address literals by RFC 5321 4.1.2 and 4.1.3. */
#ifndef SMTP_DOMAIN_H
#define SMTP_DOMAIN_H

#include <stdbool.h>
#include <stddef.h>

enum {
	SMTP_DOMAIN_MAX = 255, /* RFC 5321 4.5.3.1.2 */
	SMTP_LABEL_MAX = 63    /* RFC 1035 2.3.4 */
};

/*
 * Whether text is a domain: labels of letters, digits and inner hyphens.  Underscores pass as well,
 * since hosts and containers are named so.  No literal, no trailing dot, ASCII only.
 */
bool smtp_domain_is_valid(const char *text);

/* Whether text is an address literal in its square brackets: IPv4, "IPv6:" or another tag. */
bool smtp_literal_is_valid(const char *text);

/*
 * The octets of the domain at the start of text, which goes on as far as its characters do; 0:
 * there is none, or one of its labels is malformed.  utf8: octets beyond ASCII count as letters.
 * The whole length is for the caller to check.
 */
size_t smtp_domain_span(const char *text, size_t len, bool utf8);

/* The same for a literal, up to and with its closing bracket. */
size_t smtp_literal_span(const char *text, size_t len);

#endif
