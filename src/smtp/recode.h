/* SPDX-License-Identifier: ISC */
/*
 * recode.h - a message made fit for a server that takes no lines over 998 octets, or no octets of 8
 * bits: parts that are not fit become quoted-printable (RFC 2045), long lines of a header are
 * folded, all else stays octet by octet.  What is signed (multipart/signed) or not understood is
 * never touched.
 *
 * The content streams by, in fixed memory, at least twice: once to be surveyed, then to be written,
 * each time with the same result.
 */
#ifndef SMTP_RECODE_H
#define SMTP_RECODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct smtp_recoder;
struct str;

/* What has to go. */
enum smtp_recode { SMTP_RECODE_LONG = 1, SMTP_RECODE_8BIT = 2 };

struct smtp_recode_findings {
	bool is_needed;  /* something is to be changed, and can be */
	bool has_dkim;   /* a signature, which would not be true any more */
	bool keeps_long; /* something unfit stays as it is */
	bool keeps_8bit; /* not counting the header, whose fields are not encoded */
};

/* wants: a set of smtp_recode.  NULL: out of memory. */
struct smtp_recoder *smtp_recoder_new(unsigned wants);
void smtp_recoder_free(struct smtp_recoder **recoder);

/* Begin the content once more, now to be written; out gets what is written, NULL: it is counted. */
void smtp_recoder_write(struct smtp_recoder *recoder, struct str *out);

/* The next piece of the canonical content; and its end, to which the fixed memory has been enough
 * or not: -1, or out of memory. */
void smtp_recoder_feed(struct smtp_recoder *recoder, const char *data, size_t len);
int smtp_recoder_end(struct smtp_recoder *recoder);

/* After the survey: it tells nothing but what stays, if more than the fixed memory was needed. */
const struct smtp_recode_findings *smtp_recoder_findings(const struct smtp_recoder *recoder);

/* How many octets were written since smtp_recoder_write(). */
uint64_t smtp_recoder_length(const struct smtp_recoder *recoder);

#endif
