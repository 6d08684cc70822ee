/* SPDX-License-Identifier: ISC */
/*
 * users.h - who may log in to a listener: a file of lines NAME:HASH.  A hash is that of crypt(3),
 * or a key for SCRAM (scram_key.h), as `posternctl passwd NAME` prints it.
 */
#ifndef CONFIG_USERS_H
#define CONFIG_USERS_H

#include <stdbool.h>
#include <stddef.h>

#include "config/scram_key.h"

struct str;

enum { USER_NAME_MAX = 255 };

struct user {
	char *name;
	char *hash;           /* of crypt(3); NULL: scram instead */
	struct scram_key key; /* all zeros where there is a hash */
};

struct users {
	struct user *user; /* by name, at least one */
	size_t count;
	bool has_scram;           /* of at least one */
	unsigned char secret[32]; /* of this file: what unknown names seem to have comes from it */
};

/* Read a file, which is checked as a password file is; NULL with the reason in why. */
struct users *users_load(const char *file, struct str *why);
void users_free(struct users **users);

/* Bring a name to the spelling that all names here have (saslprep.h). */
void users_spell(char name[USER_NAME_MAX + 1]);

/* NULL: there is none of this name. */
const struct user *users_find(const struct users *users, const char *name);

/*
 * Whether there is such a user with this password, in whatever spelling.  Takes up to a second, for
 * names that nobody has as well, and may run in any thread.
 */
bool users_verify(const struct users *users, const char *name, const char *password);

/* The key to begin SCRAM with, for any name; without a user who has one no proof will fit it.
 * -1: it failed. */
int users_scram_key(const struct users *users, const char *name, struct scram_key *out);

#endif
