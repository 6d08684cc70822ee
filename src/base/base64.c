/* SPDX-License-Identifier: ISC */
/* base64.c - OpenSSL does the arithmetic; what it would let pass is refused before. */
#include "base/base64.h"

#include <limits.h>
#include <openssl/evp.h>
#include <string.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int
base64_decode(const char *text, size_t len, unsigned char *out, size_t *out_len)
{
	size_t used = 0;

	while (used < len && text[used] != '\0' && strchr(alphabet, text[used]) != NULL)
		used++;

	size_t padding = len - used;

	if (len % 4 != 0 || len > INT_MAX || padding > 2 || memcmp(text + used, "==", padding) != 0)
		return -1;
	*out_len = len / 4 * 3 - padding;
	if (len > 0 && EVP_DecodeBlock(out, (const unsigned char *)text, (int)len) < 0)
		return -1;
	return 0;
}

void
base64_encode(const void *data, size_t len, char *out)
{
	out[0] = '\0';
	EVP_EncodeBlock((unsigned char *)out, data, (int)len);
}
