/* SPDX-License-Identifier: ISC */
/*
 * tls_pin.c - an upstream that is known by the fingerprint of its certificate or key: that it has
 * the key is all that counts then, not who vouches for it, nor its name, nor its dates.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "config/config.h"
#include "config/pin.h"
#include "net/tls_private.h"

enum { BASE64_SIZE = 45 };

static int
digest_certificate(const X509 *cert, unsigned char out[PIN_LEN])
{
	return X509_digest(cert, EVP_sha256(), out, NULL) == 1 ? 0 : -1;
}

static int
digest_key(const X509 *cert, unsigned char out[PIN_LEN])
{
	unsigned char *der = NULL;
	int len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der);
	int result =
	    len > 0 && EVP_Digest(der, (size_t)len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;

	OPENSSL_free(der);
	return result;
}

static bool
has_pin(const struct config_upstream *config, const unsigned char of_cert[PIN_LEN],
    const unsigned char of_key[PIN_LEN])
{
	for (size_t i = 0; i < config->ntls_pins; i++) {
		const struct pin *pin = &config->tls_pins[i];

		if (CRYPTO_memcmp(pin->digest, pin->is_of_key ? of_key : of_cert, PIN_LEN) == 0)
			return true;
	}
	return false;
}

/* Both, so that the operator can copy what is right. */
static void
explain(struct str *out, const unsigned char of_cert[PIN_LEN], const unsigned char of_key[PIN_LEN])
{
	unsigned char key[BASE64_SIZE];

	str_cut(out, 0);
	str_puts(out, "the certificate is not accepted: it matches none of tls_pins; its SHA-256 "
		      "fingerprint is ");
	for (int i = 0; i < PIN_LEN; i++)
		str_printf(out, "%s%02X", i == 0 ? "" : ":", of_cert[i]);
	EVP_EncodeBlock(key, of_key, PIN_LEN);
	str_printf(out, ", that of its key sha256//%s; found: ", key);
}

int
tls_on_verify_pins(X509_STORE_CTX *store, void *arg)
{
	struct tls_client *client = arg;
	const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
	X509 *cert = X509_STORE_CTX_get0_cert(store);
	unsigned char of_cert[PIN_LEN], of_key[PIN_LEN];

	if (cert != NULL && digest_certificate(cert, of_cert) == 0 &&
	    digest_key(cert, of_key) == 0) {
		if (has_pin(client->config, of_cert, of_key)) {
			X509_STORE_CTX_set_error(store, X509_V_OK);
			return 1;
		}
		explain(&client->rejection, of_cert, of_key);
		tls_describe_certificate(&client->rejection, cert);
		client->rejecting = ssl;
	}
	X509_STORE_CTX_set_error(store, X509_V_ERR_APPLICATION_VERIFICATION);
	return 0;
}
