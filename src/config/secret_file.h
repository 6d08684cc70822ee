/* SPDX-License-Identifier: ISC */
/* secret_file.h - a file that others than its owner (and root) must not be able to read. */
#ifndef CONFIG_SECRET_FILE_H
#define CONFIG_SECRET_FILE_H

#include <stddef.h>

/* What came of reading one. */
struct secret_file {
	char *path;      /* what was read: the file, or the credential of its name; to be freed */
	const char *why; /* what is wrong; NULL: nothing */
	const char *fix; /* a command that mends it when the path is added, or NULL */
	size_t len;      /* of what was read; as much as there is room for */
};

/*
 * Read a file's content, or that of the same base name in $CREDENTIALS_DIRECTORY (systemd's
 * LoadCredential=) when there is one.  The caller cleanses out.
 */
struct secret_file secret_file_read(const char *file, char *out, size_t size);

#endif
