/* SPDX-License-Identifier: ISC */
/* utf8.h - where a UTF-8 sequence ends. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stddef.h>

enum { UTF8_LEN_MAX = 4 };

/*
 * How many octets the well-formed UTF-8 sequence (RFC 3629 4) has that begins the `left` octets,
 * 1 to UTF8_LEN_MAX; 0: there is none.  Overlong forms, surrogates and what lies beyond U+10FFFF
 * are none.
 */
size_t utf8_len(const unsigned char *octets, size_t left);

#endif
