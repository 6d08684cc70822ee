/* SPDX-License-Identifier: ISC */
/*
 * original.h - what a report holds of the message that it is about.  Pure.  The text is foreign and
 * may be cut anywhere.
 */
#ifndef QUEUE_ORIGINAL_H
#define QUEUE_ORIGINAL_H

#include <stddef.h>

struct str;

/* Append In-Reply-To and References with its Message-ID, so that mail programs show the report
 * beside it (RFC 3834 3.1.5, RFC 5322 3.6.4); nothing where it has none that is sound. */
void original_add_references(struct str *out, const char *original, size_t len);

/* Append a part with the message as it is: 7-bit, of short lines. */
void original_add_whole(struct str *out, const char *original, size_t len);

/* Append a part with its header section: an octet of 8 bits or a line of 998 must not stop a
 * report. */
void original_add_header(struct str *out, const char *original, size_t len);

#endif
