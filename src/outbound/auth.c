/* SPDX-License-Identifier: ISC */
/*
 * auth.c - see auth.h.  libgsasl asks for what it needs through on_property(): it gets the password
 * there and nowhere else, and not for a challenge that would keep us busy for ever.
 */
#include "outbound/auth.h"

#include <openssl/crypto.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "config/config.h"
#include "outbound/auth_private.h"
#include "smtp/capability.h"

enum {
	COMMAND_MAX = 510, /* RFC 5321 4.5.3.1.4, without CRLF */
	BINDING_MAX = 64,  /* a Finished message, or 32 octets of RFC 9266 */
	EXPORTER_LEN = 32,
};

struct auth {
	struct auth_client *client;
	Gsasl_session *session;
	const struct mechanism *mechanism;
	struct str first; /* the initial response, when it is too long for the command */
	bool is_held_back;
	bool is_done; /* there is nothing more to be said or verified */
};

static int
on_property(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	const struct auth *auth = gsasl_session_hook_get(session);

	(void)library;
	if (property == GSASL_SCRAM_SALTED_PASSWORD)
		return auth_salt_recall(&auth->client->salted, auth->mechanism->bit, session);
	if (property != GSASL_PASSWORD || auth->client->password == NULL)
		return GSASL_NO_CALLBACK;
	if (auth_salt_is_costly(session))
		return GSASL_NO_PASSWORD;
	return gsasl_property_set(session, GSASL_PASSWORD, auth->client->password);
}

static bool
is_preparable(const char *text)
{
	char *prepared = NULL;
	int result =
	    text == NULL ? GSASL_OK : gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &prepared, NULL);

	if (prepared != NULL)
		OPENSSL_cleanse(prepared, strlen(prepared));
	gsasl_free(prepared);
	return result == GSASL_OK;
}

struct auth_client *
auth_client_new(const struct config_upstream *config, const char *password)
{
	struct auth_client *client = calloc(1, sizeof *client);

	if (client == NULL)
		return NULL;
	client->config = config;
	client->password = password;
	client->is_preparable = is_preparable(config->username) && is_preparable(password);
	if (gsasl_init(&client->library) == GSASL_OK)
		gsasl_callback_set(client->library, on_property);
	else
		auth_client_free(&client);
	return client;
}

void
auth_client_free(struct auth_client **client)
{
	struct auth_client *old = *client;

	*client = NULL;
	if (old == NULL)
		return;
	auth_salt_forget(&old->salted);
	if (old->library != NULL)
		gsasl_done(old->library);
	free(old);
}

bool
auth_is_wanted(const struct auth_client *client, const struct smtp_capabilities *offered)
{
	const struct config_upstream *config = client->config;

	if (client->password != NULL || config->auth == AUTH_EXTERNAL || config->username != NULL)
		return true;
	return config->tls_cert_file != NULL && (offered->mechanisms & SMTP_MECH_EXTERNAL) != 0;
}

/*
 * What binds a login to this TLS connection: tls-exporter with TLS 1.3 (RFC 9266), tls-unique
 * before (RFC 5929 3: the first Finished message, which is the server's when a session is resumed),
 * and that only where RFC 7627 makes it unique.  0: nothing does.
 */
static size_t
find_binding(SSL *ssl, Gsasl_property *kind, unsigned char out[BINDING_MAX])
{
	static const char label[] = "EXPORTER-Channel-Binding";

	if (ssl == NULL)
		return 0;
	if (SSL_version(ssl) >= TLS1_3_VERSION) {
		*kind = GSASL_CB_TLS_EXPORTER;
		return SSL_export_keying_material(
			   ssl, out, EXPORTER_LEN, label, sizeof label - 1, NULL, 0, 0) == 1
			   ? EXPORTER_LEN
			   : 0;
	}
	if (SSL_get_extms_support(ssl) != 1)
		return 0;
	*kind = GSASL_CB_TLS_UNIQUE;

	size_t len = SSL_session_reused(ssl) ? SSL_get_peer_finished(ssl, out, BINDING_MAX)
					     : SSL_get_finished(ssl, out, BINDING_MAX);

	return len <= BINDING_MAX ? len : 0;
}

static int
set_binding(Gsasl_session *session, Gsasl_property kind, const unsigned char *data, size_t len)
{
	char *text = NULL;
	int result = gsasl_base64_to((const char *)data, len, &text, NULL);

	if (result == GSASL_OK)
		result = gsasl_property_set(session, kind, text);
	gsasl_free(text);
	return result;
}

/*
 * The binding is set for the mechanisms that use it alone: libgsasl 2.2 fails when another session
 * knows one, where RFC 5802 6 would have it say "y".
 */
static int
prepare(struct auth *auth, Gsasl_property kind, const unsigned char *binding, size_t len)
{
	const struct config_upstream *config = auth->client->config;
	const char *name = auth_mechanism(auth);

	/* Found out later, it leaks memory (libgsasl 2.2). */
	if (!auth->client->is_preparable && auth_is_proof(auth))
		return GSASL_SASLPREP_ERROR;

	int result = gsasl_client_start(auth->client->library, name, &auth->session);

	if (result != GSASL_OK)
		return result;
	gsasl_session_hook_set(auth->session, auth);
	if (auth->mechanism->bit == SMTP_MECH_EXTERNAL)
		/* RFC 4422 A: empty is whom the certificate is for. */
		result = gsasl_property_set(
		    auth->session, GSASL_AUTHZID, config->username != NULL ? config->username : "");
	else
		result = gsasl_property_set(auth->session, GSASL_AUTHID, config->username);
	if (result == GSASL_OK)
		result = gsasl_property_set(auth->session, GSASL_SERVICE, "smtp");
	if (result == GSASL_OK)
		result = gsasl_property_set(auth->session, GSASL_HOSTNAME, config->host);
	if (result == GSASL_OK && (auth->mechanism->traits & TRAIT_BINDING) != 0)
		result = set_binding(auth->session, kind, binding, len);
	return result;
}

/* Why libgsasl did not go on. */
static const char *
explain(const struct auth *auth, int result)
{
	if (result == GSASL_NO_PASSWORD && auth_salt_is_costly(auth->session))
		return "the upstream asks for more than 1000000 iterations";
	if (result == GSASL_AUTHENTICATION_ERROR && (auth->mechanism->traits & TRAIT_SALTED) != 0)
		return "the upstream does not prove that it knows the password";
	return gsasl_strerror(result);
}

/* libgsasl would repeat the last response, or answer an empty challenge with nothing, for ever. */
static bool
may_step(const struct auth *auth, const char *challenge, const struct str *line)
{
	bool is_first = line == &auth->first;

	if (auth->is_done)
		return false;
	return is_first || challenge[0] != '\0' || (auth->mechanism->traits & TRAIT_SALTED) == 0;
}

/* Let libgsasl take a challenge and add its response. */
static int
step(struct auth *auth, const char *challenge, struct str *line, struct str *why)
{
	char *response = NULL;
	int result = may_step(auth, challenge, line)
			 ? gsasl_step64(auth->session, challenge, &response)
			 : GSASL_MECHANISM_PARSE_ERROR;

	if (result != GSASL_OK && result != GSASL_NEEDS_MORE) {
		str_printf(why, "%s: %s", auth_mechanism(auth), explain(auth, result));
		return -1;
	}
	auth->is_done = result == GSASL_OK;
	if (response != NULL) {
		str_puts(line, response);
		OPENSSL_cleanse(response, strlen(response));
		gsasl_free(response);
	}
	if (!str_is_bad(line))
		return 0;
	str_puts(why, "out of memory");
	return -1;
}

/* "AUTH NAME", and the initial response where there is one and it fits (RFC 4954 4). */
static int
put_command(struct auth *auth, struct str *line, struct str *why)
{
	str_printf(line, "AUTH %s", auth_mechanism(auth));
	if ((auth->mechanism->traits & TRAIT_INITIAL) == 0)
		return str_is_bad(line) ? -1 : 0;
	if (step(auth, "", &auth->first, why) == -1)
		return -1;
	auth->is_held_back = line->len + 1 + auth->first.len > COMMAND_MAX;
	if (!auth->is_held_back)
		str_printf(line, " %s", auth->first.len > 0 ? auth->first.data : "=");
	return str_is_bad(line) ? -1 : 0;
}

struct auth *
auth_begin(struct auth_client *client, const struct smtp_capabilities *offered, struct ssl_st *ssl,
    struct str *line, struct str *why)
{
	unsigned char binding[BINDING_MAX];
	Gsasl_property kind = GSASL_CB_TLS_UNIQUE;
	size_t len = find_binding(ssl, &kind, binding);
	const struct mechanism *mechanism = auth_choose(client, offered, len > 0, why);
	struct auth *auth = mechanism == NULL ? NULL : calloc(1, sizeof *auth);

	if (auth == NULL)
		return NULL;
	auth->client = client;
	auth->mechanism = mechanism;

	int result = prepare(auth, kind, binding, len);

	if (result != GSASL_OK)
		str_printf(why, "%s: %s", auth_mechanism(auth), gsasl_strerror(result));
	if (result != GSASL_OK || put_command(auth, line, why) == -1)
		auth_free(&auth);
	return auth;
}

int
auth_respond(struct auth *auth, const char *challenge, struct str *line, struct str *why)
{
	if (!auth->is_held_back)
		return step(auth, challenge, line, why);
	auth->is_held_back = false;
	str_add(line, auth->first.data, auth->first.len);
	str_wipe(&auth->first);
	return str_is_bad(line) ? -1 : 0;
}

/* Take what may be the server's last message from the text of its success. */
static void
take_from_text(struct auth *auth, const char *text)
{
	struct str word = STR_EMPTY, ignored = STR_EMPTY;

	str_add(&word, text, strcspn(text, " \n"));
	if (!str_is_bad(&word))
		(void)step(auth, word.data, &ignored, &ignored);
	str_free(&word);
	str_free(&ignored);
}

int
auth_conclude(struct auth *auth, const char *text, struct str *why)
{
	if ((auth->mechanism->traits & TRAIT_SALTED) == 0)
		return 0;
	if (!auth->is_done)
		take_from_text(auth, text);
	if (!auth->is_done) {
		str_printf(why,
		    "%s: the upstream says that the login succeeded, but does not prove that it "
		    "knows the password, as an impostor could not",
		    auth_mechanism(auth));
		return -1;
	}
	auth_salt_keep(&auth->client->salted, auth->mechanism->bit, auth->session);
	return 0;
}

const char *
auth_mechanism(const struct auth *auth)
{
	return smtp_mechanism_name(auth->mechanism->bit);
}

bool
auth_is_proof(const struct auth *auth)
{
	return (auth->mechanism->traits & TRAIT_PROOF) != 0;
}

void
auth_free(struct auth **auth)
{
	struct auth *old = *auth;

	*auth = NULL;
	if (old == NULL)
		return;
	if (old->session != NULL)
		gsasl_finish(old->session);
	str_wipe(&old->first);
	free(old);
}
