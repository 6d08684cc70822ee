/* SPDX-License-Identifier: ISC */
/* auth_private.h - what auth.c, auth_choose.c and auth_salt.c share. */
#ifndef OUTBOUND_AUTH_PRIVATE_H
#define OUTBOUND_AUTH_PRIVATE_H

#include <gsasl.h>

#include "outbound/auth.h"

struct mechanism {
	unsigned bit; /* smtp_mechanism */
	unsigned traits;
};

enum mechanism_trait {
	TRAIT_INITIAL = 1 << 0, /* the client speaks first */
	TRAIT_PROOF = 1 << 1,   /* the password itself is not sent */
	TRAIT_SALTED = 1 << 2,  /* SCRAM: both sides prove, with a salted password */
	TRAIT_BINDING = 1 << 3, /* bound to the TLS connection */
};

/* A salted password takes thousands of hashes: the last one is kept for the next login. */
struct salted {
	unsigned bit; /* of the mechanism; 0: none is kept */
	char *salt, *iterations, *password;
};

struct auth_client {
	const struct config_upstream *config;
	const char *password;
	Gsasl *library;
	bool is_preparable; /* RFC 4013 allows the username and the password */
	struct salted salted;
};

/* auth_choose.c */

/* The strongest mechanism that both have, or NULL with the reason in why. */
const struct mechanism *auth_choose(const struct auth_client *client,
    const struct smtp_capabilities *offered, bool can_bind, struct str *why);

/* auth_salt.c */

/* Whether the challenge of a session asks for more hashes than postern grants. */
bool auth_salt_is_costly(Gsasl_session *session);

/* Give a session the salted password that its challenge asks for, if it is kept. */
int auth_salt_recall(const struct salted *salted, unsigned bit, Gsasl_session *session);

/* Keep what a session that succeeded has worked out. */
void auth_salt_keep(struct salted *salted, unsigned bit, Gsasl_session *session);
void auth_salt_forget(struct salted *salted);

#endif
