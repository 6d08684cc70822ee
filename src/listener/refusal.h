/* SPDX-License-Identifier: ISC */
/* refusal.h - clients that are not let in: told why where they can hear it, logged, and closed. */
#ifndef LISTENER_REFUSAL_H
#define LISTENER_REFUSAL_H

#include <stddef.h>
#include <sys/socket.h>

struct session_env;

/* Who stands at the door. */
struct arriving {
	size_t index; /* of the listener in the config */
	int fd;
	const struct sockaddr *peer;
	socklen_t len;
};

/* Takes the descriptor. */
void refusal_give(struct session_env *env, const struct arriving *who, const char *why);

#endif
