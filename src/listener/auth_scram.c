/* SPDX-License-Identifier: ISC */
/*
 * auth_scram.c - SCRAM-SHA-256 (RFC 5802, RFC 7677), by libgsasl.  Both sides prove that they know
 * the password, and it never travels; our proof is a challenge that the client answers with
 * nothing.
 */
#include <gsasl.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "listener/auth.h"
#include "listener/auth_private.h"

/* Give it all at once, when it asks for the first. */
static int
set_key(Gsasl_session *scram, const struct auth *auth)
{
	struct scram_key key;
	char iterations[16];
	int result;

	if (users_scram_key(auth->users, auth->name, &key) < 0)
		return GSASL_CRYPTO_ERROR;
	snprintf(iterations, sizeof iterations, "%u", key.iterations);
	result = gsasl_property_set(scram, GSASL_SCRAM_ITER, iterations);
	if (result == GSASL_OK)
		result = gsasl_property_set(scram, GSASL_SCRAM_SALT, key.salt);
	if (result == GSASL_OK)
		result = gsasl_property_set(scram, GSASL_SCRAM_STOREDKEY, key.stored);
	if (result == GSASL_OK)
		result = gsasl_property_set(scram, GSASL_SCRAM_SERVERKEY, key.server);
	OPENSSL_cleanse(&key, sizeof key);
	return result;
}

static int
on_property(Gsasl *library, Gsasl_session *scram, Gsasl_property property)
{
	struct auth *auth = gsasl_session_hook_get(scram);
	const char *name;

	(void)library;
	if (property != GSASL_SCRAM_ITER && property != GSASL_SCRAM_SALT)
		return GSASL_NO_CALLBACK;
	name = gsasl_property_fast(scram, GSASL_AUTHID);
	if (name == NULL || strlen(name) > USER_NAME_MAX)
		return GSASL_AUTHENTICATION_ERROR;
	memcpy(auth->name, name, strlen(name) + 1);
	users_spell(auth->name);
	return set_key(scram, auth);
}

int
auth_scram_begin(struct auth *auth, const struct auth_env *env)
{
	gsasl_callback_set(env->sasl, on_property);
	if (gsasl_server_start(env->sasl, "SCRAM-SHA-256", &auth->scram) != GSASL_OK)
		return -1;
	gsasl_session_hook_set(auth->scram, auth);
	return 0;
}

void
auth_scram_end(struct auth *auth)
{
	if (auth->scram != NULL)
		gsasl_finish(auth->scram);
	auth->scram = NULL;
}

/* Nobody acts for another. */
static bool
is_oneself(const struct auth *auth)
{
	const char *other = gsasl_property_fast(auth->scram, GSASL_AUTHZID);
	const char *name = gsasl_property_fast(auth->scram, GSASL_AUTHID);

	return other == NULL || other[0] == '\0' || (name != NULL && strcmp(other, name) == 0);
}

enum auth_step
auth_scram(struct auth *auth, const char *data, size_t len)
{
	char *challenge = NULL;
	size_t challenge_len = 0;

	if (data == NULL)
		return AUTH_STEP_ASK;
	if (auth->is_proven)
		return len == 0 ? AUTH_STEP_OK : AUTH_STEP_GARBLED;
	/* libgsasl would go on waiting for the first message. */
	if (len == 0)
		return AUTH_STEP_GARBLED;

	int result = gsasl_step(auth->scram, data, len, &challenge, &challenge_len);

	if (result == GSASL_OK || result == GSASL_NEEDS_MORE)
		str_add(&auth->challenge, challenge, challenge_len);
	gsasl_free(challenge);
	if (result == GSASL_OK && !is_oneself(auth))
		return AUTH_STEP_WRONG;
	auth->is_proven = result == GSASL_OK;
	if (result == GSASL_OK || result == GSASL_NEEDS_MORE)
		return AUTH_STEP_ASK;
	return result == GSASL_MECHANISM_PARSE_ERROR ? AUTH_STEP_GARBLED : AUTH_STEP_WRONG;
}
