/* SPDX-License-Identifier: ISC */
/*
 * opensmtpd_keys.c - what Debian 12's OpenSMTPD 6.8 lacks to serve TLS with OpenSSL 3, to be
 * preloaded. It marks the key that it has got out of a certificate, so that its own engine is asked
 * for signatures; but OpenSSL 3 gives a copy, so the mark gets lost.  Here the copy takes the place
 * of the key, as OpenSMTPD 7 has it.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

RSA *
EVP_PKEY_get1_RSA(EVP_PKEY *pkey)
{
	RSA *(*get)(EVP_PKEY *);
	void *symbol = dlsym(RTLD_NEXT, "EVP_PKEY_get1_RSA");
	RSA *rsa;

	memcpy(&get, &symbol, sizeof get);
	rsa = get(pkey);
	if (rsa != NULL && EVP_PKEY_set1_RSA(pkey, rsa) != 1) {
		RSA_free(rsa);
		return NULL;
	}
	return rsa;
}
