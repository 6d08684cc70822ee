/* SPDX-License-Identifier: ISC */
/*
 * tls_server.c - one SSL_CTX for each listener; see tls_server.h.
 * Sessions are resumed by tickets alone: what a client may come back with is kept by the client.
 */
#include "net/tls_server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "base/str.h"
#include "config/certificate.h"
#include "net/tls.h"

enum { EXPIRY_DAYS = 14 }; /* left when the operator is told */

struct tls_server {
	SSL_CTX *ctx;
	enum tls_least least;
};

static const int versions[] = {
	[TLS_LEAST_1_0] = TLS1_VERSION,
	[TLS_LEAST_1_1] = TLS1_1_VERSION,
	[TLS_LEAST_1_2] = TLS1_2_VERSION,
	[TLS_LEAST_1_3] = TLS1_3_VERSION,
};

static bool
is_legacy(enum tls_least least)
{
	return versions[least] < TLS1_2_VERSION;
}

static int
configure(SSL_CTX *ctx, const struct certificate *certificate, enum tls_least least)
{
	SSL_CTX_set_options(
	    ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* Before 1.2 signatures are made with SHA-1, which OpenSSL takes at its lowest level alone.
	 */
	if (is_legacy(least))
		SSL_CTX_set_security_level(ctx, 0);
	if (SSL_CTX_set_min_proto_version(ctx, versions[least]) != 1)
		return -1;
	return SSL_CTX_use_cert_and_key(
		   ctx, certificate->leaf, certificate->key, certificate->chain, 1) == 1
		   ? 0
		   : -1;
}

struct tls_server *
tls_server_new(const struct certificate *certificate, enum tls_least least, struct str *why)
{
	struct tls_server *server = calloc(1, sizeof *server);

	ERR_clear_error();
	if (server != NULL)
		server->ctx = SSL_CTX_new(TLS_server_method());
	if (server == NULL || server->ctx == NULL) {
		str_puts(why, "out of memory");
		tls_server_free(&server);
		return NULL;
	}
	server->least = least;
	if (configure(server->ctx, certificate, least) != 0) {
		str_puts(why, "TLS cannot be set up: ");
		tls_explain(NULL, why);
		tls_server_free(&server);
	}
	return server;
}

void
tls_server_free(struct tls_server **server)
{
	if (*server == NULL)
		return;
	SSL_CTX_free((*server)->ctx);
	free(*server);
	*server = NULL;
}

struct ssl_st *
tls_server_session(const struct tls_server *server)
{
	SSL *ssl = SSL_new(server->ctx);

	if (ssl != NULL)
		SSL_set_accept_state(ssl);
	return ssl;
}

/* When clients stop to believe it, and whether that is soon. */
static void
warn_of_time(X509 *leaf, struct str *out)
{
	int days = 0, seconds = 0;

	if (X509_cmp_current_time(X509_get0_notBefore(leaf)) > 0)
		str_puts(out, "the certificate is not valid yet\n");
	if (ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(leaf)) != 1)
		return;
	if (days < 0 || seconds < 0)
		str_printf(out, "the certificate expired %d day%s ago\n", -days,
		    str_plural((uint64_t)-days));
	else if (days < EXPIRY_DAYS)
		str_printf(
		    out, "the certificate expires in %d day%s\n", days, str_plural((uint64_t)days));
}

/* RFC 8446 4.4.2: each certificate is to be that of the issuer of the one before it. */
static void
warn_of_chain(SSL_CTX *ctx, X509 *leaf, struct str *out)
{
	STACK_OF(X509) *chain = NULL;
	X509 *subject = leaf;

	SSL_CTX_get0_chain_certs(ctx, &chain);
	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *issuer = sk_X509_value(chain, i);

		if (X509_check_issued(issuer, subject) != X509_V_OK) {
			str_printf(out,
			    "certificate %d of the chain is not that of the issuer of the one "
			    "before it\n",
			    i + 2);
			return;
		}
		subject = issuer;
	}
}

void
tls_server_warn(const struct tls_server *server, struct str *out)
{
	X509 *leaf = SSL_CTX_get0_certificate(server->ctx);

	warn_of_time(leaf, out);
	warn_of_chain(server->ctx, leaf, out);
	if (is_legacy(server->least))
		str_puts(out, "tls_min allows TLS 1.0 or 1.1, which is broken: for devices that "
			      "know no better, on a network of their own\n");
}
