/* SPDX-License-Identifier: ISC */
/* utf8.h - whether octets are well-formed UTF-8 (RFC 3629 4), and what they stand for. */
#ifndef SMTP_UTF8_H
#define SMTP_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool smtp_utf8_is_valid(const char *text, size_t len);

/* The code point at the start of text; returns how many octets it has, 0: none that is well-formed.
 */
size_t smtp_utf8_decode(const char *text, size_t len, uint32_t *point);

/* Whether no octet is >= 0x80. */
bool smtp_is_ascii(const char *text, size_t len);

#endif
