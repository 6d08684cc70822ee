/* SPDX-License-Identifier: ISC */
/*
 * tunnel.c - the octets of socks.c over a socket.  It has no time limit of its own: that of the
 * dial covers all of it.
 */
#include "net/tunnel.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/dial.h"
#include "net/socks.h"

struct tunnel {
	int fd;
	struct event *readable, *writable;
	struct socks socks;
	size_t sent; /* of socks.out */
	tunnel_fn *done;
	void *ctx;
};

void
tunnel_free(struct tunnel **tunnel)
{
	struct tunnel *old = *tunnel;

	if (old == NULL)
		return;
	*tunnel = NULL;
	if (old->readable != NULL)
		event_free(old->readable);
	if (old->writable != NULL)
		event_free(old->writable);
	if (old->fd >= 0)
		close(old->fd);
	socks_clear(&old->socks);
	free(old);
}

/* The end; the tunnel is freed by the callee. */
static void
finish(struct tunnel *tunnel, const char *why)
{
	int fd = tunnel->fd;

	event_del(tunnel->readable);
	event_del(tunnel->writable);
	if (why == NULL)
		tunnel->fd = -1;
	tunnel->done(tunnel->ctx, why == NULL ? fd : -1, why);
}

static bool
is_for_later(int error)
{
	return error == EAGAIN || error == EINTR;
}

/* Send what is to be sent, then listen. */
static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct tunnel *tunnel = arg;
	struct socks *socks = &tunnel->socks;
	ssize_t n =
	    send((int)fd, socks->out + tunnel->sent, socks->out_len - tunnel->sent, MSG_NOSIGNAL);

	(void)what;
	if (n < 0 && !is_for_later(errno)) {
		finish(tunnel, strerror(errno));
		return;
	}
	tunnel->sent += n > 0 ? (size_t)n : 0;
	if (tunnel->sent < socks->out_len) {
		event_add(tunnel->writable, NULL);
		return;
	}
	socks_clear(socks);
	tunnel->sent = 0;
	event_add(tunnel->readable, NULL);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct tunnel *tunnel = arg;
	struct socks *socks = &tunnel->socks;
	unsigned char data[sizeof socks->in];
	ssize_t n = recv((int)fd, data, socks->need, 0);

	(void)what;
	if (n <= 0 && (n == 0 || !is_for_later(errno))) {
		finish(tunnel, n == 0 ? "it closed the connection" : strerror(errno));
		return;
	}
	switch (n < 0 ? SOCKS_MORE : socks_feed(socks, data, (size_t)n)) {
	case SOCKS_MORE:
		event_add(socks->out_len > 0 ? tunnel->writable : tunnel->readable, NULL);
		break;
	case SOCKS_OPEN:
		finish(tunnel, NULL);
		break;
	case SOCKS_FAILED:
		finish(tunnel, socks->why);
		break;
	}
}

struct tunnel *
tunnel_new(
    struct event_base *base, int fd, const struct dial_target *target, tunnel_fn *done, void *ctx)
{
	struct tunnel *tunnel = calloc(1, sizeof *tunnel);

	if (tunnel == NULL)
		return NULL;
	tunnel->fd = -1;
	tunnel->done = done;
	tunnel->ctx = ctx;
	socks_begin(&tunnel->socks, target->host, target->port, target->proxy_username,
	    target->proxy_password);
	tunnel->readable = event_new(base, fd, EV_READ, on_readable, tunnel);
	tunnel->writable = event_new(base, fd, EV_WRITE, on_writable, tunnel);
	if (tunnel->readable == NULL || tunnel->writable == NULL ||
	    event_add(tunnel->writable, NULL) != 0) {
		tunnel_free(&tunnel);
		return NULL;
	}
	tunnel->fd = fd;
	return tunnel;
}
