/* SPDX-License-Identifier: ISC */
/* login.c - see login.h: the server, and the talk between it and the client under test. */
#include "login.h"

#include <check.h>
#include <openssl/bio.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net/certs.h"
#include "net/tls.h"
#include "smtp/capability.h"

/* A connection and what the two ends have of it. */
static struct {
	struct cert ca, cert;
	char ca_file[32];
	struct config_upstream config;
	struct tls_client *tls;
	SSL_CTX *ctx;
	SSL *client, *server;
} tls;

const char *login_password = PASSWORD;
const char *login_iterations = "4096";

void
login_connect(int version)
{
	struct str why = STR_EMPTY;
	BIO *a, *b;

	tls.ca = cert_make(NULL, -1, 1, NULL);
	cert_save(&tls.ca, tls.ca_file);
	tls.cert = cert_make("DNS:mail.example", -1, 1, &tls.ca);
	tls.ctx = cert_server(&tls.cert);
	SSL_CTX_set_max_proto_version(tls.ctx, version);
	tls.config = (struct config_upstream){ .host = (char *)(uintptr_t) "mail.example",
		.ca_file = tls.ca_file };
	tls.tls = tls_client_new(&tls.config, NULL, &why);
	ck_assert_ptr_nonnull(tls.tls);
	tls.client = tls_client_session(tls.tls);
	tls.server = SSL_new(tls.ctx);
	SSL_set_accept_state(tls.server);
	ck_assert_int_eq(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(tls.client, a, a);
	SSL_set_bio(tls.server, b, b);
	for (int i = 0; i < 10; i++) {
		SSL_do_handshake(tls.client);
		SSL_do_handshake(tls.server);
	}
	ck_assert(SSL_is_init_finished(tls.server));
}

void
login_disconnect(void)
{
	if (tls.tls == NULL)
		return;
	SSL_free(tls.client);
	SSL_free(tls.server);
	SSL_CTX_free(tls.ctx);
	tls_client_free(&tls.tls);
	cert_free(&tls.cert);
	cert_free(&tls.ca);
	unlink(tls.ca_file);
	tls.client = tls.server = NULL;
}

static int
on_server_property(Gsasl *library, Gsasl_session *session, Gsasl_property property)
{
	(void)library;
	if (property == GSASL_SCRAM_ITER)
		return gsasl_property_set(session, property, login_iterations);
	if (property == GSASL_SCRAM_SALT)
		return gsasl_property_set(session, property, "QSXCR+Q6sek8bf92");
	if (property != GSASL_PASSWORD)
		return GSASL_NO_CALLBACK;

	const char *name = gsasl_property_fast(session, GSASL_AUTHID);

	if (name == NULL || strcmp(name, USERNAME) != 0)
		return GSASL_NO_CALLBACK;
	return gsasl_property_set(session, GSASL_PASSWORD, login_password);
}

static void
bind_server(Gsasl_session *session)
{
	unsigned char data[64];
	size_t len = 32;
	char *text;

	if (SSL_version(tls.server) == TLS1_3_VERSION)
		ck_assert_int_eq(SSL_export_keying_material(tls.server, data, len,
				     "EXPORTER-Channel-Binding", 24, NULL, 0, 0),
		    1);
	else
		len = SSL_get_peer_finished(tls.server, data, sizeof data);
	gsasl_base64_to((const char *)data, len, &text, NULL);
	gsasl_property_set(session,
	    SSL_version(tls.server) == TLS1_3_VERSION ? GSASL_CB_TLS_EXPORTER : GSASL_CB_TLS_UNIQUE,
	    text);
	gsasl_free(text);
}

/* What a server says to a line: 334 and a challenge, 235 with a text, or 535. */
static int
serve(Gsasl_session *session, const char *line, enum ending ending, struct str *text)
{
	char *said = NULL;
	int result = gsasl_step64(session, line, &said);
	int code = result == GSASL_NEEDS_MORE ? 334 : result == GSASL_OK ? 235 : 535;

	str_cut(text, 0);
	if (code == 235 && said != NULL && said[0] != '\0' && ending == LAST_IN_334)
		code = 334;
	if (said != NULL && (code == 334 || ending != LAST_UNSAID))
		str_puts(text, code == 235 && ending == LAST_FORGED ? FORGED : said);
	str_puts(text, code == 235 ? " Welcome in" : "");
	gsasl_free(said);
	return code;
}

/* The rest of a login after "AUTH NAME [INITIAL]"; what came of it in why, "" when all is well. */
static void
converse(struct auth *auth, Gsasl_session *session, const char *initial, enum ending ending,
    struct str *why)
{
	struct str text = STR_EMPTY, line = STR_EMPTY;
	bool is_over = false;
	int code = 334;

	str_puts(&text, "");
	if (initial != NULL)
		code = serve(session, strcmp(initial, "=") == 0 ? "" : initial, ending, &text);
	else if (!auth_is_proof(auth) && strcmp(auth_mechanism(auth), "LOGIN") != 0)
		code = 334;
	else
		code = serve(session, "", ending, &text);
	while (code == 334) {
		str_cut(&line, 0);
		if (auth_respond(auth, text.data, &line, why) == -1)
			break;
		ck_assert_uint_le(line.len, 12288);
		is_over = line.len == 0;
		code = is_over ? 235 : serve(session, line.data, ending, &text);
	}
	if (code == 535)
		str_puts(why, "535");
	else if (code == 235)
		(void)auth_conclude(auth, is_over ? "OK" : text.data, why);
	str_free(&text);
	str_free(&line);
}

Gsasl_session *
login_serve(Gsasl **library, const char *mechanism)
{
	Gsasl_session *session;

	ck_assert_int_eq(gsasl_init(library), GSASL_OK);
	gsasl_callback_set(*library, on_server_property);
	ck_assert_int_eq(gsasl_server_start(*library, mechanism, &session), GSASL_OK);
	if (strstr(mechanism, "-PLUS") != NULL)
		bind_server(session);
	return session;
}

const char *
log_in(struct auth_client *client, const struct login *login, struct str *why)
{
	struct str text = STR_EMPTY, line = STR_EMPTY;
	struct smtp_capabilities offered;
	const char *mechanism = NULL;
	Gsasl_session *session;
	Gsasl *server;

	str_printf(&text, "mail.example\nAUTH %s", login->offered);
	smtp_capabilities_parse(text.data, &offered);
	str_free(&text);
	str_cut(why, 0);
	str_puts(why, "");

	struct auth *auth = auth_begin(client, &offered, tls.client, &line, why);

	if (auth != NULL) {
		const char *space;

		mechanism = auth_mechanism(auth);
		ck_assert_int_eq(strncmp(line.data, "AUTH ", 5), 0);
		ck_assert_uint_le(line.len, 510);
		space = strchr(line.data + 5, ' ');
		session = login_serve(&server, mechanism);
		converse(auth, session, space != NULL ? space + 1 : NULL, login->ending, why);
		gsasl_finish(session);
		gsasl_done(server);
	}
	auth_free(&auth);
	str_free(&line);
	return mechanism;
}

const char *
log_in_once(const struct login *login, struct str *why)
{
	struct config_upstream config = { .auth = login->choice,
		.host = (char *)(uintptr_t) "mail.example",
		.username =
		    (char *)(uintptr_t)(login->username != NULL ? login->username : USERNAME) };
	struct auth_client *client =
	    auth_client_new(&config, login->password != NULL ? login->password : PASSWORD);
	const char *mechanism = log_in(client, login, why);

	auth_client_free(&client);
	ck_assert_ptr_null(client);
	return mechanism;
}
