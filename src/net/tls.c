/* SPDX-License-Identifier: ISC */
/*
 * tls.c - one SSL_CTX for each upstream, so that verification, the expected name and the session
 * for resumption are set once and cannot be forgotten for a connection.
 */
#include "net/tls.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_private.h"

/* Keep the latest session.  A ticket may serve several connections at once: servers that mind fall
 * back. */
static int
on_new_session(SSL *ssl, SSL_SESSION *session)
{
	struct tls_client *client = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	SSL_SESSION_free(client->session);
	client->session = session;
	return 1;
}

static bool
is_address(const char *host)
{
	unsigned char buf[sizeof(struct in6_addr)];

	return inet_pton(AF_INET, host, buf) == 1 || inet_pton(AF_INET6, host, buf) == 1;
}

static int
expect_host(struct tls_client *client)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(client->ctx);

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (client->is_address)
		return X509_VERIFY_PARAM_set1_ip_asc(param, client->host);
	return X509_VERIFY_PARAM_set1_host(param, client->host, 0);
}

static int
load_trust(SSL_CTX *ctx, const char *ca_file)
{
	if (ca_file == NULL)
		return SSL_CTX_set_default_verify_paths(ctx);
	return SSL_CTX_load_verify_locations(ctx, ca_file, NULL);
}

static int
configure(struct tls_client *client, const char *ca_file, struct str *why)
{
	SSL_CTX *ctx = client->ctx;

	SSL_CTX_set_app_data(ctx, client);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, tls_on_verify);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	if (SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 || expect_host(client) != 1) {
		str_puts(why, "TLS cannot be set up: ");
		tls_explain(NULL, why);
		return -1;
	}
	if (load_trust(ctx, ca_file) != 1) {
		str_printf(why, "cannot read the certificates in %s: ",
		    ca_file != NULL ? ca_file : "the system's trust store");
		tls_explain(NULL, why);
		return -1;
	}
	return 0;
}

struct tls_client *
tls_client_new(const char *host, const char *ca_file, struct str *why)
{
	struct tls_client *client = calloc(1, sizeof *client);
	size_t len = strlen(host);

	ERR_clear_error();
	if (client != NULL) {
		client->ctx = SSL_CTX_new(TLS_client_method());
		client->host = strndup(host, len > 0 && host[len - 1] == '.' ? len - 1 : len);
	}
	if (client == NULL || client->ctx == NULL || client->host == NULL) {
		str_puts(why, "out of memory");
		tls_client_free(&client);
		return NULL;
	}
	client->is_address = is_address(client->host);
	if (configure(client, ca_file, why) != 0)
		tls_client_free(&client);
	return client;
}

void
tls_client_free(struct tls_client **client)
{
	struct tls_client *c = *client;

	*client = NULL;
	if (c == NULL)
		return;
	SSL_SESSION_free(c->session);
	SSL_CTX_free(c->ctx);
	str_free(&c->rejection);
	free(c->host);
	free(c);
}

struct ssl_st *
tls_client_session(struct tls_client *client)
{
	SSL *ssl = SSL_new(client->ctx);

	if (ssl == NULL)
		return NULL;
	SSL_set_connect_state(ssl);
	/* RFC 6066 3: the name is a DNS name, never an address. */
	if (!client->is_address && SSL_set_tlsext_host_name(ssl, client->host) != 1) {
		SSL_free(ssl);
		return NULL;
	}
	if (client->session != NULL)
		SSL_set_session(ssl, client->session);
	return ssl;
}

void
tls_describe(struct ssl_st *ssl, char *out, size_t size)
{
	snprintf(out, size, "%s %s", SSL_get_version(ssl), SSL_get_cipher_name(ssl));
}
