/* SPDX-License-Identifier: ISC */
/* test_certificate.c - certificates to be shown, and files that are none. */
#include "config/certificate.h"

#include <stdio.h>
#include <string.h>

#include "sample.h"
#include "unit.h"

static struct sample sample;

/* Load DIRECTORY/cert and DIRECTORY/key. */
static struct certificate *
load(const char *cert, const char *key)
{
	char cert_file[128], key_file[128];

	snprintf(cert_file, sizeof cert_file, "%s/%s", sample.directory, cert);
	snprintf(key_file, sizeof key_file, "%s/%s", sample.directory, key);
	str_cut(&sample.errors, 0);
	return certificate_load(cert_file, key_file, &sample.errors);
}

static void
set_up(void)
{
	sample_make(&sample, UPSTREAM);
	sample_add_certificate(&sample, "cert", "key");
	sample_add_certificate(&sample, "other", "other.key");
}

static void
tear_down(void)
{
	sample_remove(&sample);
}

START_TEST(a_pair_is_loaded)
{
	struct certificate *certificate = load("cert", "key");

	ck_assert_msg(certificate != NULL, "%s", sample.errors.data);
	ck_assert_ptr_nonnull(certificate->leaf);
	ck_assert_ptr_nonnull(certificate->key);
	ck_assert_int_eq(sk_X509_num(certificate->chain), 0);
	certificate_free(&certificate);
	ck_assert_ptr_null(certificate);
	certificate_free(&certificate);
}
END_TEST

START_TEST(problems_name_the_file)
{
	static const struct {
		const char *cert, *key, *words;
	} cases[] = {
		{ "none", "key", "/none: No such file or directory" },
		{ "key", "key", "/key: no certificate in PEM is in it" },
		{ "cert", "none", "/none: No such file or directory" },
		{ "cert", "cert",
		    "/cert: other users can read or write it; fix it with: chmod 600 /" },
		{ "cert", "other.key", "/other.key: it is not the key of the certificate in /" },
		{ "cert", "text", "/text: no private key in PEM without a passphrase is in it" },
	};

	sample_add(&sample, "text", "hello\n", 0600);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_ptr_null(load(cases[i].cert, cases[i].key));
		ck_assert_msg(
		    strstr(sample.errors.data, cases[i].words) != NULL, "%s", sample.errors.data);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("certificate");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_pair_is_loaded);
	tcase_add_test(tcase, problems_name_the_file);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("config certificate")
