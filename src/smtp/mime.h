/* SPDX-License-Identifier: ISC */
/*
 * mime.h - the fields of a header section, and what those of MIME say of the body behind it (RFC
 * 2045, RFC 2046).  What is malformed, and could be read in two ways, is nothing that may be
 * changed: SMTP_MIME_OPAQUE.
 */
#ifndef SMTP_MIME_H
#define SMTP_MIME_H

#include <stdbool.h>
#include <stddef.h>

struct str;

enum {
	SMTP_BOUNDARY_MAX = 70,      /* RFC 2046 5.1.1 */
	SMTP_CONTENT_LINE_MAX = 998, /* octets without CRLF, RFC 5322 2.1.1 */
};

enum smtp_mime_kind {
	SMTP_MIME_LEAF,
	SMTP_MIME_MULTIPART,
	SMTP_MIME_DIGEST,  /* a multipart whose parts are messages unless they say otherwise */
	SMTP_MIME_MESSAGE, /* message/rfc822: a header follows */
	SMTP_MIME_OPAQUE,  /* signed, or of a kind or encoding that is not known */
};

/* identity stands for 7bit, 8bit and binary. */
enum smtp_mime_encoding {
	SMTP_MIME_IDENTITY,
	SMTP_MIME_QUOTED,
	SMTP_MIME_BASE64,
	SMTP_MIME_UNKNOWN,
};

/* What a header section says.  All zeros: nothing, which means plain text. */
struct smtp_mime {
	enum smtp_mime_kind kind;
	enum smtp_mime_encoding encoding;
	bool has_version, has_type, has_encoding;
	bool has_dkim;                        /* a DKIM-Signature */
	char boundary[SMTP_BOUNDARY_MAX + 1]; /* of a multipart */
};

/* A field with its line ends. */
struct smtp_field {
	const char *text;
	size_t len;
};

/* Take the next field, folded lines included, off a header section; false: there is none. */
bool smtp_field_next(const char **at, const char *end, struct smtp_field *out);

/* Whether the field has this name, in any case. */
bool smtp_field_is(const struct smtp_field *field, const char *name);

/* Whether a line, of at least an octet, may begin a field. */
bool smtp_field_begins(const char *line, size_t len);

/* Read the fields up to end, which has no blank line. */
void smtp_mime_read(const char *header, const char *end, struct smtp_mime *out);

/* How a header section is written anew. */
struct smtp_mime_change {
	const char *encoding; /* the Content-Transfer-Encoding; NULL: as it is */
	const char *type;     /* a Content-Type that it lacks; NULL: none */
	bool adds_version;    /* a MIME-Version */
	bool folds;           /* lines over 998 octets, where there are spaces */
};

/* Append the fields up to end so changed. */
void smtp_mime_write(
    struct str *out, const char *header, const char *end, const struct smtp_mime_change *change);

#endif
