/* SPDX-License-Identifier: ISC */
/*
 * secret.h - passwords, got late and kept in one place.
 * The master loads them to see that they can be had, and keeps them until it has forked the
 * outbound worker, which has them from it: no command runs twice.
 */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include <stddef.h>

struct certificate;
struct config;
struct str;

struct secrets {
	char **password; /* one for each upstream, in the config's order; NULL without one */
	struct certificate **certificate; /* the same for those that we show */
	char **proxy_password;            /* the same for their proxies */
	size_t count;
};

/*
 * Get the password of every upstream, from its file, environment variable or command.  A file that
 * others than its owner (and root) can read is an error that says how to fix it.  When
 * $CREDENTIALS_DIRECTORY (systemd's LoadCredential=) holds a file of the same base name, that one
 * is read instead.  All commands together may take 10 s.  One trailing line end is cut; an empty
 * password, one with NUL or of over 4096 octets (255 for a proxy) is an error.  NULL on failure,
 * with a line for each problem in errors.
 */
struct secrets *secrets_load(const struct config *config, struct str *errors);

/* Cleanse the variables with passwords in this process's environment. */
void secrets_scrub_environment(const struct config *config);

/* Cleanse and free. */
void secrets_free(struct secrets **secrets);

#endif
