/* SPDX-License-Identifier: ISC */
/*
 * auth_choose.c - the mechanisms in the order of preference: what proves the password before what
 * sends it, and bound to the TLS connection before unbound.
 */
#include <stddef.h>

#include "base/str.h"
#include "config/config.h"
#include "config/key.h"
#include "outbound/auth_private.h"
#include "smtp/capability.h"

#define SCRAM (TRAIT_INITIAL | TRAIT_PROOF | TRAIT_SALTED)

static const struct mechanism mechanisms[] = {
	{ SMTP_MECH_EXTERNAL, TRAIT_INITIAL },
	{ SMTP_MECH_SCRAM_SHA_256_PLUS, SCRAM | TRAIT_BINDING },
	{ SMTP_MECH_SCRAM_SHA_1_PLUS, SCRAM | TRAIT_BINDING },
	{ SMTP_MECH_SCRAM_SHA_256, SCRAM },
	{ SMTP_MECH_SCRAM_SHA_1, SCRAM },
	{ SMTP_MECH_CRAM_MD5, TRAIT_PROOF },
	{ SMTP_MECH_PLAIN, TRAIT_INITIAL },
	{ SMTP_MECH_LOGIN, 0 },
};

enum { MECHANISMS = sizeof mechanisms / sizeof *mechanisms };

/* What each word of the key auth stands for; auto: any. */
static const unsigned chosen[] = {
	[AUTH_AUTO] = ~0U,
	[AUTH_PLAIN] = SMTP_MECH_PLAIN,
	[AUTH_LOGIN] = SMTP_MECH_LOGIN,
	[AUTH_CRAM_MD5] = SMTP_MECH_CRAM_MD5,
	[AUTH_SCRAM_SHA_1] = SMTP_MECH_SCRAM_SHA_1,
	[AUTH_SCRAM_SHA_256] = SMTP_MECH_SCRAM_SHA_256,
	[AUTH_SCRAM_SHA_1_PLUS] = SMTP_MECH_SCRAM_SHA_1_PLUS,
	[AUTH_SCRAM_SHA_256_PLUS] = SMTP_MECH_SCRAM_SHA_256_PLUS,
	[AUTH_EXTERNAL] = SMTP_MECH_EXTERNAL,
};

/* Whether we would use it with a server that offers it. */
static bool
is_ours(const struct auth_client *client, const struct mechanism *mechanism, bool can_bind)
{
	const struct config_upstream *config = client->config;
	bool is_auto = config->auth == AUTH_AUTO;

	if ((mechanism->bit & chosen[config->auth]) == 0)
		return false;
	/* The certificate stands for a password that is not given. */
	if (mechanism->bit == SMTP_MECH_EXTERNAL)
		return config->tls_cert_file != NULL && (!is_auto || client->password == NULL);
	if (client->password == NULL)
		return false;
	if ((mechanism->traits & TRAIT_BINDING) != 0 && !can_bind)
		return false;
	return !is_auto || client->is_preparable || (mechanism->traits & TRAIT_PROOF) == 0;
}

static void
explain(const struct auth_client *client, const struct smtp_capabilities *offered, bool can_bind,
    struct str *why)
{
	size_t count = 0;

	str_puts(why, "no mechanism in common: postern would take ");
	for (size_t i = 0; i < MECHANISMS; i++)
		if (is_ours(client, &mechanisms[i], can_bind))
			str_printf(why, "%s%s", count++ > 0 ? " " : "",
			    smtp_mechanism_name(mechanisms[i].bit));
	if (count == 0)
		str_printf(why, "%s, which this TLS connection cannot be bound to",
		    smtp_mechanism_name(chosen[client->config->auth]));
	str_printf(why, " (auth = %s), the upstream offers %s",
	    kind_auth.words[client->config->auth],
	    offered->auth_text[0] != '\0' ? offered->auth_text : "none at all");
}

const struct mechanism *
auth_choose(const struct auth_client *client, const struct smtp_capabilities *offered,
    bool can_bind, struct str *why)
{
	for (size_t i = 0; i < MECHANISMS; i++)
		if ((offered->mechanisms & mechanisms[i].bit) != 0 &&
		    is_ours(client, &mechanisms[i], can_bind))
			return &mechanisms[i];
	explain(client, offered, can_bind, why);
	return NULL;
}
