/* SPDX-License-Identifier: ISC */
/*
 * trust.c - see trust.h.  A directory is read whole, so that it needs no hashed names
 * (openssl-rehash(1)) and may be gone later.
 */
#include "config/trust.h"

#include <dirent.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/str.h"

enum { FILES_MAX = 10000 };

/* How many certificates were added; -1 and errno: it cannot be read. */
static int
add_file(X509_STORE *store, const char *file)
{
	FILE *in = fopen(file, "re");
	struct stat status;
	int count = 0;
	X509 *cert;

	if (in == NULL)
		return -1;
	if (fstat(fileno(in), &status) < 0 || !S_ISREG(status.st_mode)) {
		fclose(in);
		errno = EISDIR;
		return -1;
	}
	while ((cert = PEM_read_X509_AUX(in, NULL, NULL, NULL)) != NULL) {
		count += X509_STORE_add_cert(store, cert);
		X509_free(cert);
	}
	ERR_clear_error();
	fclose(in);
	return count;
}

int
trust_load_file(struct x509_store_st *store, const char *file, struct str *why)
{
	int count = add_file(store, file);

	if (count > 0)
		return 0;
	str_printf(why, "%s", count < 0 ? strerror(errno) : "no certificate in PEM is in it");
	return -1;
}

int
trust_load_directory(struct x509_store_st *store, const char *directory, struct str *why)
{
	DIR *entries = opendir(directory);
	const struct dirent *entry;
	int count = 0;

	if (entries == NULL) {
		str_printf(why, "%s", strerror(errno));
		return -1;
	}
	for (int i = 0; i < FILES_MAX && (entry = readdir(entries)) != NULL; i++) {
		struct str path = STR_EMPTY;
		int added;

		if (entry->d_name[0] == '.')
			continue;
		str_printf(&path, "%s/%s", directory, entry->d_name);
		added = str_is_bad(&path) ? 0 : add_file(store, path.data);
		count += added > 0 ? added : 0;
		str_free(&path);
	}
	closedir(entries);
	if (count > 0)
		return 0;
	str_puts(why, "no file with a certificate in PEM is in it");
	return -1;
}
