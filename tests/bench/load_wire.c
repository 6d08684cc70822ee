/* SPDX-License-Identifier: ISC */
/*
 * load_wire.c - one plain TCP connection of the load generator.
 * It writes at once and asks for an event only when the socket is full: most messages cost one
 * write.
 */
#include "load_wire.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Strike out what was sent; true when something is left. */
static bool
advance(struct wire *w, size_t sent)
{
	bool left = false;

	for (size_t i = 0; i < WIRE_PIECES; i++) {
		struct iovec *piece = &w->out[i];
		size_t n = sent < piece->iov_len ? sent : piece->iov_len;

		if (n > 0)
			piece->iov_base = (char *)piece->iov_base + n;
		piece->iov_len -= n;
		sent -= n;
		left = left || piece->iov_len > 0;
	}
	return left;
}

static void
flush(struct wire *w)
{
	struct msghdr m = { .msg_iov = w->out, .msg_iovlen = WIRE_PIECES };
	ssize_t n = sendmsg(w->fd, &m, MSG_NOSIGNAL);

	if (n < 0 && errno != EAGAIN && errno != EINTR)
		w->calls->on_lost(w->ctx, strerror(errno));
	else if (advance(w, n < 0 ? 0 : (size_t)n))
		event_add(w->writable, NULL);
	else
		w->calls->on_sent(w->ctx);
}

void
wire_send(struct wire *w, const struct iovec pieces[WIRE_PIECES])
{
	memcpy(w->out, pieces, sizeof w->out);
	flush(w);
}

/* Hand over every whole line; any of them may close the wire. */
static void
read_lines(struct wire *w)
{
	char *line = w->in;
	char *end = w->in + w->in_len;
	char *lf;

	while (w->fd >= 0 && (lf = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		char *stop = lf > line && lf[-1] == '\r' ? lf - 1 : lf;

		*stop = '\0';
		w->calls->on_line(w->ctx, line, (size_t)(stop - line));
		line = lf + 1;
	}
	w->in_len = (size_t)(end - line);
	memmove(w->in, line, w->in_len);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct wire *w = arg;
	ssize_t n = recv(fd, w->in + w->in_len, sizeof w->in - w->in_len, 0);

	(void)what;
	if (n > 0) {
		w->in_len += (size_t)n;
		read_lines(w);
		if (w->fd >= 0 && w->in_len == sizeof w->in)
			w->calls->on_lost(w->ctx, "line too long");
	} else if (n == 0) {
		w->calls->on_lost(w->ctx, "closed by the server");
	} else if (errno != EAGAIN && errno != EINTR) {
		w->calls->on_lost(w->ctx, strerror(errno));
	}
}

/* The first time, that is the end of connect(). */
static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct wire *w = arg;
	int error = 0;
	socklen_t len = sizeof error;

	(void)what;
	if (event_pending(w->readable, EV_READ, NULL)) {
		flush(w);
		return;
	}
	getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
	if (error != 0)
		w->calls->on_lost(w->ctx, strerror(error));
	else
		event_add(w->readable, NULL);
}

int
wire_open(struct wire *w, struct event_base *base, const struct addrinfo *address)
{
	int one = 1;

	w->in_len = 0;
	w->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (w->fd < 0)
		return -1;
	setsockopt(w->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	w->readable = event_new(base, w->fd, EV_READ | EV_PERSIST, on_readable, w);
	w->writable = event_new(base, w->fd, EV_WRITE, on_writable, w);
	if (connect(w->fd, address->ai_addr, address->ai_addrlen) < 0 && errno != EINPROGRESS) {
		int saved = errno;

		wire_close(w);
		errno = saved;
		return -1;
	}
	event_add(w->writable, NULL);
	return 0;
}

void
wire_close(struct wire *w)
{
	if (w->fd < 0)
		return;
	event_free(w->readable);
	event_free(w->writable);
	close(w->fd);
	w->fd = -1;
	w->in_len = 0;
}
