/* SPDX-License-Identifier: ISC */
/* scram_key.c - see scram_key.h; the formulas are those of RFC 5802 3. */
#include "config/scram_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "base/parse.h"

enum {
	ITERATIONS = 20000,
	ITERATIONS_MIN = 4096, /* RFC 7677 4 */
	ITERATIONS_MAX = 10 * 1000 * 1000,
	SALT_LEN = 16,
};

/* Take the base64 up to the mark, or to the end where that is NUL, that decodes to min to max
 * octets. */
static int
take_base64(const char **at, char mark, size_t min, size_t max, char *out)
{
	unsigned char decoded[BASE64_DECODED_MAX(BASE64_ENCODED_SIZE(SCRAM_SALT_MAX))];
	size_t len = 0, octets;

	while ((*at)[len] != mark && (*at)[len] != '\0')
		len++;
	if ((*at)[len] != mark || len > BASE64_ENCODED_SIZE(max) - 1 ||
	    base64_decode(*at, len, decoded, &octets) < 0 || octets < min || octets > max)
		return -1;
	memcpy(out, *at, len);
	out[len] = '\0';
	*at += len + (mark != '\0');
	return 0;
}

static int
take_iterations(const char **at, unsigned *out)
{
	char digits[16];
	size_t len = strcspn(*at, ":");
	uint64_t number;

	if ((*at)[len] != ':' || len >= sizeof digits)
		return -1;
	memcpy(digits, *at, len);
	digits[len] = '\0';
	if (parse_number(digits, ITERATIONS_MIN, ITERATIONS_MAX, &number) < 0)
		return -1;
	*out = (unsigned)number;
	*at += len + 1;
	return 0;
}

int
scram_key_parse(const char *text, struct scram_key *out)
{
	size_t prefix = sizeof SCRAM_KEY_PREFIX - 1;

	if (strncmp(text, SCRAM_KEY_PREFIX, prefix) != 0)
		return -1;
	text += prefix;
	if (take_iterations(&text, &out->iterations) < 0 ||
	    take_base64(&text, '$', 1, SCRAM_SALT_MAX, out->salt) < 0 ||
	    take_base64(&text, ':', SCRAM_DIGEST_LEN, SCRAM_DIGEST_LEN, out->stored) < 0)
		return -1;
	return take_base64(&text, '\0', SCRAM_DIGEST_LEN, SCRAM_DIGEST_LEN, out->server);
}

static int
hmac(const unsigned char key[SCRAM_DIGEST_LEN], const char *text, unsigned char *out)
{
	return HMAC(EVP_sha256(), key, SCRAM_DIGEST_LEN, (const unsigned char *)text, strlen(text),
		   out, NULL) == NULL
		   ? -1
		   : 0;
}

/* Work out stored and server from a password and what else is in the key. */
static int
derive(struct scram_key *key, const char *password)
{
	unsigned char salted[SCRAM_DIGEST_LEN], client[SCRAM_DIGEST_LEN], stored[SCRAM_DIGEST_LEN],
	    server[SCRAM_DIGEST_LEN], salt[BASE64_DECODED_MAX(sizeof key->salt)];
	size_t salt_len;
	int result = base64_decode(key->salt, strlen(key->salt), salt, &salt_len);

	if (result == 0 && PKCS5_PBKDF2_HMAC(password, (int)strlen(password), salt, (int)salt_len,
			       (int)key->iterations, EVP_sha256(), SCRAM_DIGEST_LEN, salted) != 1)
		result = -1;
	if (result == 0)
		result = hmac(salted, "Client Key", client);
	if (result == 0)
		result = hmac(salted, "Server Key", server);
	if (result == 0) {
		SHA256(client, sizeof client, stored);
		base64_encode(stored, sizeof stored, key->stored);
		base64_encode(server, sizeof server, key->server);
	}
	OPENSSL_cleanse(salted, sizeof salted);
	OPENSSL_cleanse(client, sizeof client);
	return result;
}

int
scram_key_make(const char *password, struct scram_key *out)
{
	unsigned char salt[SALT_LEN];

	if (RAND_bytes(salt, sizeof salt) != 1)
		return -1;
	out->iterations = ITERATIONS;
	base64_encode(salt, sizeof salt, out->salt);
	return derive(out, password);
}

void
scram_key_format(const struct scram_key *key, char out[SCRAM_KEY_TEXT_SIZE])
{
	snprintf(out, SCRAM_KEY_TEXT_SIZE, SCRAM_KEY_PREFIX "%u:%s$%s:%s", key->iterations,
	    key->salt, key->stored, key->server);
}

bool
scram_key_fits(const struct scram_key *key, const char *password)
{
	struct scram_key derived = *key;

	return derive(&derived, password) == 0 &&
	       CRYPTO_memcmp(derived.stored, key->stored, sizeof derived.stored) == 0;
}
