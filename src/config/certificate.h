/* SPDX-License-Identifier: ISC */
/* certificate.h - the certificate that we show an upstream, with its key. */
#ifndef CONFIG_CERTIFICATE_H
#define CONFIG_CERTIFICATE_H

#include <openssl/x509.h>

struct str;

struct certificate {
	X509 *leaf;
	STACK_OF(X509) * chain; /* of intermediate ones; may be empty */
	EVP_PKEY *key;
};

/* Read both files, in PEM; NULL with the reason in why, which names the file.  The key's file is
 * checked as a password file is. */
struct certificate *certificate_load(const char *cert_file, const char *key_file, struct str *why);

void certificate_free(struct certificate **certificate);

#endif
