/* SPDX-License-Identifier: ISC */
/* pin.h - the SHA-256 of a certificate or of its public key, by which an upstream is known. */
#ifndef CONFIG_PIN_H
#define CONFIG_PIN_H

#include <stdbool.h>

enum { PIN_LEN = 32 };

struct pin {
	bool is_of_key; /* of the subjectPublicKeyInfo, not of the whole certificate */
	unsigned char digest[PIN_LEN];
};

/*
 * Read "AB:CD:..." or "abcd..." of a certificate as openssl x509 -fingerprint -sha256 shows it, or
 * "sha256//BASE64" of a key as curl takes it.  -1: neither.
 */
int pin_parse(const char *text, struct pin *out);

#endif
