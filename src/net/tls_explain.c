/* SPDX-License-Identifier: ISC */
/*
 * tls_explain.c - TLS failures in the words an operator needs.
 * A certificate that was not accepted is gone when the handshake has failed: the verify callback
 * describes it while it is there.  All of it comes from the peer: bounded here, escaped by the log.
 */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "net/tls.h"
#include "net/tls_private.h"

enum {
	NAMES_MAX = 5, /* names of a certificate that are told */
	NAME_LEN_MAX = 256,
	ERRORS_MAX = 4,       /* entries of the error queue */
	REJECTION_MAX = 2048, /* bytes of one explanation */
};

/* What an operator can do about it. */
static const struct {
	int error;
	const char *words;
} remedies[] = {
	{ X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "; ca_file can name its authority" },
	{ X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "; ca_file can name its authority" },
	{ X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, "; tls_pins can name it" },
	{ X509_V_ERR_HOSTNAME_MISMATCH, "; host is to be one of its names" },
	{ X509_V_ERR_CERT_NOT_YET_VALID, "; is the clock of this host right?" },
	{ X509_V_ERR_CERT_HAS_EXPIRED, "; the upstream has to renew it, if our clock is right" },
};

static const char *
remedy_for(int error)
{
	for (size_t i = 0; i < sizeof remedies / sizeof *remedies; i++)
		if (remedies[i].error == error)
			return remedies[i].words;
	return "";
}

/* Add what was written to a memory BIO. */
static void
add_bio(struct str *out, BIO *bio)
{
	char *data = NULL;
	long len = BIO_get_mem_data(bio, &data);

	if (len > 0)
		str_add(out, data, len < NAME_LEN_MAX ? (size_t)len : NAME_LEN_MAX);
	(void)BIO_reset(bio);
}

static void
add_names(struct str *out, X509 *cert)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	int shown = 0;

	for (int i = 0; i < sk_GENERAL_NAME_num(names) && shown < NAMES_MAX; i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);
		if (name->type != GEN_DNS)
			continue;
		int len = ASN1_STRING_length(name->d.dNSName);
		str_puts(out, shown++ == 0 ? ", for " : " ");
		str_add(out, ASN1_STRING_get0_data(name->d.dNSName),
		    len < NAME_LEN_MAX ? (size_t)len : NAME_LEN_MAX);
	}
	GENERAL_NAMES_free(names);
}

void
tls_describe_certificate(struct str *out, X509 *cert)
{
	BIO *bio = BIO_new(BIO_s_mem());

	if (bio == NULL)
		return;
	str_puts(out, "certificate of ");
	X509_NAME_print_ex(bio, X509_get_subject_name(cert), 0, XN_FLAG_ONELINE);
	add_bio(out, bio);
	str_puts(out, ", issued by ");
	X509_NAME_print_ex(bio, X509_get_issuer_name(cert), 0, XN_FLAG_ONELINE);
	add_bio(out, bio);
	str_puts(out, ", valid from ");
	ASN1_TIME_print(bio, X509_get0_notBefore(cert));
	add_bio(out, bio);
	str_puts(out, " to ");
	ASN1_TIME_print(bio, X509_get0_notAfter(cert));
	add_bio(out, bio);
	BIO_free(bio);
	add_names(out, cert);
}

int
tls_on_verify(int ok, X509_STORE_CTX *store)
{
	SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	struct tls_client *client = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
	X509 *cert = X509_STORE_CTX_get_current_cert(store);
	struct str *out = &client->rejection;
	int error = X509_STORE_CTX_get_error(store);

	if (ok)
		return 1;
	client->rejecting = ssl;
	str_cut(out, 0);
	str_printf(out, "the certificate is not accepted: %s%s (expected: %s",
	    X509_verify_cert_error_string(error), remedy_for(error), client->host);
	if (cert != NULL) {
		str_puts(out, "; found: ");
		tls_describe_certificate(out, cert);
	}
	str_puts(out, ")");
	if (out->len > REJECTION_MAX)
		str_cut(out, REJECTION_MAX);
	return 0;
}

/* What OpenSSL's words mean to who has to do something about it. */
static const struct {
	int reason;
	const char *meaning;
} meanings[] = {
	{ SSL_R_WRONG_VERSION_NUMBER, "what came is no TLS" },
	{ SSL_R_UNSUPPORTED_PROTOCOL, "no version of TLS in common: see tls_min" },
	{ SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, "no version of TLS in common: see tls_min" },
};

static const char *
meaning_of(unsigned long error)
{
	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (ERR_GET_LIB(error) == ERR_LIB_SSL &&
		    ERR_GET_REASON(error) == meanings[i].reason)
			return meanings[i].meaning;
	return NULL;
}

static void
explain_queue(struct str *out)
{
	unsigned long error;
	const char *data;
	int flags;

	for (int n = 0; n < ERRORS_MAX; n++) {
		error = ERR_get_error_all(NULL, NULL, NULL, &data, &flags);
		if (error == 0)
			break;
		const char *reason = ERR_SYSTEM_ERROR(error) ? strerror(ERR_GET_REASON(error))
							     : ERR_reason_error_string(error);
		str_printf(out, "%s%s", n == 0 ? "" : "; ", reason != NULL ? reason : "unknown");
		if ((flags & ERR_TXT_STRING) != 0 && data[0] != '\0')
			str_printf(out, " (%.*s)", (int)NAME_LEN_MAX, data);
		if (meaning_of(error) != NULL)
			str_printf(out, ": %s", meaning_of(error));
	}
	ERR_clear_error();
}

void
tls_explain(struct ssl_st *ssl, struct str *out)
{
	struct tls_client *client = ssl == NULL ? NULL : SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));

	if (client != NULL && client->rejecting == ssl && !str_is_bad(&client->rejection)) {
		str_add(out, client->rejection.data, client->rejection.len);
		client->rejecting = NULL;
		ERR_clear_error();
		return;
	}
	explain_queue(out);
}
