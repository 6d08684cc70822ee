/* SPDX-License-Identifier: ISC */
/*
 * Tests of src/net/tls.c, tls_pin.c and tls_explain.c: what is accepted, what is not, and what is
 * said about it. Also of config/trust.c, config/ciphers.c and config/pin.c.
 */
#include "net/tls.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "certs.h"
#include "config/certificate.h"
#include "config/config.h"
#include "unit.h"

static struct cert ca;
static char ca_file[32];
static struct config_upstream policy; /* of the clients */
static struct certificate *shown;     /* by them */

static void
set_up(void)
{
	policy = (struct config_upstream){ .tls_min = TLS_LEAST_1_2 };
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
	policy.host = (char *)(uintptr_t)host;
	policy.ca_file = policy.ca_dir == NULL ? ca_file : NULL;

	struct tls_client *client = tls_client_new(&policy, shown, &why);

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
	const char *says[5]; /* all of these; none: accepted */
} cases[] = {
	{ "DNS:mail.example", "mail.example", -1, 1, false, { 0 } },
	{ "DNS:mail.example", "MAIL.example.", -1, 1, false, { 0 } },
	{ "DNS:*.post.example", "mail.post.example", -1, 1, false, { 0 } },
	{ "IP:127.0.0.1", "127.0.0.1", -1, 1, false, { 0 } },
	{ "IP:::1", "::1", -1, 1, false, { 0 } },
	{ "DNS:mail.example", "other.example", -1, 1, false,
	    { "ostname mismatch; host is to be one of its names (", "expected: other.example",
		"for mail.example" } },
	{ "DNS:m*.post.example", "mail.post.example", -1, 1, false, { "ostname mismatch" } },
	{ "DNS:*.post.example", "a.b.post.example", -1, 1, false, { "ostname mismatch" } },
	{ "DNS:127.0.0.1", "127.0.0.1", -1, 1, false, { "IP address mismatch" } },
	{ "DNS:mail.example", "mail.example", -5, -2, false,
	    { "certificate has expired; the upstream has to renew it", "issued by O = Test CA",
		"valid from ", " to " } },
	{ "DNS:mail.example", "mail.example", 2, 5, false, { "not yet valid; is the clock" } },
	{ "DNS:mail.example", "mail.example", -1, 1, true,
	    { "self-signed", "; tls_pins can", "O = Test" } },
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
	struct config_upstream config = { .host = (char *)(uintptr_t) "mail.example",
		.ca_file = (char *)(uintptr_t) "/nonexistent/ca.pem" };
	struct str why = STR_EMPTY;

	ck_assert_ptr_null(tls_client_new(&config, NULL, &why));
	ck_assert_msg(strstr(why.data, "/nonexistent/ca.pem") != NULL, "%s", why.data);
	ck_assert_msg(strstr(why.data, "No such file") != NULL, "%s", why.data);
	str_free(&why);
}
END_TEST

/* "AB:CD" or "abcd" of the certificate, or that of its key as curl has it, as others work them out.
 */
static void
make_pin(const struct cert *cert, int kind, char out[128])
{
	unsigned char digest[32], *der = NULL;
	int len = kind == 2 ? i2d_PUBKEY(cert->key, &der) : i2d_X509(cert->x509, &der);

	EVP_Digest(der, (size_t)len, digest, NULL, EVP_sha256(), NULL);
	OPENSSL_free(der);
	out[0] = '\0';
	for (size_t i = 0; kind < 2 && i < sizeof digest; i++)
		snprintf(out + strlen(out), 4, kind == 0 ? "%s%02X" : "%s%02x",
		    kind == 0 && i > 0 ? ":" : "", digest[i]);
	if (kind == 2)
		EVP_EncodeBlock(
		    (unsigned char *)out + snprintf(out, 128, "sha256//"), digest, sizeof digest);
}

/* _i: the kind.  A stranger of another name, long expired, is the right one; no other is. */
START_TEST(test_pins_are_all_that_counts)
{
	struct cert cert = cert_make("DNS:other.example", -20, -10, NULL);
	struct cert wrong = cert_make("DNS:mail.example", -1, 1, &ca);
	struct pin pins[2] = { { .is_of_key = true } };
	struct str said = STR_EMPTY;
	char text[128], wanted[128];

	make_pin(&cert, _i, text);
	ck_assert_int_eq(pin_parse(text, &pins[1]), 0);
	policy.tls_pins = pins;
	policy.ntls_pins = 2;
	try(&cert, "mail.example", &said);
	ck_assert_str_eq(said.data, "");
	try(&wrong, "mail.example", &said);
	for (int kind = 0; kind <= 2; kind += 2) {
		make_pin(&wrong, kind, wanted);
		ck_assert_msg(strstr(said.data, wanted) != NULL, "%s", said.data);
	}
	ck_assert_ptr_nonnull(strstr(said.data, "matches none of tls_pins"));
	ck_assert_ptr_nonnull(strstr(said.data, "issued by O = Test CA"));
	str_free(&said);
	cert_free(&cert);
	cert_free(&wrong);
}
END_TEST

static const struct {
	enum tls_least least;
	int server_max;
	const char *ciphers, *taken; /* NULL: refused */
} versions[] = {
	{ TLS_LEAST_1_0, TLS1_VERSION, NULL, "TLSv1 " },
	{ TLS_LEAST_1_0, TLS1_1_VERSION, NULL, "TLSv1.1 " },
	{ TLS_LEAST_1_0, TLS1_3_VERSION, NULL, "TLSv1.3 " },
	{ TLS_LEAST_1_1, TLS1_VERSION, NULL, NULL },
	{ TLS_LEAST_1_1, TLS1_1_VERSION, NULL, "TLSv1.1 " },
	{ TLS_LEAST_1_2, TLS1_1_VERSION, NULL, NULL },
	{ TLS_LEAST_1_2, TLS1_2_VERSION, NULL, "TLSv1.2 " },
	{ TLS_LEAST_1_3, TLS1_2_VERSION, NULL, NULL },
	{ TLS_LEAST_1_3, TLS1_3_VERSION, NULL, "TLSv1.3 " },
	{ TLS_LEAST_1_2, TLS1_3_VERSION, "TLS_CHACHA20_POLY1305_SHA256",
	    "TLSv1.3 TLS_CHACHA20_POLY1305_SHA256" },
	{ TLS_LEAST_1_2, TLS1_2_VERSION, "TLS_AES_128_GCM_SHA256:ECDHE-ECDSA-CHACHA20-POLY1305",
	    "TLSv1.2 ECDHE-ECDSA-CHACHA20-POLY1305" },
	{ TLS_LEAST_1_2, TLS1_2_VERSION, "ECDHE-RSA-AES128-GCM-SHA256", NULL },
};

START_TEST(test_versions_and_ciphers)
{
	struct cert cert = cert_make("DNS:mail.example", -1, 1, &ca);
	SSL_CTX *ctx = cert_server(&cert);
	char text[64];

	policy.tls_min = versions[_i].least;
	policy.tls_ciphers = (char *)(uintptr_t)versions[_i].ciphers;
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	SSL_CTX_set_max_proto_version(ctx, versions[_i].server_max);

	struct tls_client *client = client_for("mail.example");
	SSL *server = server_session(ctx);
	SSL *ssl = tls_client_session(client);

	ck_assert_int_eq(shake_hands(ssl, server), versions[_i].taken != NULL);
	tls_describe(ssl, text, sizeof text);
	if (versions[_i].taken != NULL)
		ck_assert_msg(
		    strncmp(text, versions[_i].taken, strlen(versions[_i].taken)) == 0, "%s", text);
	SSL_free(ssl);
	SSL_free(server);
	SSL_CTX_free(ctx);
	tls_client_free(&client);
	cert_free(&cert);
}
END_TEST

static int
take_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

/* _i: TLS 1.2, TLS 1.3 */
START_TEST(test_shows_a_certificate)
{
	struct cert cert = cert_make("DNS:mail.example", -1, 1, &ca);
	struct cert own = cert_make("email:relay@example.com", -1, 1, &ca);
	struct certificate certificate = { own.x509, sk_X509_new_null(), own.key };
	SSL_CTX *ctx = cert_server(&cert);

	SSL_CTX_set_max_proto_version(ctx, _i == 0 ? TLS1_2_VERSION : TLS1_3_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, take_any);
	shown = &certificate;

	struct tls_client *client = client_for("mail.example");
	SSL *server = server_session(ctx);
	SSL *ssl = tls_client_session(client);

	ck_assert(shake_hands(ssl, server));
	ck_assert_ptr_nonnull(SSL_get0_peer_certificate(server));
	ck_assert_int_eq(X509_cmp(SSL_get0_peer_certificate(server), own.x509), 0);
	SSL_free(ssl);
	SSL_free(server);
	SSL_CTX_free(ctx);
	tls_client_free(&client);
	sk_X509_free(certificate.chain);
	cert_free(&own);
	cert_free(&cert);
	shown = NULL;
}
END_TEST

START_TEST(test_trusts_a_directory)
{
	struct cert cert = cert_make("DNS:mail.example", -1, 1, &ca);
	char directory[] = "/tmp/postern-ca-dir-XXXXXX", path[64];
	struct str said = STR_EMPTY, why = STR_EMPTY;

	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof path, "%s/ours", directory);
	policy.host = (char *)(uintptr_t) "mail.example";
	policy.ca_dir = directory;
	ck_assert_ptr_null(tls_client_new(&policy, NULL, &why));
	ck_assert_msg(strstr(why.data, directory) != NULL, "%s", why.data);
	ck_assert_int_eq(symlink(ca_file, path), 0);
	try(&cert, "mail.example", &said);
	ck_assert_str_eq(said.data, "");
	unlink(path);
	rmdir(directory);
	str_free(&said);
	str_free(&why);
	cert_free(&cert);
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
	tcase_add_loop_test(tcase, test_pins_are_all_that_counts, 0, 3);
	tcase_add_loop_test(
	    tcase, test_versions_and_ciphers, 0, (int)(sizeof versions / sizeof *versions));
	tcase_add_loop_test(tcase, test_shows_a_certificate, 0, 2);
	tcase_add_test(tcase, test_trusts_a_directory);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("tls")
