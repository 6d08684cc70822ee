/* SPDX-License-Identifier: ISC */
/*
 * transfer.h - content transfer encodings (RFC 2045 6) as they are written: quoted-printable for
 * what was plain, and lines cut where an encoded body has them too long.  What decodes is the same.
 */
#ifndef SMTP_TRANSFER_H
#define SMTP_TRANSFER_H

#include <stddef.h>

enum smtp_transfer {
	SMTP_TRANSFER_KEEP,        /* as it is */
	SMTP_TRANSFER_QUOTE,       /* plain text becomes quoted-printable */
	SMTP_TRANSFER_WRAP_QUOTED, /* quoted-printable in lines of its own length */
	SMTP_TRANSFER_WRAP_BASE64, /* base64 likewise */
	SMTP_TRANSFER_DROP,        /* nothing of it */
};

enum { SMTP_TRANSFER_LINE_MAX = 76 }; /* octets without CRLF, RFC 2045 6.7, 6.8 */

/* All zeros but for the way at the begin of a body. */
struct smtp_transfer_encoder {
	enum smtp_transfer way;
	unsigned column;
	char token[3]; /* octets whose line is not known yet */
	unsigned token_len;
};

/* How large out must be for a chunk of n octets. */
#define SMTP_TRANSFER_MAX(n) (4 * (n) + 16)

/*
 * Encode a chunk of canonical content, cut anywhere, into out: how many octets that is.  A body is
 * whole lines.
 */
size_t
smtp_transfer_encode(struct smtp_transfer_encoder *encoder, const char *in, size_t len, char *out);

/* What is still missing at the end of the body; the encoder is as new. */
size_t smtp_transfer_end(struct smtp_transfer_encoder *encoder, char out[SMTP_TRANSFER_MAX(0)]);

#endif
