/* SPDX-License-Identifier: ISC */
/*
 * secret_file.c - see secret_file.h.  What is checked and what is read is one open file, so that
 * nothing changes in between.
 */
#include "config/secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/path.h"

struct source {
	char *path;
	int fd;
	bool is_credential; /* of systemd, which keeps it from others by its own means */
};

static int
open_file(const char *path)
{
	/* O_NONBLOCK: a FIFO must not hang us; it is refused afterwards. */
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

/* Open the credential of this file's name if there is one, or else the file. */
static struct source
open_source(const char *file)
{
	struct source source = { .path = NULL, .fd = -1 };
	const char *directory = getenv("CREDENTIALS_DIRECTORY");

	if (directory != NULL && directory[0] != '\0') {
		source.path = xasprintf("%s/%s", directory, path_base(file));
		source.fd = open_file(source.path);
		source.is_credential = source.fd >= 0 || errno != ENOENT;
	}
	if (!source.is_credential) {
		free(source.path);
		source.path = xstrdup(file);
		source.fd = open_file(file);
	}
	return source;
}

/*
 * Group may read what root owns: root:postern 0640 is how packages install it.  NULL, or the
 * problem; *fix is then a command for it, or NULL.
 */
static const char *
check_mode(const struct source *source, const char **fix)
{
	struct stat status;

	*fix = NULL;
	if (fstat(source->fd, &status) < 0)
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return "not a regular file";
	if (source->is_credential)
		return NULL;
	*fix = "chmod 600";
	if (status.st_mode & S_IRWXO)
		return "other users can read or write it";
	if (status.st_mode & (S_IWGRP | S_IXGRP))
		return "its group can write it";
	if ((status.st_mode & S_IRGRP) && status.st_uid != 0)
		return "its group can read it, and its owner is not root";
	return NULL;
}

/* Read until the end or until the buffer is full.  The length; -1 and errno. */
static ssize_t
read_full(int fd, char *buffer, size_t size)
{
	size_t len = 0;
	ssize_t got;

	do {
		got = read(fd, buffer + len, size - len);
		if (got > 0)
			len += (size_t)got;
	} while ((got > 0 && len < size) || (got < 0 && errno == EINTR));
	return got < 0 ? -1 : (ssize_t)len;
}

struct secret_file
secret_file_read(const char *file, char *out, size_t size)
{
	struct source source = open_source(file);
	struct secret_file result = { .path = source.path };

	result.why = source.fd < 0 ? strerror(errno) : check_mode(&source, &result.fix);
	if (result.why == NULL) {
		ssize_t len = read_full(source.fd, out, size);

		result.fix = NULL;
		result.why = len < 0 ? strerror(errno) : NULL;
		result.len = len < 0 ? 0 : (size_t)len;
	}
	if (source.fd >= 0)
		close(source.fd);
	return result;
}
