/* SPDX-License-Identifier: ISC */
/* sockets.c - what a generation listens on: used again, handed over, or bound. */
#include "daemon/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/log.h"
#include "base/sockaddr.h"
#include "base/str.h"
#include "base/xalloc.h"
#include "config/config.h"
#include "daemon/privileges.h"
#include "net/listen.h"

static int
duplicate(int fd)
{
	return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* The socket that the generation before had for this address; -1 if none. */
static int
reuse(const struct config_listen *wanted, const struct sockets_before *before)
{
	for (size_t i = 0; before != NULL && i < before->sockets->count; i++) {
		const struct config_listen *had = &before->config->listen[i];

		if (had->port == wanted->port && strcmp(had->address, wanted->address) == 0 &&
		    before->sockets->fd[i] >= 0)
			return duplicate(before->sockets->fd[i]);
	}
	return -1;
}

static int
adopt(const struct config_listen *wanted, const struct inherited *inherited)
{
	for (int i = 0; inherited != NULL && i < inherited->count; i++)
		if (listen_matches(inherited->fd[i], wanted->address, wanted->port))
			return duplicate(inherited->fd[i]);
	return -1;
}

/* Make the directory of a socket, for /run is empty after a boot. */
static void
make_directory(const char *path, const struct identity *identity)
{
	char *dir = xstrdup(path), *slash = strrchr(dir, '/');

	if (slash != NULL && slash != dir) {
		*slash = '\0';
		if (mkdir(dir, 0755) == 0 && chmod(dir, 0755) == 0 && geteuid() == 0 &&
		    lchown(dir, identity->uid, identity->gid) != 0)
			log_warning("socket_directory", log_s("why", strerror(errno)));
	}
	free(dir);
}

static int
bind_new(const struct config_listen *wanted, const struct identity *identity)
{
	if (!config_listen_is_unix(wanted))
		return listen_tcp(wanted->address, wanted->port);
	make_directory(wanted->address, identity);
	return listen_unix(wanted->address, wanted->mode);
}

static int
bind_failed(const struct config_listen *wanted, struct str *why)
{
	int error = errno;

	str_printf(why, "listen \"%s\": cannot listen on %s", wanted->name, wanted->address);
	if (!config_listen_is_unix(wanted))
		str_printf(why, " port %u", wanted->port);
	str_printf(why, ": %s", strerror(error));
	if (config_listen_is_unix(wanted))
		str_puts(why, error == EADDRINUSE ? "; another program has it" : "");
	else if (error == EACCES)
		str_puts(why, "; ports below 1024 need root or CAP_NET_BIND_SERVICE");
	else if (error == EADDRINUSE)
		str_printf(why, "; another program has it: see ss -ltnp sport = :%u", wanted->port);
	else if (error == EADDRNOTAVAIL)
		str_puts(why, "; this machine does not have the address");
	str_puts(why, "\n");
	return error == EACCES ? EX_NOPERM : EX_OSERR;
}

/* A default listener that this host cannot have: it does without, unless it is the last one. */
static bool
is_dispensable(const struct config *config, const struct config_listen *wanted)
{
	return wanted->is_default && config->nlisten > 1 &&
	       (errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT);
}

static int
open_listeners(struct sockets *out, const struct config *config,
    const struct sockets_before *before, const struct inherited *inherited,
    const struct identity *identity, struct str *why)
{
	for (; out->count < config->nlisten; out->count++) {
		const struct config_listen *wanted = &config->listen[out->count];
		int fd = reuse(wanted, before);

		if (fd < 0)
			fd = adopt(wanted, inherited);
		if (fd < 0)
			fd = bind_new(wanted, identity);
		if (fd < 0 && !is_dispensable(config, wanted))
			return bind_failed(wanted, why);
		out->fd[out->count] = fd;
	}
	return 0;
}

static int
open_control(const char *path, const struct identity *identity, struct str *why)
{
	make_directory(path, identity);
	int fd = listen_unix(path, 0660);
	if (fd >= 0 && (geteuid() != 0 || lchown(path, identity->uid, identity->gid) == 0))
		return fd;
	str_printf(why, "control: cannot listen on %s: %s\n", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int
sockets_open(struct sockets *out, const struct config *config, const struct sockets_before *before,
    const struct inherited *inherited, const struct identity *identity, struct str *why)
{
	*out = (struct sockets){ .fd = xcalloc(config->nlisten + 1, sizeof(int)), .control = -1 };
	int status = open_listeners(out, config, before, inherited, identity, why);
	if (status == 0) {
		if (before != NULL && strcmp(before->config->control, config->control) == 0)
			out->control = duplicate(before->sockets->control);
		else
			out->control = open_control(config->control, identity, why);
		if (out->control < 0)
			status = EX_OSERR;
	}
	if (status != 0)
		sockets_close(out);
	return status;
}

static bool
has_path(const struct config *config, const char *path)
{
	for (size_t i = 0; config != NULL && i < config->nlisten; i++)
		if (strcmp(config->listen[i].address, path) == 0)
			return true;
	return false;
}

void
sockets_unlink(
    const struct config *config, const struct config *kept, const struct inherited *inherited)
{
	if (kept == NULL || strcmp(kept->control, config->control) != 0)
		unlink(config->control);
	for (size_t i = 0; i < config->nlisten; i++) {
		const struct config_listen *listen = &config->listen[i];
		int adopted = adopt(listen, inherited);

		if (adopted >= 0)
			close(adopted);
		else if (config_listen_is_unix(listen) && !has_path(kept, listen->address))
			unlink(listen->address);
	}
}

/* The mode that the config has for a path; `otherwise` if the path is not in it. */
static unsigned
mode_of(const struct config *config, const char *path, unsigned otherwise)
{
	for (size_t i = 0; i < config->nlisten; i++)
		if (strcmp(config->listen[i].address, path) == 0)
			return config->listen[i].mode;
	return otherwise;
}

/* The directory may be of the workers' user, so root follows no link in it. */
static int
change_mode(const struct config_listen *listen)
{
	return fchmodat(AT_FDCWD, listen->address, listen->mode, AT_SYMLINK_NOFOLLOW);
}

void
sockets_set_modes(
    const struct config *before, const struct config *now, const struct inherited *inherited)
{
	for (size_t i = 0; i < now->nlisten; i++) {
		const struct config_listen *listen = &now->listen[i];

		if (!config_listen_is_unix(listen) ||
		    mode_of(before, listen->address, listen->mode) == listen->mode)
			continue;

		int adopted = adopt(listen, inherited);

		if (adopted >= 0)
			close(adopted);
		else if (change_mode(listen) != 0)
			log_warning("socket_mode", log_s("listener", listen->name),
			    log_s("why", strerror(errno)));
	}
}

void
sockets_close(struct sockets *sockets)
{
	for (size_t i = 0; i < sockets->count; i++)
		if (sockets->fd[i] >= 0)
			close(sockets->fd[i]);
	free(sockets->fd);
	if (sockets->control >= 0)
		close(sockets->control);
	*sockets = (struct sockets){ .control = -1 };
}

void
sockets_log(const struct sockets *sockets, const struct config *config)
{
	for (size_t i = 0; i < sockets->count; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof ss;
		char text[SOCKADDR_TEXT_SIZE] = "";

		if (sockets->fd[i] < 0)
			continue;
		if (getsockname(sockets->fd[i], (struct sockaddr *)&ss, &len) == 0)
			sockaddr_format((struct sockaddr *)&ss, len, text);
		log_info(
		    "listening", log_s("listener", config->listen[i].name), log_s("address", text));
	}
	log_info("listening", log_s("listener", "control"), log_s("address", config->control));
}
