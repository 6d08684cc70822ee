/* SPDX-License-Identifier: ISC */
/*
 * tls.h - TLS policy towards an upstream: 1.2 or later, a verified chain, a verified name, SNI (RFC
 * 8314, RFC 6125), as far as its config does not say otherwise. One tls_client for each upstream;
 * it remembers the last session for resumption.
 */
#ifndef NET_TLS_H
#define NET_TLS_H

#include <stddef.h>

struct certificate;
struct config_upstream;
struct ssl_st;
struct str;
struct tls_client;

/*
 * For connections to an upstream; the certificate is the one that we show, or NULL.  Both are
 * borrowed.  NULL on failure with the reason in why.
 */
struct tls_client *tls_client_new(
    const struct config_upstream *config, const struct certificate *certificate, struct str *why);
void tls_client_free(struct tls_client **client);

/* A session that will verify and expect the host; the caller owns it.  NULL: out of memory. */
struct ssl_st *tls_client_session(struct tls_client *client);

/*
 * Why a handshake or a session failed, in words for the log: for a certificate its
 * subject, issuer, validity and the expected name.  Takes the thread's OpenSSL error queue.
 */
void tls_explain(struct ssl_st *ssl, struct str *out);

/* "TLSv1.3 TLS_AES_256_GCM_SHA384", for the log. */
void tls_describe(struct ssl_st *ssl, char *out, size_t size);

#endif
