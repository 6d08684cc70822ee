/* SPDX-License-Identifier: ISC */
/* channel.c - the wire between the master and one worker: a pair of sockets, tiny messages. */
#include "daemon/channel.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int
channel_pair(int fds[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds);
}

int
channel_send(int fd, enum channel_type type, uint32_t ms, const char *text)
{
	struct channel_message message = { .type = type, .ms = ms };
	size_t len = strnlen(text, CHANNEL_TEXT_MAX);

	memcpy(message.text, text, len);
	if (send(fd, &message, offsetof(struct channel_message, text) + len, MSG_NOSIGNAL) < 0)
		return -1;
	return 0;
}

enum channel_result
channel_receive(int fd, struct channel_message *out)
{
	const ssize_t head = offsetof(struct channel_message, text);

	memset(out, 0, sizeof *out);
	ssize_t n = recv(fd, out, (size_t)head + CHANNEL_TEXT_MAX, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return CHANNEL_EMPTY;
	if (n < head || out->type == 0 || out->type >= CHANNEL_TYPES)
		return CHANNEL_CLOSED;
	return CHANNEL_MESSAGE;
}
