/* SPDX-License-Identifier: ISC */
/*
 * secret.c - reads password files.  What is checked and what is read is one open file, so that
 * nothing changes in between; buffers are cleansed on every way out.
 */
#include "config/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "config/path.h"
#include "config/report.h"

enum { PASSWORD_MAX = 4096, LINE_END_MAX = 2, BUFFER_SIZE = PASSWORD_MAX + LINE_END_MAX + 1 };

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

/* The password of a file's content: NULL and *why, or a string that the caller cleanses. */
static char *
extract(char *content, size_t len, const char **why)
{
	if (len > 0 && content[len - 1] == '\n') {
		len--;
		if (len > 0 && content[len - 1] == '\r')
			len--;
	}
	content[len] = '\0';
	if (len == 0)
		*why = "the password is empty";
	else if (len > PASSWORD_MAX)
		*why = "the password is longer than 4096 octets";
	else if (strlen(content) != len)
		*why = "the password has a NUL octet";
	else
		return xstrdup(content);
	return NULL;
}

static char *
read_password(const struct source *source, const char **why)
{
	char content[BUFFER_SIZE + 1], *password = NULL;
	ssize_t len = read_full(source->fd, content, BUFFER_SIZE);

	if (len < 0)
		*why = strerror(errno);
	else
		password = extract(content, (size_t)len, why);
	OPENSSL_cleanse(content, sizeof content);
	return password;
}

/* NULL with the problem reported. */
static char *
load_one(const struct config_upstream *upstream, struct report *report)
{
	struct source source = open_source(upstream->password_file);
	const char *fix = NULL, *why = source.fd < 0 ? strerror(errno) : check_mode(&source, &fix);
	char *password = NULL;

	if (why == NULL) {
		fix = NULL;
		password = read_password(&source, &why);
	}
	if (password == NULL && fix != NULL)
		report_add(report, upstream->password_line,
		    "upstream \"%s\": password_file = %s: %s; fix it with: %s %s", upstream->name,
		    source.path, why, fix, source.path);
	else if (password == NULL)
		report_add(report, upstream->password_line,
		    "upstream \"%s\": password_file = %s: %s; needed: a file that holds the "
		    "password",
		    upstream->name, source.path, why);
	if (source.fd >= 0)
		close(source.fd);
	free(source.path);
	return password;
}

struct secrets *
secrets_load(const struct config *config, struct str *errors)
{
	struct report report = { .file = config->file };
	struct secrets *secrets = xcalloc(1, sizeof *secrets);

	secrets->count = config->nupstream;
	secrets->password = xcalloc(config->nupstream + 1, sizeof *secrets->password);
	for (size_t i = 0; i < config->nupstream; i++)
		if (config->upstream[i].password_file != NULL)
			secrets->password[i] = load_one(&config->upstream[i], &report);
	if (report.count > 0)
		secrets_free(&secrets);
	report_write(&report, errors);
	return secrets;
}

int
secrets_check(const struct config *config, struct str *errors)
{
	struct secrets *secrets = secrets_load(config, errors);

	if (secrets == NULL)
		return -1;
	secrets_free(&secrets);
	return 0;
}

void
secrets_free(struct secrets **secrets)
{
	struct secrets *old = *secrets;

	if (old == NULL)
		return;
	*secrets = NULL;
	for (size_t i = 0; i < old->count; i++)
		if (old->password[i] != NULL) {
			OPENSSL_cleanse(old->password[i], strlen(old->password[i]));
			free(old->password[i]);
		}
	free(old->password);
	free(old);
}
