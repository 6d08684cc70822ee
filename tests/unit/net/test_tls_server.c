/* SPDX-License-Identifier: ISC */
/* test_tls_server.c - which versions a server takes, and what it warns of. */
#include "net/tls_server.h"

#include <openssl/ssl.h>
#include <string.h>

#include "base/str.h"
#include "certs.h"
#include "config/certificate.h"
#include "unit.h"

static struct cert ca, cert;
static struct str why;

static void
set_up(void)
{
	ca = cert_make(NULL, -1, 30, NULL);
	cert = cert_make("DNS:mail.example", -1, 30, &ca);
}

static void
tear_down(void)
{
	cert_free(&cert);
	cert_free(&ca);
	str_free(&why);
}

/* A server that shows the leaf, with the next one behind it if that is not NULL. */
static struct tls_server *
serve(const struct cert *leaf, const struct cert *next, enum tls_least least)
{
	struct certificate certificate = {
		.leaf = leaf->x509, .chain = sk_X509_new_null(), .key = leaf->key
	};

	if (next != NULL)
		sk_X509_push(certificate.chain, next->x509);

	struct tls_server *server = tls_server_new(&certificate, least, &why);

	ck_assert_msg(server != NULL, "%s", why.data);
	sk_X509_free(certificate.chain);
	return server;
}

/* A client that speaks one version alone; any certificate will do. */
static SSL *
client_of(SSL_CTX *ctx, int version)
{
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, version);
	SSL_CTX_set_max_proto_version(ctx, version);

	SSL *ssl = SSL_new(ctx);

	SSL_set_connect_state(ssl);
	return ssl;
}

/* Whether the two agree. */
static bool
shake_hands(SSL *client, SSL *server)
{
	BIO *ends[2];
	int client_done = 0, server_done = 0;

	BIO_new_bio_pair(&ends[0], 0, &ends[1], 0);
	SSL_set_bio(client, ends[0], ends[0]);
	SSL_set_bio(server, ends[1], ends[1]);
	for (int i = 0; i < 10 && (client_done != 1 || server_done != 1); i++) {
		client_done = SSL_do_handshake(client);
		server_done = SSL_do_handshake(server);
	}
	return client_done == 1 && server_done == 1;
}

static bool
is_taken(enum tls_least least, int version)
{
	struct tls_server *server = serve(&cert, NULL, least);
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *client = client_of(ctx, version), *session = tls_server_session(server);
	bool taken = shake_hands(client, session);

	SSL_free(client);
	SSL_free(session);
	SSL_CTX_free(ctx);
	tls_server_free(&server);
	ck_assert_ptr_null(server);
	return taken;
}

START_TEST(the_least_version_holds)
{
	static const struct {
		enum tls_least least;
		int version;
		bool taken;
	} cases[] = {
		{ TLS_LEAST_1_0, TLS1_VERSION, true },
		{ TLS_LEAST_1_0, TLS1_3_VERSION, true },
		{ TLS_LEAST_1_1, TLS1_VERSION, false },
		{ TLS_LEAST_1_1, TLS1_1_VERSION, true },
		{ TLS_LEAST_1_2, TLS1_1_VERSION, false },
		{ TLS_LEAST_1_2, TLS1_2_VERSION, true },
		{ TLS_LEAST_1_3, TLS1_2_VERSION, false },
		{ TLS_LEAST_1_3, TLS1_3_VERSION, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_msg(
		    is_taken(cases[i].least, cases[i].version) == cases[i].taken, "case %zu", i);
}
END_TEST

static void
expect_warnings(
    const struct cert *leaf, const struct cert *next, enum tls_least least, const char *words)
{
	struct tls_server *server = serve(leaf, next, least);

	str_cut(&why, 0);
	tls_server_warn(server, &why);
	ck_assert_str_eq(why.len == 0 ? "" : why.data, words);
	tls_server_free(&server);
}

START_TEST(what_should_not_stay_so_is_told)
{
	struct cert last = cert_make("DNS:a", -10, 1, &ca);
	struct cert old = cert_make("DNS:a", -10, -3, &ca), soon = cert_make("DNS:a", -10, 3, &ca),
		    early = cert_make("DNS:a", 2, 30, &ca),
		    other = cert_make("DNS:b", -1, 30, NULL);

	expect_warnings(&cert, NULL, TLS_LEAST_1_2, "");
	expect_warnings(&cert, &ca, TLS_LEAST_1_3, "");
	expect_warnings(&old, NULL, TLS_LEAST_1_2, "the certificate expired 3 days ago\n");
	expect_warnings(&soon, NULL, TLS_LEAST_1_2, "the certificate expires in 3 days\n");
	expect_warnings(&last, NULL, TLS_LEAST_1_2, "the certificate expires in 1 day\n");
	expect_warnings(&early, NULL, TLS_LEAST_1_2, "the certificate is not valid yet\n");
	expect_warnings(&cert, &other, TLS_LEAST_1_2,
	    "certificate 2 of the chain is not that of the issuer of the one before it\n");
	expect_warnings(&cert, NULL, TLS_LEAST_1_1,
	    "tls_min allows TLS 1.0 or 1.1, which is broken: for devices that know no better, on a "
	    "network of their own\n");
	cert_free(&last);
	cert_free(&old);
	cert_free(&soon);
	cert_free(&early);
	cert_free(&other);
}
END_TEST

START_TEST(a_key_of_another_is_refused)
{
	struct certificate certificate = {
		.leaf = cert.x509, .chain = sk_X509_new_null(), .key = ca.key
	};

	ck_assert_ptr_null(tls_server_new(&certificate, TLS_LEAST_1_2, &why));
	ck_assert_ptr_nonnull(strstr(why.data, "TLS cannot be set up: "));
	sk_X509_free(certificate.chain);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("server");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, the_least_version_holds);
	tcase_add_test(tcase, what_should_not_stay_so_is_told);
	tcase_add_test(tcase, a_key_of_another_is_refused);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("tls_server")
