/* SPDX-License-Identifier: ISC */
/* Tests of src/net/tls.c: what is accepted, what is not, and what is said about it. */
#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "certs.h"
#include "unit.h"

static struct cert ca;
static char ca_file[32];

static void
set_up(void)
{
	ca = cert_make(NULL, -10, 10, NULL);
	cert_save(&ca, ca_file);
}

static void
tear_down(void)
{
	unlink(ca_file);
	cert_free(&ca);
}

static struct tls_client *
client_for(const char *host)
{
	struct str why = STR_EMPTY;
	struct tls_client *client = tls_client_new(host, ca_file, &why);

	ck_assert_msg(client != NULL, "%s", why.data);
	str_free(&why);
	return client;
}

static SSL *
server_session(SSL_CTX *ctx)
{
	SSL *ssl = SSL_new(ctx);

	SSL_set_accept_state(ssl);
	return ssl;
}

/* Shake hands in memory; afterwards read, since tickets come with the first input.  Whether the
 * client is content. */
static bool
shake_hands(SSL *client, SSL *server)
{
	BIO *a, *b;
	char byte;

	ck_assert_int_eq(BIO_new_bio_pair(&a, 0, &b, 0), 1);
	SSL_set_bio(client, a, a);
	SSL_set_bio(server, b, b);
	for (int i = 0; i < 20; i++) {
		ERR_clear_error();
		int ret = SSL_do_handshake(client);
		if (ret != 1 && SSL_get_error(client, ret) == SSL_ERROR_SSL)
			return false;
		ERR_clear_error();
		SSL_do_handshake(server);
	}
	ERR_clear_error();
	SSL_read(client, &byte, 1);
	return SSL_is_init_finished(client) == 1;
}

/* Connect to a server with this certificate by this name: what tls_explain says, or "" when all is
 * well. */
static void
try(const struct cert *cert, const char *host, struct str *explained)
{
	struct tls_client *client = client_for(host);
	SSL_CTX *ctx = cert_server(cert);
	SSL *server = server_session(ctx);
	SSL *ssl = tls_client_session(client);

	str_puts(explained, "");
	if (!shake_hands(ssl, server))
		tls_explain(ssl, explained);
	SSL_free(ssl);
	SSL_free(server);
	SSL_CTX_free(ctx);
	tls_client_free(&client);
}

static const struct {
	const char *names, *host;
	int from_days, to_days;
	bool self_signed;
	const char *says[4]; /* all of these; none: accepted */
} cases[] = {
	{ "DNS:mail.example", "mail.example", -1, 1, false, { 0 } },
	{ "DNS:mail.example", "MAIL.example.", -1, 1, false, { 0 } },
	{ "DNS:*.post.example", "mail.post.example", -1, 1, false, { 0 } },
	{ "IP:127.0.0.1", "127.0.0.1", -1, 1, false, { 0 } },
	{ "IP:::1", "::1", -1, 1, false, { 0 } },
	{ "DNS:mail.example", "other.example", -1, 1, false,
	    { "ostname mismatch", "expected: other.example", "for mail.example" } },
	{ "DNS:m*.post.example", "mail.post.example", -1, 1, false, { "ostname mismatch" } },
	{ "DNS:*.post.example", "a.b.post.example", -1, 1, false, { "ostname mismatch" } },
	{ "DNS:127.0.0.1", "127.0.0.1", -1, 1, false, { "IP address mismatch" } },
	{ "DNS:mail.example", "mail.example", -5, -2, false,
	    { "certificate has expired", "issued by O = Test CA", "valid from ", " to " } },
	{ "DNS:mail.example", "mail.example", 2, 5, false, { "not yet valid" } },
	{ "DNS:mail.example", "mail.example", -1, 1, true, { "self-signed", "O = Test" } },
};

START_TEST(test_verifies)
{
	struct str said = STR_EMPTY;
	struct cert cert = cert_make(cases[_i].names, cases[_i].from_days, cases[_i].to_days,
	    cases[_i].self_signed ? NULL : &ca);

	try(&cert, cases[_i].host, &said);
	if (cases[_i].says[0] == NULL)
		ck_assert_str_eq(said.data, "");
	for (int i = 0; i < 4 && cases[_i].says[i] != NULL; i++)
		ck_assert_msg(strstr(said.data, cases[_i].says[i]) != NULL, "no \"%s\" in: %s",
		    cases[_i].says[i], said.data);
	str_free(&said);
	cert_free(&cert);
}
END_TEST

START_TEST(test_unknown_ca_is_refused)
{
	struct str said = STR_EMPTY;
	struct cert stranger = cert_make(NULL, -1, 1, NULL);
	struct cert cert = cert_make("DNS:mail.example", -1, 1, &stranger);

	X509_NAME_add_entry_by_txt(X509_get_issuer_name(cert.x509), "CN", MBSTRING_ASC,
	    (const unsigned char *)"stranger", -1, -1, 0);
	X509_sign(cert.x509, stranger.key, EVP_sha256());
	try(&cert, "mail.example", &said);
	ck_assert_msg(strstr(said.data, "issuer certificate") != NULL, "%s", said.data);
	str_free(&said);
	cert_free(&cert);
	cert_free(&stranger);
}
END_TEST

START_TEST(test_tls_1_1_is_refused)
{
	struct cert cert = cert_make("DNS:mail.example", -1, 1, &ca);
	struct tls_client *client = client_for("mail.example");
	SSL_CTX *ctx = cert_server(&cert);
	struct str said = STR_EMPTY;

	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
	SSL *server = server_session(ctx);
	SSL *ssl = tls_client_session(client);
	ck_assert(!shake_hands(ssl, server));
	tls_explain(ssl, &said);
	ck_assert_msg(strstr(said.data, "protocol version") != NULL, "%s", said.data);
	str_free(&said);
	SSL_free(ssl);
	SSL_free(server);
	SSL_CTX_free(ctx);
	tls_client_free(&client);
	cert_free(&cert);
}
END_TEST

/* _i: TLS 1.2, TLS 1.3 */
START_TEST(test_resumes)
{
	struct cert cert = cert_make("DNS:mail.example", -1, 1, &ca);
	struct tls_client *client = client_for("mail.example");
	SSL_CTX *ctx = cert_server(&cert);

	SSL_CTX_set_max_proto_version(ctx, _i == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
	for (int i = 0; i < 3; i++) {
		SSL *server = server_session(ctx);
		SSL *ssl = tls_client_session(client);
		ck_assert(shake_hands(ssl, server));
		ck_assert_int_eq(SSL_session_reused(ssl), i > 0);
		SSL_set_shutdown(ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
		SSL_free(ssl);
		SSL_free(server);
	}
	SSL_CTX_free(ctx);
	tls_client_free(&client);
	cert_free(&cert);
}
END_TEST

/* _i: a name, an address */
START_TEST(test_sends_names_as_sni)
{
	const char *host = _i == 0 ? "mail.example" : "127.0.0.1";
	struct cert cert = cert_make("DNS:mail.example,IP:127.0.0.1", -1, 1, &ca);
	struct tls_client *client = client_for(host);
	SSL_CTX *ctx = cert_server(&cert);
	SSL *server = server_session(ctx);
	SSL *ssl = tls_client_session(client);

	ck_assert(shake_hands(ssl, server));
	const char *sni = SSL_get_servername(server, TLSEXT_NAMETYPE_host_name);
	if (_i == 0)
		ck_assert_str_eq(sni, host);
	else
		ck_assert_ptr_null(sni);
	char text[64];
	tls_describe(ssl, text, sizeof text);
	ck_assert_msg(strncmp(text, "TLSv1.3 TLS_", 12) == 0, "%s", text);
	SSL_free(ssl);
	SSL_free(server);
	SSL_CTX_free(ctx);
	tls_client_free(&client);
	cert_free(&cert);
}
END_TEST

START_TEST(test_names_a_missing_ca_file)
{
	struct str why = STR_EMPTY;

	ck_assert_ptr_null(tls_client_new("mail.example", "/nonexistent/ca.pem", &why));
	ck_assert_msg(strstr(why.data, "/nonexistent/ca.pem") != NULL, "%s", why.data);
	ck_assert_msg(strstr(why.data, "No such file") != NULL, "%s", why.data);
	str_free(&why);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("tls");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test_verifies, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_test(tcase, test_unknown_ca_is_refused);
	tcase_add_test(tcase, test_tls_1_1_is_refused);
	tcase_add_loop_test(tcase, test_resumes, 0, 2);
	tcase_add_loop_test(tcase, test_sends_names_as_sni, 0, 2);
	tcase_add_test(tcase, test_names_a_missing_ca_file);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("tls")
