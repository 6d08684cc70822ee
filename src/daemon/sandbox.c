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
 * Name lookup and TLS read these while they work, and files there are replaced: folders, not files.
 * *folder is freed by the caller: where resolv.conf really lies.
 */
static size_t
list_readable(const struct config *config, const char **paths, char **folder)
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
	for (size_t i = 0; i < config->nupstream; i++)
		add(paths, &count, config->upstream[i].ca_file);
	return count;
}

static int
lock_files(enum worker_role role, const struct config *config)
{
	if (role == WORKER_LISTENER)
		return sandbox_files(config->spool, NULL, 0);

	const char **paths = xcalloc(FIXED_MAX + config->nupstream, sizeof *paths);
	char *folder;
	size_t count = list_readable(config, paths, &folder);
	int result = sandbox_files(config->spool, paths, count);
	int error = errno;
	free(folder);
	free(paths);
	errno = error;
	return result;
}

/* What a part came to: 0 to go on. */
static int
judge(const char *part, int result)
{
	if (result > 0)
		log_warning("sandbox_incomplete", log_s("part", part),
		    log_s("why", "this kernel does not have it"));
	else if (result < 0)
		log_error("sandbox_failed", log_s("part", part), log_s("why", strerror(errno)));
	return result < 0 ? -1 : 0;
}

int
sandbox_enter(enum worker_role role, const struct config *config)
{
#ifdef WITH_SANITIZERS
	(void)role;
	(void)config;
	(void)lock_files;
	(void)judge;
	return 0;
#else
	if (judge("files", lock_files(role, config)) != 0)
		return -1;
	return judge("calls", sandbox_calls(role));
#endif
}
