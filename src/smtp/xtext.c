/* SPDX-License-Identifier: ISC */
/* xtext.c - see xtext.h.  Hexchars are two upper case digits; lower case ones are read too. */
#include "smtp/xtext.h"

static bool
is_xchar(char octet)
{
	return octet > ' ' && octet < 0x7F && octet != '+' && octet != '=';
}

/* 0..15; -1: no digit. */
static int
hex_value(char digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	if (digit >= 'A' && digit <= 'F')
		return digit - 'A' + 10;
	if (digit >= 'a' && digit <= 'f')
		return digit - 'a' + 10;
	return -1;
}

/* Read the octet at the start of text.  Returns how long its code is; 0: malformed. */
static size_t
next_octet(const char *text, size_t len, char *out)
{
	if (is_xchar(text[0])) {
		*out = text[0];
		return 1;
	}
	if (text[0] != '+' || len < 3 || hex_value(text[1]) < 0 || hex_value(text[2]) < 0)
		return 0;
	*out = (char)(unsigned char)(hex_value(text[1]) * 16 + hex_value(text[2]));
	return 3;
}

bool
smtp_xtext_is_valid(const char *text, size_t len)
{
	for (size_t at = 0; at < len;) {
		char octet;
		size_t n = next_octet(text + at, len - at, &octet);

		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

int
smtp_xtext_decode(const char *text, size_t len, char *out, size_t size)
{
	size_t out_len = 0;

	for (size_t at = 0; at < len;) {
		char octet;
		size_t n = next_octet(text + at, len - at, &octet);

		if (n == 0 || out_len + 1 >= size)
			return -1;
		out[out_len++] = octet;
		at += n;
	}
	if (size == 0)
		return -1;
	out[out_len] = '\0';
	return (int)out_len;
}
