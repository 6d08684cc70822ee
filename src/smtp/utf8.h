/* SPDX-License-Identifier: ISC */
/* utf8.h - whether octets are well-formed UTF-8 (RFC 3629 4). */
#ifndef SMTP_UTF8_H
#define SMTP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

bool smtp_utf8_is_valid(const char *text, size_t len);

/* Whether no octet is >= 0x80. */
bool smtp_is_ascii(const char *text, size_t len);

#endif
