/* SPDX-License-Identifier: ISC */
/*
 * auth_salt.c - the costly part of SCRAM: the password is salted with as many hashes as the server
 * asks for (RFC 5802 2.2), while the event loop waits.  So their number is bounded, and the result
 * is kept: it serves until the server changes the salt.
 */
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "outbound/auth_private.h"

/* 0.7 s of SHA-256 on a slow machine; providers ask for 4,096 to 600,000. */
enum { ITERATIONS_MAX = 1000 * 1000, ITERATIONS_DIGITS = 7 };

bool
auth_salt_is_costly(Gsasl_session *session)
{
	const char *iterations = gsasl_property_fast(session, GSASL_SCRAM_ITER);

	return iterations != NULL && (strlen(iterations) > ITERATIONS_DIGITS ||
					 strtoul(iterations, NULL, 10) > ITERATIONS_MAX);
}

static bool
is_same(const char *kept, const char *asked)
{
	return asked != NULL && strcmp(kept, asked) == 0;
}

int
auth_salt_recall(const struct salted *salted, unsigned bit, Gsasl_session *session)
{
	if (salted->bit != bit ||
	    !is_same(salted->salt, gsasl_property_fast(session, GSASL_SCRAM_SALT)) ||
	    !is_same(salted->iterations, gsasl_property_fast(session, GSASL_SCRAM_ITER)))
		return GSASL_NO_CALLBACK;
	return gsasl_property_set(session, GSASL_SCRAM_SALTED_PASSWORD, salted->password);
}

static char *
copy(Gsasl_session *session, Gsasl_property property)
{
	const char *value = gsasl_property_fast(session, property);

	return value == NULL ? NULL : strdup(value);
}

void
auth_salt_keep(struct salted *salted, unsigned bit, Gsasl_session *session)
{
	auth_salt_forget(salted);
	salted->salt = copy(session, GSASL_SCRAM_SALT);
	salted->iterations = copy(session, GSASL_SCRAM_ITER);
	salted->password = copy(session, GSASL_SCRAM_SALTED_PASSWORD);
	salted->bit = bit;
	if (salted->salt == NULL || salted->iterations == NULL || salted->password == NULL)
		auth_salt_forget(salted);
}

void
auth_salt_forget(struct salted *salted)
{
	free(salted->salt);
	free(salted->iterations);
	if (salted->password != NULL)
		OPENSSL_cleanse(salted->password, strlen(salted->password));
	free(salted->password);
	*salted = (struct salted){ .bit = 0 };
}
