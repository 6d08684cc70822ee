/* SPDX-License-Identifier: ISC */
/* certs.c - makes a CA and its certificates.  P-256 keys: quick to make, and quick handshakes. */
#include "certs.h"

#include <sys/stat.h>

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DAY  (24L * 3600)
#define GOOD "DNS:localhost,IP:127.0.0.1,IP:::1"

static const struct recipe {
	const char *name;
	const char *cn;
	const char *san; /* NULL: none */
	long from;       /* seconds from now */
	long to;
	enum { BY_CA, BY_OTHER_CA, BY_ITSELF } issuer;
} recipes[CERTS] = {
	{ "good", "localhost", GOOD, -DAY, 3650 * DAY, BY_CA },
	{ "expired", "localhost", GOOD, -30 * DAY, -DAY, BY_CA },
	{ "not-yet-valid", "localhost", GOOD, 30 * DAY, 60 * DAY, BY_CA },
	{ "self-signed", "localhost", GOOD, -DAY, 3650 * DAY, BY_ITSELF },
	{ "wrong-name", "wrong.example", "DNS:wrong.example", -DAY, 3650 * DAY, BY_CA },
	{ "no-san", "wrong.example", NULL, -DAY, 3650 * DAY, BY_CA },
	{ "unknown-ca", "localhost", GOOD, -DAY, 3650 * DAY, BY_OTHER_CA },
};

const char *const cert_names[CERTS] = {
	"good",
	"expired",
	"not-yet-valid",
	"self-signed",
	"wrong-name",
	"no-san",
	"unknown-ca",
};

struct pair {
	X509 *cert;
	EVP_PKEY *key;
};

static void
pair_free(struct pair *pair)
{
	X509_free(pair->cert);
	EVP_PKEY_free(pair->key);
}

static int
add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX ctx;
	X509_EXTENSION *extension;
	int ok;

	X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
	ok = extension != NULL && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return ok;
}

/* Name, serial number, validity and key. */
static int
fill(X509 *cert, EVP_PKEY *key, const char *cn, long from, long to)
{
	X509_NAME *name = X509_get_subject_name(cert);
	unsigned long serial;

	return RAND_bytes((unsigned char *)&serial, sizeof(serial)) == 1 &&
	       X509_set_version(cert, X509_VERSION_3) &&
	       ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1) &&
	       X509_gmtime_adj(X509_getm_notBefore(cert), from) != NULL &&
	       X509_gmtime_adj(X509_getm_notAfter(cert), to) != NULL &&
	       X509_NAME_add_entry_by_txt(
		   name, "CN", MBSTRING_UTF8, (const unsigned char *)cn, -1, -1, 0) &&
	       X509_set_pubkey(cert, key);
}

static int
make(struct pair *out, const char *cn, long from, long to, const struct pair *issuer,
    const char *san, int is_ca)
{
	X509 *signer;

	out->key = EVP_EC_gen("P-256");
	out->cert = X509_new();
	if (out->key == NULL || out->cert == NULL || !fill(out->cert, out->key, cn, from, to))
		return -1;
	signer = issuer != NULL ? issuer->cert : out->cert;
	if (!X509_set_issuer_name(out->cert, X509_get_subject_name(signer)) ||
	    !add_extension(out->cert, signer, NID_basic_constraints,
		is_ca ? "critical,CA:TRUE" : "critical,CA:FALSE") ||
	    !add_extension(out->cert, signer, NID_subject_key_identifier, "hash") ||
	    (is_ca &&
		!add_extension(out->cert, signer, NID_key_usage, "critical,keyCertSign,cRLSign")) ||
	    (!is_ca && !add_extension(out->cert, signer, NID_ext_key_usage, "serverAuth")) ||
	    (san != NULL && !add_extension(out->cert, signer, NID_subject_alt_name, san)))
		return -1;
	return X509_sign(out->cert, issuer != NULL ? issuer->key : out->key, EVP_sha256()) > 0 ? 0
											       : -1;
}

static FILE *
create(const char *dir, const char *name, const char *suffix, mode_t mode)
{
	char path[4096];
	int fd;

	snprintf(path, sizeof(path), "%s/%s.%s", dir, name, suffix);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
	return fd >= 0 ? fdopen(fd, "w") : NULL;
}

static int
save(const struct pair *pair, const char *dir, const char *name)
{
	FILE *cert = create(dir, name, "pem", 0644);
	FILE *key = create(dir, name, "key", 0600);
	int ok = cert != NULL && key != NULL && PEM_write_X509(cert, pair->cert) &&
		 PEM_write_PrivateKey(key, pair->key, NULL, NULL, 0, NULL, NULL);

	if (cert != NULL && fclose(cert) != 0)
		ok = 0;
	if (key != NULL && fclose(key) != 0)
		ok = 0;
	return ok ? 0 : -1;
}

static int
make_all(const char *dir, struct pair *ca, struct pair *other)
{
	if (make(ca, "postern test CA", -60 * DAY, 3650 * DAY, NULL, NULL, 1) < 0 ||
	    make(other, "postern test CA", -60 * DAY, 3650 * DAY, NULL, NULL, 1) < 0)
		return -1;
	for (const struct recipe *r = recipes; r < recipes + CERTS; r++) {
		const struct pair *issuer = r->issuer == BY_CA         ? ca
					    : r->issuer == BY_OTHER_CA ? other
								       : NULL;
		struct pair pair = { NULL, NULL };
		int failed = make(&pair, r->cn, r->from, r->to, issuer, r->san, 0) < 0 ||
			     save(&pair, dir, r->name) < 0;

		pair_free(&pair);
		if (failed)
			return -1;
	}
	return save(ca, dir, "ca");
}

int
certs_make(const char *dir)
{
	struct pair ca = { NULL, NULL }, other = { NULL, NULL };
	int r = -1;

	if (mkdir(dir, 0755) == 0 || errno == EEXIST)
		r = make_all(dir, &ca, &other);
	if (r < 0)
		fprintf(stderr, "postern-provider: cannot make certificates in %s\n", dir);
	pair_free(&ca);
	pair_free(&other);
	return r;
}
