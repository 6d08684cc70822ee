/* SPDX-License-Identifier: ISC */
/* certs.c - certificates and TLS servers for tests, made in memory. */
#include "certs.h"

#include <check.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 24 * 60 * 60, SLACK = 600 }; /* a test that takes a while still counts full days */

static void
add_extension(X509 *x509, int nid, const char *value)
{
	X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	ck_assert_ptr_nonnull(extension);
	ck_assert_int_eq(X509_add_ext(x509, extension, -1), 1);
	X509_EXTENSION_free(extension);
}

struct cert
cert_make(const char *names, int from_days, int to_days, const struct cert *issuer)
{
	struct cert cert = { .x509 = X509_new(), .key = EVP_EC_gen("P-256") };
	X509_NAME *subject = X509_get_subject_name(cert.x509);
	const unsigned char *title = (const unsigned char *)(names == NULL ? "Test CA" : "Test");

	X509_set_version(cert.x509, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(cert.x509), rand());
	X509_gmtime_adj(X509_getm_notBefore(cert.x509), (long)from_days * DAY);
	X509_gmtime_adj(
	    X509_getm_notAfter(cert.x509), (long)to_days * DAY + (to_days > 0 ? SLACK : -SLACK));
	X509_set_pubkey(cert.x509, cert.key);
	X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC, title, -1, -1, 0);
	X509_set_issuer_name(
	    cert.x509, issuer == NULL ? subject : X509_get_subject_name(issuer->x509));
	if (names == NULL)
		add_extension(cert.x509, NID_basic_constraints, "critical,CA:TRUE");
	else
		add_extension(cert.x509, NID_subject_alt_name, names);
	ck_assert_int_gt(
	    X509_sign(cert.x509, issuer == NULL ? cert.key : issuer->key, EVP_sha256()), 0);
	return cert;
}

void
cert_free(struct cert *cert)
{
	X509_free(cert->x509);
	EVP_PKEY_free(cert->key);
}

void
cert_save(const struct cert *cert, char path[32])
{
	memcpy(path, "/tmp/postern-ca-XXXXXX", sizeof "/tmp/postern-ca-XXXXXX");
	int fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	FILE *file = fdopen(fd, "w");
	PEM_write_X509(file, cert->x509);
	fclose(file);
}

SSL_CTX *
cert_server(const struct cert *cert)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

	ck_assert_int_eq(SSL_CTX_use_certificate(ctx, cert->x509), 1);
	ck_assert_int_eq(SSL_CTX_use_PrivateKey(ctx, cert->key), 1);
	SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"test", 4);
	return ctx;
}
