/* SPDX-License-Identifier: ISC */
/* tls_private.h - what tls.c and tls_explain.c share. */
#ifndef NET_TLS_PRIVATE_H
#define NET_TLS_PRIVATE_H

#include <openssl/ssl.h>
#include <stdbool.h>

#include "base/str.h"

struct tls_client {
	SSL_CTX *ctx;
	const struct config_upstream *config;
	char *host; /* without a final dot */
	bool is_address;
	SSL_SESSION *session; /* the latest, for resumption; may be NULL */
	const SSL *rejecting; /* whose certificate was not accepted just now, and why */
	struct str rejection;
};

/* The verify callback of every session: keeps the words for tls_explain(). */
int tls_on_verify(int ok, X509_STORE_CTX *store);

/* The same with pins, in place of OpenSSL's verification; arg is the tls_client. */
int tls_on_verify_pins(X509_STORE_CTX *store, void *arg);

/* Add a certificate's subject, issuer, validity and names. */
void tls_describe_certificate(struct str *out, X509 *cert);

#endif
