/* SPDX-License-Identifier: ISC */
/* sample.c - files for the tests of config, written below /tmp. */
#include "sample.h"

#include <dirent.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "unit.h"

static void
write_file(const char *path, const char *text, mode_t mode)
{
	FILE *file;

	unlink(path); /* it may be there, and read-only */
	file = fopen(path, "w");
	ck_assert_ptr_nonnull(file);
	ck_assert(fputs(text, file) >= 0);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

void
sample_make(struct sample *sample, const char *text)
{
	*sample = (struct sample){ .directory = "/tmp/postern-config-XXXXXX", .errors = STR_EMPTY };
	ck_assert_ptr_nonnull(mkdtemp(sample->directory));
	sample_add(sample, "postern.conf", text, 0644);
}

const char *
sample_add(struct sample *sample, const char *name, const char *text, mode_t mode)
{
	snprintf(sample->file, sizeof sample->file, "%s/%s", sample->directory, name);
	write_file(sample->file, text, mode);
	return sample->file;
}

void
sample_add_certificate(struct sample *sample, const char *name, const char *key_name)
{
	X509 *cert = X509_new();
	EVP_PKEY *key = EVP_EC_gen("P-256");
	FILE *file;

	X509_gmtime_adj(X509_getm_notBefore(cert), 0);
	X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
	X509_set_pubkey(cert, key);
	ck_assert_int_gt(X509_sign(cert, key, EVP_sha256()), 0);
	file = fopen(sample_add(sample, name, "", 0644), "w");
	ck_assert_int_eq(PEM_write_X509(file, cert), 1);
	fclose(file);
	file = fopen(sample_add(sample, key_name, "", 0600), "w");
	ck_assert_int_eq(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(file);
	X509_free(cert);
	EVP_PKEY_free(key);
}

struct config *
sample_load(struct sample *sample)
{
	snprintf(sample->file, sizeof sample->file, "%s/postern.conf", sample->directory);
	str_cut(&sample->errors, 0);
	return config_load(sample->file, &sample->errors);
}

void
sample_remove(struct sample *sample)
{
	DIR *directory = opendir(sample->directory);
	const struct dirent *entry;

	ck_assert_ptr_nonnull(directory);
	while ((entry = readdir(directory)) != NULL)
		if (entry->d_name[0] != '.')
			ck_assert_int_eq(unlinkat(dirfd(directory), entry->d_name, 0), 0);
	closedir(directory);
	ck_assert_int_eq(rmdir(sample->directory), 0);
	str_free(&sample->errors);
}

struct config *
load_good(const char *text)
{
	struct sample sample;

	sample_make(&sample, text);

	struct config *config = sample_load(&sample);

	ck_assert_msg(config != NULL, "%s\nrefused: %s", text, sample.errors.data);
	ck_assert_uint_eq(sample.errors.len, 0);
	sample_remove(&sample);
	return config;
}

void
load_bad(const char *text, struct str *out)
{
	struct sample sample;

	sample_make(&sample, text);

	struct config *config = sample_load(&sample);

	ck_assert_msg(config == NULL, "taken:\n%s", text);
	ck_assert_uint_gt(sample.errors.len, 0);
	for (char *line = sample.errors.data, *end; *line != '\0'; line = end + 1) {
		end = strchr(line, '\n');
		ck_assert_ptr_nonnull(end);
		ck_assert_int_eq(strncmp(line, sample.file, strlen(sample.file)), 0);
		line += strlen(sample.file) + 1;
		str_add(out, line, (size_t)(end + 1 - line));
	}
	sample_remove(&sample);
}
