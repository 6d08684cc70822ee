/* SPDX-License-Identifier: ISC */
/* certificate.c - see certificate.h. */
#include "config/certificate.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "config/secret_file.h"

enum { KEY_MAX = 64 * 1024 };

static int
read_chain(struct certificate *certificate, const char *file, struct str *why)
{
	FILE *in = fopen(file, "re");
	X509 *cert;

	if (in == NULL) {
		str_printf(why, "tls_cert_file = %s: %s", file, strerror(errno));
		return -1;
	}
	certificate->leaf = PEM_read_X509(in, NULL, NULL, NULL);
	while (certificate->leaf != NULL && (cert = PEM_read_X509(in, NULL, NULL, NULL)) != NULL)
		if (sk_X509_push(certificate->chain, cert) == 0)
			X509_free(cert);
	fclose(in);
	if (certificate->leaf != NULL)
		return 0;
	str_printf(why, "tls_cert_file = %s: no certificate in PEM is in it", file);
	return -1;
}

/* Nobody is there to type a passphrase. */
static int
refuse_passphrase(char *buffer, int size, int writing, void *ctx)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)ctx;
	return -1;
}

static int
read_key(struct certificate *certificate, const char *file, struct str *why)
{
	char *content = xcalloc(1, KEY_MAX);
	struct secret_file read = secret_file_read(file, content, KEY_MAX);
	BIO *bio = read.why == NULL ? BIO_new_mem_buf(content, (int)read.len) : NULL;

	if (bio != NULL)
		certificate->key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL);
	BIO_free(bio);
	OPENSSL_cleanse(content, KEY_MAX);
	free(content);
	if (certificate->key == NULL && read.fix != NULL)
		str_printf(why, "tls_key_file = %s: %s; fix it with: %s %s", read.path, read.why,
		    read.fix, read.path);
	else if (certificate->key == NULL)
		str_printf(why, "tls_key_file = %s: %s", read.path,
		    read.why != NULL ? read.why
				     : "no private key in PEM without a passphrase is in it");
	free(read.path);
	return certificate->key == NULL ? -1 : 0;
}

struct certificate *
certificate_load(const char *cert_file, const char *key_file, struct str *why)
{
	struct certificate *certificate = xcalloc(1, sizeof *certificate);
	int result = -1;

	certificate->chain = sk_X509_new_null();
	if (certificate->chain == NULL)
		str_puts(why, "out of memory");
	else if (read_chain(certificate, cert_file, why) == 0 &&
		 read_key(certificate, key_file, why) == 0)
		result = X509_check_private_key(certificate->leaf, certificate->key);
	if (result == 0)
		str_printf(why, "tls_key_file = %s: it is not the key of the certificate in %s",
		    key_file, cert_file);
	ERR_clear_error();
	if (result != 1)
		certificate_free(&certificate);
	return certificate;
}

void
certificate_free(struct certificate **certificate)
{
	struct certificate *old = *certificate;

	*certificate = NULL;
	if (old == NULL)
		return;
	X509_free(old->leaf);
	sk_X509_pop_free(old->chain, X509_free);
	EVP_PKEY_free(old->key);
	free(old);
}
