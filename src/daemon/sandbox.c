/* SPDX-License-Identifier: ISC */
/* sandbox.c - which files a role needs; then locked in. */
#include "daemon/sandbox.h"

#include "config.h"

#include <errno.h>
#include <libgen.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"
#include "config/config.h"

enum { FIXED_MAX = 16 };

static void
add(const char **paths, size_t *count, const char *path)
{
	if (path != NULL)
		paths[(*count)++] = path;
}

/*
 * Name lookup and TLS read these while they work, and files there are replaced: folders, not only
 * files. *folder, where resolv.conf really lies, and folders, those of CA files, are freed by the
 * caller.
 */
static size_t
list_readable(const struct config *config, const char **paths, char **folder, char **folders)
{
	size_t count = 0;

	*folder = realpath("/etc/resolv.conf", NULL);
	if (*folder != NULL)
		add(paths, &count, dirname(*folder));
	add(paths, &count, "/etc");
	add(paths, &count, "/usr");
	/* For the challenge mechanisms of libgsasl. */
	add(paths, &count, "/dev/urandom");
	add(paths, &count, "/dev/random");
	add(paths, &count, X509_get_default_cert_dir());
	add(paths, &count, X509_get_default_cert_file());
	add(paths, &count, getenv(X509_get_default_cert_dir_env()));
	add(paths, &count, getenv(X509_get_default_cert_file_env()));
	for (size_t i = 0; i < config->nupstream; i++) {
		add(paths, &count, config->upstream[i].ca_file);
		add(paths, &count, config->upstream[i].ca_dir);
		if (config->upstream[i].ca_file == NULL)
			continue;
		folders[i] = xstrdup(config->upstream[i].ca_file);
		add(paths, &count, dirname(folders[i]));
	}
	return count;
}

static int
lock_files(enum worker_role role, const struct config *config)
{
	if (role == WORKER_LISTENER)
		return sandbox_files(config->spool, NULL, 0);

	const char **paths = xcalloc(FIXED_MAX + 3 * config->nupstream, sizeof *paths);
	char **folders = xcalloc(config->nupstream + 1, sizeof *folders);
	char *folder;
	size_t count = list_readable(config, paths, &folder, folders);
	int result = sandbox_files(config->spool, paths, count);
	int error = errno;
	for (size_t i = 0; i < config->nupstream; i++)
		free(folders[i]);
	free(folders);
	free(folder);
	free(paths);
	errno = error;
	return result;
}

/* Whether connections get source addresses. */
static bool
has_sources(const struct config *config)
{
	for (size_t i = 0; i < config->nupstream; i++)
		if (config->upstream[i].bind4 != NULL || config->upstream[i].bind6 != NULL)
			return true;
	return false;
}

/*
 * What a part came to.  A container may forbid what the kernel has: mail goes on all the same, for
 * the workers have no privileges anyway.
 */
static void
judge(const char *part, int result)
{
	if (result != 0)
		log_warning("sandbox_incomplete", log_s("part", part),
		    log_s("why", result > 0 ? "this kernel does not have it" : strerror(errno)));
}

void
sandbox_enter(enum worker_role role, const struct config *config)
{
#ifdef WITH_SANITIZERS
	(void)role;
	(void)config;
	(void)lock_files;
	(void)has_sources;
	(void)judge;
#else
	judge("files", lock_files(role, config));
	judge("calls", sandbox_calls(role, role == WORKER_OUTBOUND && has_sources(config)));
#endif
}
