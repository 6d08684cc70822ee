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

#include "config/certificate.h"
#include "config/ciphers.h"
#include "config/config.h"
#include "config/trust.h"
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
expect_host(const struct tls_client *client)
{
	X509_VERIFY_PARAM *param = SSL_CTX_get0_param(client->ctx);

	X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	if (client->is_address)
		return X509_VERIFY_PARAM_set1_ip_asc(param, client->host);
	return X509_VERIFY_PARAM_set1_host(param, client->host, 0);
}

static int
load_trust(const struct tls_client *client, struct str *why)
{
	const struct config_upstream *config = client->config;
	X509_STORE *store = SSL_CTX_get_cert_store(client->ctx);
	const char *from = config->ca_file;
	struct str reason = STR_EMPTY;
	int result = 0;

	if (config->ca_file != NULL)
		result = trust_load_file(store, config->ca_file, &reason);
	if (result == 0 && config->ca_dir != NULL) {
		from = config->ca_dir;
		result = trust_load_directory(store, config->ca_dir, &reason);
	}
	if (from == NULL && SSL_CTX_set_default_verify_paths(client->ctx) != 1) {
		from = "the system's trust store";
		tls_explain(NULL, &reason);
		result = -1;
	}
	if (result != 0)
		str_printf(why, "cannot read the certificates in %s: %s", from,
		    str_is_bad(&reason) ? "out of memory" : reason.data);
	str_free(&reason);
	return result;
}

/* Who to believe; with pins nobody but them. */
static int
set_verification(struct tls_client *client, struct str *why)
{
	SSL_CTX_set_verify(client->ctx, SSL_VERIFY_PEER, tls_on_verify);
	if (client->config->ntls_pins > 0) {
		SSL_CTX_set_cert_verify_callback(client->ctx, tls_on_verify_pins, client);
		return 0;
	}
	return load_trust(client, why);
}

/* Before 1.2 signatures are made with SHA-1, which OpenSSL takes at its lowest level alone. */
static int
set_versions(const struct tls_client *client)
{
	static const int versions[] = {
		[TLS_LEAST_1_0] = TLS1_VERSION,
		[TLS_LEAST_1_1] = TLS1_1_VERSION,
		[TLS_LEAST_1_2] = TLS1_2_VERSION,
		[TLS_LEAST_1_3] = TLS1_3_VERSION,
	};
	int least = versions[client->config->tls_min];

	if (least < TLS1_2_VERSION)
		SSL_CTX_set_security_level(client->ctx, 0);
	return SSL_CTX_set_min_proto_version(client->ctx, least) == 1;
}

static int
set_policy(const struct tls_client *client, const struct certificate *certificate)
{
	struct str bad = STR_EMPTY;
	int result = set_versions(client);

	if (result == 1)
		result = expect_host(client);
	if (result == 1 && client->config->tls_ciphers != NULL)
		result = ciphers_apply(client->ctx, client->config->tls_ciphers, &bad) == 0;
	if (result == 1 && certificate != NULL)
		result = SSL_CTX_use_cert_and_key(
		    client->ctx, certificate->leaf, certificate->key, certificate->chain, 1);
	str_free(&bad);
	return result;
}

static int
configure(struct tls_client *client, const struct certificate *certificate, struct str *why)
{
	SSL_CTX *ctx = client->ctx;

	SSL_CTX_set_app_data(ctx, client);
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
	SSL_CTX_sess_set_new_cb(ctx, on_new_session);
	if (set_policy(client, certificate) != 1) {
		str_puts(why, "TLS cannot be set up: ");
		tls_explain(NULL, why);
		return -1;
	}
	return set_verification(client, why);
}

struct tls_client *
tls_client_new(
    const struct config_upstream *config, const struct certificate *certificate, struct str *why)
{
	struct tls_client *client = calloc(1, sizeof *client);
	size_t len = strlen(config->host);

	ERR_clear_error();
	if (client != NULL) {
		client->config = config;
		client->ctx = SSL_CTX_new(TLS_client_method());
		client->host =
		    strndup(config->host, len > 0 && config->host[len - 1] == '.' ? len - 1 : len);
	}
	if (client == NULL || client->ctx == NULL || client->host == NULL) {
		str_puts(why, "out of memory");
		tls_client_free(&client);
		return NULL;
	}
	client->is_address = is_address(client->host);
	if (configure(client, certificate, why) != 0)
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
