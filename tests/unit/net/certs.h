/* SPDX-License-Identifier: ISC */
/* certs.h - certificates and TLS servers for tests, made in memory. */
#ifndef UNIT_NET_CERTS_H
#define UNIT_NET_CERTS_H

#include <openssl/ssl.h>

struct cert {
	X509 *x509;
	EVP_PKEY *key;
};

/*
 * A certificate with a fresh key.  names: a subjectAltName such as "DNS:mail.example" or
 * "IP:127.0.0.1", NULL for a CA.  Valid from and to so many days from now.  issuer NULL:
 * self-signed.
 */
struct cert cert_make(const char *names, int from_days, int to_days, const struct cert *issuer);
void cert_free(struct cert *cert);

/* Write the certificate to a new file under /tmp; its name goes to path. */
void cert_save(const struct cert *cert, char path[32]);

/* A server's context that shows this certificate. */
SSL_CTX *cert_server(const struct cert *cert);

#endif
