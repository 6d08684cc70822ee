/* SPDX-License-Identifier: ISC */
/* pin.c - see pin.h. */
#include "config/pin.h"

#include <openssl/evp.h>
#include <string.h>

enum { BASE64_LEN = 44 }; /* 32 octets: the last of 44 characters is = */

static const char key_prefix[] = "sha256//";

static int
parse_base64(const char *text, unsigned char digest[PIN_LEN])
{
	unsigned char decoded[BASE64_LEN / 4 * 3];

	if (strlen(text) != BASE64_LEN || text[BASE64_LEN - 1] != '=' ||
	    text[BASE64_LEN - 2] == '=')
		return -1;
	if (EVP_DecodeBlock(decoded, (const unsigned char *)text, BASE64_LEN) != sizeof decoded)
		return -1;
	memcpy(digest, decoded, PIN_LEN);
	return 0;
}

static int
hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at =
	    c == '\0' ? NULL : strchr(digits, c >= 'A' && c <= 'F' ? c - 'A' + 'a' : c);

	return at == NULL ? -1 : (int)(at - digits);
}

static int
parse_hex(const char *text, unsigned char digest[PIN_LEN])
{
	bool has_colons = strchr(text, ':') != NULL;

	for (size_t i = 0; i < PIN_LEN; i++) {
		int high = hex_digit(text[0]), low = high < 0 ? -1 : hex_digit(text[1]);

		if (low < 0)
			return -1;
		digest[i] = (unsigned char)(high << 4 | low);
		text += 2;
		if (has_colons && i + 1 < PIN_LEN && *text++ != ':')
			return -1;
	}
	return *text == '\0' ? 0 : -1;
}

int
pin_parse(const char *text, struct pin *out)
{
	size_t prefix = sizeof key_prefix - 1;

	out->is_of_key = strncmp(text, key_prefix, prefix) == 0;
	return out->is_of_key ? parse_base64(text + prefix, out->digest)
			      : parse_hex(text, out->digest);
}
