/* SPDX-License-Identifier: ISC */
/*
 * channel.h - the wire between the master and one worker: a pair of sockets, tiny messages.
 * The master trusts no text from a worker: only the type of such a message counts.  When the other
 * end is gone, so is the other process.
 */
#ifndef DAEMON_CHANNEL_H
#define DAEMON_CHANNEL_H

#include <stdint.h>

enum channel_type {
	/* From a worker. */
	CHANNEL_READY = 1, /* it serves */
	CHANNEL_HEARTBEAT, /* once a second: its loop turns */
	CHANNEL_RELOAD,    /* an operator wants the config read again */
	/* From the master. */
	CHANNEL_RELOADED, /* the answer: text says why not, or is empty */
	CHANNEL_LEAVE,    /* another generation takes over: finish within ms and exit */
	CHANNEL_STOP,     /* the daemon stops: the same, but sooner */
	CHANNEL_TYPES,
};

enum { CHANNEL_TEXT_MAX = 4000 };

struct channel_message {
	uint32_t type;
	uint32_t ms;
	char text[CHANNEL_TEXT_MAX + 1]; /* always NUL-terminated */
};

/* Both ends non-blocking and close-on-exec.  -1 and errno. */
int channel_pair(int fds[2]);

/* Longer text is cut.  -1 and errno: the other end is gone, or does not read. */
int channel_send(int fd, enum channel_type type, uint32_t ms, const char *text);

enum channel_result { CHANNEL_MESSAGE, CHANNEL_EMPTY, CHANNEL_CLOSED };

/* CLOSED also for a message that makes no sense. */
enum channel_result channel_receive(int fd, struct channel_message *out);

#endif
