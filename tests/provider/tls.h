/* SPDX-License-Identifier: ISC */
/* tls.h - the server's side of TLS, with a choice of certificates, good and bad. */
#ifndef PROVIDER_TLS_H
#define PROVIDER_TLS_H

#include <openssl/ssl.h>

struct options;
struct tls;

/*
 * Load the certificates of --ca-dir (made there when missing) or --cert and
 * --key.  NULL, with the trouble on stderr, when that fails.
 */
struct tls *tls_new(const struct options *options);
void tls_free(struct tls **tls);

/* Choose the certificate from now on; 0, or -1 when there is none of that name. */
int tls_choose(struct tls *tls, const char *name);

/* A server's SSL with the certificate `name`, or with the chosen one (NULL). */
SSL *tls_ssl(struct tls *tls, const char *name);

#endif
