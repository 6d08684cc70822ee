/* SPDX-License-Identifier: ISC */
/* utf8.c - a walk along the sequences of base/utf8.h. */
#include "smtp/utf8.h"

#include "base/utf8.h"

bool
smtp_utf8_is_valid(const char *text, size_t len)
{
	const unsigned char *octets = (const unsigned char *)text;
	size_t at = 0;

	while (at < len) {
		size_t n = utf8_len(octets + at, len - at);

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

size_t
smtp_utf8_decode(const char *text, size_t len, uint32_t *point)
{
	const unsigned char *octets = (const unsigned char *)text;
	size_t n = utf8_len(octets, len);

	if (n == 0)
		return 0;
	*point = n == 1 ? octets[0] : octets[0] & (0x7Fu >> n);
	for (size_t i = 1; i < n; i++)
		*point = *point << 6 | (octets[i] & 0x3Fu);
	return n;
}

bool
smtp_is_ascii(const char *text, size_t len)
{
	unsigned char all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (unsigned char)text[i];
	return all < 0x80;
}
