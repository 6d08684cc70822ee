/* SPDX-License-Identifier: ISC */
/*
 * auth.c - see auth.h.  Over verified TLS the simple mechanisms come first: one round trip, and
 * every provider has them.
 */
#include "outbound/auth.h"

#include <gsasl.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "smtp/capability.h"

struct mechanism {
	unsigned bit;
	bool initial; /* the client speaks first */
};

/* In the order of preference. */
static const struct mechanism mechanisms[] = {
	{ SMTP_MECH_PLAIN, true },
	{ SMTP_MECH_LOGIN, false },
	{ SMTP_MECH_SCRAM_SHA_256, true },
	{ SMTP_MECH_SCRAM_SHA_1, true },
	{ SMTP_MECH_CRAM_MD5, false },
};

struct auth {
	Gsasl *library;
	Gsasl_session *session;
	const struct mechanism *mechanism;
};

static const struct mechanism *
choose(unsigned offered)
{
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++)
		if ((offered & mechanisms[i].bit) != 0)
			return &mechanisms[i];
	return NULL;
}

int
auth_has_common(unsigned offered)
{
	return choose(offered) != NULL;
}

const char *
auth_mechanism(const struct auth *auth)
{
	return smtp_mechanism_name(auth->mechanism->bit);
}

static int
set_properties(struct auth *auth, const char *username, const char *password, const char *host)
{
	return gsasl_property_set(auth->session, GSASL_AUTHID, username) == GSASL_OK &&
		       gsasl_property_set(auth->session, GSASL_PASSWORD, password) == GSASL_OK &&
		       gsasl_property_set(auth->session, GSASL_SERVICE, "smtp") == GSASL_OK &&
		       gsasl_property_set(auth->session, GSASL_HOSTNAME, host) == GSASL_OK
		   ? 0
		   : -1;
}

int
auth_respond(struct auth *auth, const char *challenge, struct str *line)
{
	char *response = NULL;
	int result = gsasl_step64(auth->session, challenge, &response);

	if (result != GSASL_OK && result != GSASL_NEEDS_MORE)
		return -1;
	if (response != NULL) {
		str_puts(line, response);
		OPENSSL_cleanse(response, strlen(response));
		gsasl_free(response);
	}
	return str_is_bad(line) ? -1 : 0;
}

struct auth *
auth_begin(unsigned offered, const char *username, const char *password, const char *host,
    struct str *line)
{
	struct auth *auth = calloc(1, sizeof *auth);

	if (auth == NULL)
		return NULL;
	if ((auth->mechanism = choose(offered)) == NULL || gsasl_init(&auth->library) != GSASL_OK)
		goto fail;
	if (gsasl_client_start(auth->library, auth_mechanism(auth), &auth->session) != GSASL_OK ||
	    set_properties(auth, username, password, host) == -1)
		goto fail;
	str_printf(line, "AUTH %s", auth_mechanism(auth));
	if (auth->mechanism->initial) {
		str_puts(line, " ");
		if (auth_respond(auth, "", line) == -1)
			goto fail;
	}
	return auth;
fail:
	auth_free(&auth);
	return NULL;
}

void
auth_free(struct auth **auth)
{
	if (*auth == NULL)
		return;
	if ((*auth)->session != NULL)
		gsasl_finish((*auth)->session);
	if ((*auth)->library != NULL)
		gsasl_done((*auth)->library);
	free(*auth);
	*auth = NULL;
}
