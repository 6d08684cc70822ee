/* SPDX-License-Identifier: ISC */
/*
 * users.c - see users.h.  Who is not known costs what some user of the file costs, the same one
 * each time, and gets a salt that stays the same, so that names cannot be tried out.
 */
#include "config/users.h"

#include <crypt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "config/saslprep.h"
#include "config/secret_file.h"

enum { FILE_MAX = 4 * 1024 * 1024, SALT_LEN = 16 };

void
users_spell(char name[USER_NAME_MAX + 1])
{
	char *spelled = saslprep(name);

	if (spelled != NULL && strlen(spelled) <= USER_NAME_MAX)
		memcpy(name, spelled, strlen(spelled) + 1);
	saslprep_wipe(&spelled);
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct user *)a)->name, ((const struct user *)b)->name);
}

/* The whole of it, not only what a password is hashed with: longer than that by the digest. */
static bool
is_crypt(const char *hash)
{
	static const size_t shortest = 13; /* of DES: the others are longer */
	int kind = crypt_checksalt(hash);

	return strlen(hash) >= shortest &&
	       (kind == CRYPT_SALT_OK || kind == CRYPT_SALT_METHOD_LEGACY ||
		   kind == CRYPT_SALT_TOO_CHEAP);
}

/* NULL, or what is wrong with a line. */
static const char *
add_user(struct users *users, char *line)
{
	char *hash = strchr(line, ':'), name[USER_NAME_MAX + 1];
	struct user *user = &users->user[users->count];

	if (hash == NULL)
		return "not NAME:HASH";
	*hash++ = '\0';
	if (line[0] == '\0' || strlen(line) > USER_NAME_MAX)
		return "a name has 1 to 255 octets";
	*user = (struct user){ .hash = NULL };
	if (scram_key_parse(hash, &user->key) == 0)
		users->has_scram = true;
	else if (strncmp(hash, SCRAM_KEY_PREFIX, strlen(SCRAM_KEY_PREFIX)) != 0 && is_crypt(hash))
		*user = (struct user){ .hash = xstrdup(hash) };
	else
		return "neither a hash of crypt(3) nor what posternctl passwd prints";
	snprintf(name, sizeof name, "%s", line);
	users_spell(name);
	user->name = xstrdup(name);
	users->count++;
	return NULL;
}

static const char *
parse(struct users *users, char *text, unsigned *line_number)
{
	char *line;

	*line_number = 0;
	while ((line = strsep(&text, "\n")) != NULL) {
		size_t len = strlen(line);

		++*line_number;
		if (len > 0 && line[len - 1] == '\r')
			line[len - 1] = '\0';
		if (line[0] == '\0' || line[0] == '#')
			continue;

		const char *why = add_user(users, line);

		if (why != NULL)
			return why;
	}
	*line_number = 0;
	if (users->count == 0)
		return "nobody is in it";
	qsort(users->user, users->count, sizeof *users->user, compare);
	for (size_t i = 1; i < users->count; i++)
		if (compare(&users->user[i - 1], &users->user[i]) == 0)
			return "a name stands in it twice";
	return NULL;
}

static size_t
count_lines(const char *text)
{
	size_t lines = 1;

	for (; *text != '\0'; text++)
		lines += *text == '\n';
	return lines;
}

/* NULL with the reason in why.  text is used up. */
static struct users *
make(const char *file, char *text, size_t len, struct str *why)
{
	struct users *users = xcalloc(1, sizeof *users);
	unsigned line = 0;

	SHA256((const unsigned char *)text, len, users->secret);
	users->user = xcalloc(count_lines(text), sizeof *users->user);

	const char *wrong = strlen(text) != len ? "it has a NUL octet" : parse(users, text, &line);

	if (wrong == NULL)
		return users;
	str_printf(why, "users_file = %s", file);
	if (line > 0)
		str_printf(why, ", line %u", line);
	str_printf(why, ": %s", wrong);
	users_free(&users);
	return NULL;
}

struct users *
users_load(const char *file, struct str *why)
{
	char *text = xcalloc(1, FILE_MAX + 1);
	struct secret_file read = secret_file_read(file, text, FILE_MAX);
	struct users *users = NULL;

	if (read.why == NULL && read.len == FILE_MAX)
		read.why = "too large";
	if (read.why == NULL)
		users = make(read.path, text, read.len, why);
	else
		str_printf(why, "users_file = %s: %s", read.path, read.why);
	if (read.why != NULL && read.fix != NULL)
		str_printf(why, "; fix it with: %s %s", read.fix, read.path);
	OPENSSL_cleanse(text, FILE_MAX);
	free(text);
	free(read.path);
	return users;
}

void
users_free(struct users **users)
{
	struct users *old = *users;

	*users = NULL;
	if (old == NULL)
		return;
	for (size_t i = 0; i < old->count; i++) {
		struct user *user = &old->user[i];

		if (user->hash != NULL)
			OPENSSL_cleanse(user->hash, strlen(user->hash));
		OPENSSL_cleanse(&user->key, sizeof user->key);
		free(user->hash);
		free(user->name);
	}
	free(old->user);
	free(old);
}

const struct user *
users_find(const struct users *users, const char *name)
{
	const struct user wanted = { .name = (char *)(uintptr_t)name };

	return bsearch(&wanted, users->user, users->count, sizeof *users->user, compare);
}

static bool
crypt_fits(const char *hash, const char *password)
{
	struct crypt_data *data = calloc(1, sizeof *data);
	const char *made = data == NULL ? NULL : crypt_r(password, hash, data);
	bool fits = made != NULL && strlen(made) == strlen(hash) &&
		    CRYPTO_memcmp(made, hash, strlen(hash)) == 0;

	if (data != NULL)
		OPENSSL_cleanse(data, sizeof *data);
	free(data);
	return fits;
}

static bool
fits(const struct user *user, const char *password)
{
	return user->hash != NULL ? crypt_fits(user->hash, password)
				  : scram_key_fits(&user->key, password);
}

/* Octets that this name has in this file, whoever asks; -1: the digest failed. */
static int
draw(const struct users *users, const char *name, unsigned char out[SCRAM_DIGEST_LEN])
{
	return HMAC(EVP_sha256(), users->secret, sizeof users->secret, (const unsigned char *)name,
		   strlen(name), out, NULL) == NULL
		   ? -1
		   : 0;
}

/* Who is asked in place of somebody who is not there: kinds of hashes are as frequent as among
 * those who are. */
static const struct user *
stand_in(const struct users *users, const char *name)
{
	unsigned char octets[SCRAM_DIGEST_LEN];
	uint64_t number = 0;

	if (draw(users, name, octets) == 0)
		memcpy(&number, octets, sizeof number);
	return &users->user[number % users->count];
}

bool
users_verify(const struct users *users, const char *name, const char *password)
{
	const struct user *user = users_find(users, name);
	const struct user *asked = user != NULL ? user : stand_in(users, name);
	char *spelled = saslprep(password);
	/* As it was typed, too: other programs make hashes of that. */
	bool is_right = fits(asked, password) || (spelled != NULL && fits(asked, spelled));

	saslprep_wipe(&spelled);
	return is_right && user != NULL;
}

/* What stands for the key of somebody who has none. */
static int
pretend(const struct users *users, const char *name, struct scram_key *out)
{
	unsigned char salt[SCRAM_DIGEST_LEN], noise[2][SCRAM_DIGEST_LEN];
	size_t first = (size_t)(stand_in(users, name) - users->user);

	for (size_t i = 0; i < users->count && out->iterations == 0; i++)
		out->iterations = users->user[(first + i) % users->count].key.iterations;
	if (draw(users, name, salt) < 0 || RAND_bytes(noise[0], sizeof noise) != 1)
		return -1;
	base64_encode(salt, SALT_LEN, out->salt);
	base64_encode(noise[0], sizeof noise[0], out->stored);
	base64_encode(noise[1], sizeof noise[1], out->server);
	return 0;
}

int
users_scram_key(const struct users *users, const char *name, struct scram_key *out)
{
	const struct user *user = users_find(users, name);

	*out = (struct scram_key){ .iterations = 0 };
	if (user == NULL || user->hash != NULL)
		return pretend(users, name, out);
	*out = user->key;
	return 0;
}
