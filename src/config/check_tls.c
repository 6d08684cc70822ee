/* SPDX-License-Identifier: ISC */
/* check_tls.c - the rules of TLS towards an upstream; what a file or a list holds is tried out. */
#include <openssl/ssl.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "config/build.h"
#include "config/check.h"
#include "config/ciphers.h"
#include "config/config.h"
#include "config/report.h"
#include "config/trust.h"

static const char *const tls_keys[] = { "ca_file", "ca_dir", "tls_cert_file", "tls_key_file",
	"tls_pins", "tls_min", "tls_ciphers" };

static void
broken(struct report *report, const struct raw_section *section, const char *name, const char *why,
    const char *allowed)
{
	raw_report(report, section, raw_find(section, name), why, allowed);
}

static void
check_plain(const struct raw_section *section, struct report *report)
{
	for (size_t i = 0; i < sizeof tls_keys / sizeof *tls_keys; i++)
		if (raw_find(section, tls_keys[i]) != NULL)
			broken(report, section, tls_keys[i], "without TLS it has no meaning",
			    "with tls = starttls or implicit");
}

static void
check_trust(const struct raw_section *section, const struct config_upstream *upstream,
    struct report *report)
{
	X509_STORE *store = X509_STORE_new();
	struct str why = STR_EMPTY;

	if (upstream->ca_file != NULL && trust_load_file(store, upstream->ca_file, &why) < 0)
		broken(report, section, "ca_file", why.data,
		    "a file of certificates in PEM, or no ca_file for the system's own");
	str_cut(&why, 0);
	if (upstream->ca_dir != NULL && trust_load_directory(store, upstream->ca_dir, &why) < 0)
		broken(report, section, "ca_dir", why.data,
		    "a directory with files of certificates in PEM, or no ca_dir");
	str_free(&why);
	X509_STORE_free(store);
}

static void
check_ciphers(const struct raw_section *section, const struct config_upstream *upstream,
    struct report *report)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	struct str bad = STR_EMPTY;

	if (ctx == NULL || upstream->tls_ciphers == NULL) {
		SSL_CTX_free(ctx);
		return;
	}
	if (ciphers_apply(ctx, upstream->tls_ciphers, &bad) != 0) {
		char *why = bad.len > 0 ? xasprintf("\"%.60s\" is not known to OpenSSL", bad.data)
					: xasprintf("no cipher is left");

		broken(report, section, "tls_ciphers", why, NULL);
		free(why);
	}
	str_free(&bad);
	SSL_CTX_free(ctx);
}

void
check_tls(const struct raw_section *section, const struct config_upstream *upstream,
    struct report *report)
{
	bool cert = raw_mentions(section, "tls_cert_file");
	bool key = raw_mentions(section, "tls_key_file");

	if (upstream->tls == TLS_NONE) {
		check_plain(section, report);
		return;
	}
	check_trust(section, upstream, report);
	check_ciphers(section, upstream, report);
	if (upstream->tls_cert_file != NULL && !key)
		broken(report, section, "tls_cert_file", "tls_key_file is missing",
		    "both tls_cert_file and tls_key_file, or neither");
	if (upstream->tls_key_file != NULL && !cert)
		broken(report, section, "tls_key_file", "tls_cert_file is missing",
		    "both tls_cert_file and tls_key_file, or neither");
}
