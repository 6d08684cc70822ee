/* SPDX-License-Identifier: ISC */
/* base64.h - base64 (RFC 4648 4), without line ends, strictly. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stddef.h>

/* Octets that n characters decode to at most, and characters with NUL that n octets become. */
#define BASE64_DECODED_MAX(n)  ((n) / 4 * 3)
#define BASE64_ENCODED_SIZE(n) (((n) + 2) / 3 * 4 + 1)

/* Into out, of BASE64_DECODED_MAX(len) octets or more; -1: not base64. */
int base64_decode(const char *text, size_t len, unsigned char *out, size_t *out_len);

/* Into out, of BASE64_ENCODED_SIZE(len) or more. */
void base64_encode(const void *data, size_t len, char *out);

#endif
