/* SPDX-License-Identifier: ISC */
/*
 * scram_key.h - what a server keeps of a password for SCRAM-SHA-256 (RFC 5803, RFC 7677), as text:
 * "SCRAM-SHA-256$ITERATIONS:SALT$STOREDKEY:SERVERKEY", with base64.  It serves for passwords that
 * are sent as they are, too.
 */
#ifndef CONFIG_SCRAM_KEY_H
#define CONFIG_SCRAM_KEY_H

#include <stdbool.h>

#include "base/base64.h"

#define SCRAM_KEY_PREFIX "SCRAM-SHA-256$"

enum { SCRAM_SALT_MAX = 48, SCRAM_DIGEST_LEN = 32, SCRAM_KEY_TEXT_SIZE = 256 };

/* The texts are base64. */
struct scram_key {
	unsigned iterations;
	char salt[BASE64_ENCODED_SIZE(SCRAM_SALT_MAX)];
	char stored[BASE64_ENCODED_SIZE(SCRAM_DIGEST_LEN)];
	char server[BASE64_ENCODED_SIZE(SCRAM_DIGEST_LEN)];
};

/* -1: not such a text. */
int scram_key_parse(const char *text, struct scram_key *out);

/* Of a password, with a fresh salt; -1: the random numbers or the digest failed. */
int scram_key_make(const char *password, struct scram_key *out);

void scram_key_format(const struct scram_key *key, char out[SCRAM_KEY_TEXT_SIZE]);

/* Whether it was made of this password.  Takes as long as its iterations do. */
bool scram_key_fits(const struct scram_key *key, const char *password);

#endif
