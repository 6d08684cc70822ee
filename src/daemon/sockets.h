/* SPDX-License-Identifier: ISC */
/*
 * sockets.h - what a generation listens on: one socket for each listener of its config, and the
 * control socket. A socket that the generation before had, or that the service manager handed over,
 * is used again, so that nobody is refused during a reload.
 */
#ifndef DAEMON_SOCKETS_H
#define DAEMON_SOCKETS_H

#include <stddef.h>

struct config;
struct identity;
struct str;

enum { SOCKETS_INHERITED_MAX = 64 };

/* From systemd; they stay open as long as the daemon runs. */
struct inherited {
	int fd[SOCKETS_INHERITED_MAX];
	int count;
};

struct sockets {
	int *fd; /* in the order of config->listen; -1: a default that this host cannot have */
	size_t count;
	int control;
};

/* The sockets of a generation that runs, and what they were made for. */
struct sockets_before {
	const struct config *config;
	const struct sockets *sockets;
};

/*
 * Open all of them.  before and inherited may be NULL.  On failure everything is closed again, a
 * line for the failure is added to why, and the result is a status of sysexits.h, 0 on success.
 */
int sockets_open(struct sockets *out, const struct config *config,
    const struct sockets_before *before, const struct inherited *inherited,
    const struct identity *identity, struct str *why);

/*
 * Remove the unix sockets of a config that another one (NULL: none) does not have, but those of the
 * service manager.
 */
void sockets_unlink(
    const struct config *config, const struct config *kept, const struct inherited *inherited);

/*
 * Give the unix sockets that two configs have in common the modes of the later one, but those of
 * the service manager.  What fails is logged.
 */
void sockets_set_modes(
    const struct config *before, const struct config *now, const struct inherited *inherited);

void sockets_close(struct sockets *sockets);

/* Log each address that is listened on. */
void sockets_log(const struct sockets *sockets, const struct config *config);

#endif
