/* SPDX-License-Identifier: ISC */
/* tls.c - one SSL_CTX for each certificate, loaded when first asked for. */
#include "tls.h"

#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "certs.h"
#include "options.h"

struct tls {
	const struct options *options;
	const char *chosen;
	SSL_CTX *fixed; /* of --cert */
	SSL_CTX *contexts[CERTS];
};

static const struct {
	const char *name;
	int version;
} versions[] = {
	{ "1.0", TLS1_VERSION },
	{ "1.1", TLS1_1_VERSION },
	{ "1.2", TLS1_2_VERSION },
	{ "1.3", TLS1_3_VERSION },
};

/* Old versions need OpenSSL's lowest security level. */
static int
limit_version(SSL_CTX *ctx, const char *name)
{
	if (name == NULL)
		return 1;
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (strcmp(name, versions[i].name) != 0)
			continue;
		return SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION) &&
		       SSL_CTX_set_max_proto_version(ctx, versions[i].version) &&
		       SSL_CTX_set_cipher_list(ctx, "DEFAULT@SECLEVEL=0");
	}
	return 0;
}

static int
take_any(int ok, X509_STORE_CTX *store)
{
	(void)ok;
	(void)store;
	return 1;
}

static SSL_CTX *
load(const struct options *options, const char *cert, const char *key)
{
	static const unsigned char id[] = "postern-provider";
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	if (ctx != NULL && options->ask_certificate)
		SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, take_any);
	if (ctx != NULL && SSL_CTX_use_certificate_chain_file(ctx, cert) == 1 &&
	    SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1 &&
	    SSL_CTX_set_session_id_context(ctx, id, sizeof(id) - 1) == 1 &&
	    limit_version(ctx, options->tls_max))
		return ctx;
	fprintf(stderr, "postern-provider: TLS with %s and %s, at most %s:\n", cert, key,
	    options->tls_max != NULL ? options->tls_max : "the newest");
	ERR_print_errors_fp(stderr);
	SSL_CTX_free(ctx);
	return NULL;
}

static SSL_CTX *
context(struct tls *tls, const char *name)
{
	const char *dir = tls->options->ca_dir;
	char cert[4096], key[4096];

	for (size_t i = 0; dir != NULL && i < CERTS; i++) {
		if (strcmp(name, cert_names[i]) != 0)
			continue;
		if (tls->contexts[i] == NULL) {
			snprintf(cert, sizeof(cert), "%s/%s.pem", dir, name);
			snprintf(key, sizeof(key), "%s/%s.key", dir, name);
			tls->contexts[i] = load(tls->options, cert, key);
		}
		return tls->contexts[i];
	}
	return NULL;
}

struct tls *
tls_new(const struct options *options)
{
	const char *name = options->certificate != NULL ? options->certificate : cert_names[0];
	struct tls *tls = calloc(1, sizeof(*tls));
	char path[4096];

	if (tls == NULL)
		return NULL;
	tls->options = options;
	if (options->ca_dir != NULL) {
		snprintf(path, sizeof(path), "%s/ca.pem", options->ca_dir);
		if (access(path, R_OK) < 0 && certs_make(options->ca_dir) < 0)
			goto fail;
	}
	if (options->cert_file != NULL) {
		tls->fixed = load(options, options->cert_file, options->key_file);
		if (tls->fixed == NULL)
			goto fail;
	} else if (options->ca_dir != NULL && tls_choose(tls, name) < 0) {
		fprintf(stderr, "postern-provider: no certificate named %s\n", name);
		goto fail;
	}
	return tls;
fail:
	tls_free(&tls);
	return NULL;
}

void
tls_free(struct tls **tls)
{
	if (*tls == NULL)
		return;
	SSL_CTX_free((*tls)->fixed);
	for (size_t i = 0; i < CERTS; i++)
		SSL_CTX_free((*tls)->contexts[i]);
	free(*tls);
	*tls = NULL;
}

int
tls_choose(struct tls *tls, const char *name)
{
	for (size_t i = 0; i < CERTS; i++) {
		if (strcmp(name, cert_names[i]) != 0 || context(tls, name) == NULL)
			continue;
		tls->chosen = cert_names[i];
		return 0;
	}
	return -1;
}

SSL *
tls_ssl(struct tls *tls, const char *name)
{
	SSL_CTX *ctx = name != NULL          ? context(tls, name)
		       : tls->chosen != NULL ? context(tls, tls->chosen)
					     : tls->fixed;

	return ctx != NULL ? SSL_new(ctx) : NULL;
}
