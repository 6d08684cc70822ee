/* SPDX-License-Identifier: ISC */
/* xtext.h - the encoding of parameter values (RFC 3461 4): printable ASCII, "+HH" for the rest. */
#ifndef SMTP_XTEXT_H
#define SMTP_XTEXT_H

#include <stdbool.h>
#include <stddef.h>

bool smtp_xtext_is_valid(const char *text, size_t len);

/* Decode into out, NUL-terminated.  Returns the length; -1: not xtext, or out is too small. */
int smtp_xtext_decode(const char *text, size_t len, char *out, size_t size);

#endif
