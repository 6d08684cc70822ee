/* SPDX-License-Identifier: ISC */
/*
 * accept.c - accept4(2) on each listening socket; see accept.h.
 * A pause stops all sockets: the descriptors that are missing are missing to all of them.
 */
#include "listener/accept.h"

#include <errno.h>
#include <event2/event.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/log.h"

enum {
	ACCEPT_BATCH = 64, /* clients of one socket in one turn of the loop */
	ACCEPT_PAUSE_SEC = 1,
	ACCEPT_RESERVE = 32, /* descriptors that clients leave to the spool */
};

struct acceptor_socket {
	struct acceptor *owner;
	struct event *event;
	size_t index;
};

struct acceptor {
	accept_fn *on_client;
	void *ctx;
	struct event *resume;
	int fd_max;        /* with this one the reserve begins */
	bool short_of_fds; /* logged, and no client came in since */
	size_t nsockets;
	struct acceptor_socket socket[];
};

/* A quarter at most: where descriptors are few somebody is to be served as well. */
static int
first_reserved_fd(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur > INT_MAX)
		return INT_MAX;

	int max = (int)limit.rlim_cur;

	return max - (max / 4 < ACCEPT_RESERVE ? max / 4 : ACCEPT_RESERVE);
}

static void
pause_all(struct acceptor *acceptor, int error)
{
	static const struct timeval pause = { .tv_sec = ACCEPT_PAUSE_SEC };

	if (!acceptor->short_of_fds)
		log_error("accept_paused", log_s("why", strerror(error)));
	acceptor->short_of_fds = true;
	for (size_t i = 0; i < acceptor->nsockets; i++)
		event_del(acceptor->socket[i].event);
	event_add(acceptor->resume, &pause);
}

/* Whether a client would leave the reserve alone: the lowest free descriptor is given out first. */
static bool
has_room(const struct acceptor *acceptor)
{
	int fd = dup(event_get_fd(acceptor->socket[0].event));

	if (fd >= 0)
		close(fd);
	return fd >= 0 && fd < acceptor->fd_max;
}

static void
on_resume(evutil_socket_t fd, short what, void *ctx)
{
	struct acceptor *acceptor = ctx;

	(void)fd;
	(void)what;
	if (!has_room(acceptor)) {
		pause_all(acceptor, EMFILE);
		return;
	}
	for (size_t i = 0; i < acceptor->nsockets; i++)
		event_add(acceptor->socket[i].event, NULL);
}

static void
resumed(struct acceptor *acceptor)
{
	acceptor->short_of_fds = false;
	log_info("accept_resumed");
}

static bool
is_shortage(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

/* Whether there may be more to accept. */
static bool
accept_one(struct acceptor_socket *from, int listening)
{
	struct acceptor *acceptor = from->owner;
	struct sockaddr_storage peer = { .ss_family = AF_UNSPEC };
	socklen_t len = sizeof peer;
	int fd = accept4(listening, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0 && is_shortage(errno)) {
		pause_all(acceptor, errno);
		return false;
	}
	/* Other errors are those of a client that left while it waited: accept(2), "Error
	 * handling". */
	if (fd < 0)
		return errno != EAGAIN && errno != EWOULDBLOCK && errno != EBADF && errno != EINVAL;

	bool has_more = fd < acceptor->fd_max;

	if (!has_more)
		pause_all(acceptor, EMFILE);
	else if (acceptor->short_of_fds)
		resumed(acceptor);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	acceptor->on_client(acceptor->ctx, from->index, fd, (struct sockaddr *)&peer, len);
	return has_more;
}

static void
on_readable(evutil_socket_t fd, short what, void *ctx)
{
	(void)what;
	for (int i = 0; i < ACCEPT_BATCH && accept_one(ctx, fd); i++)
		;
}

struct acceptor *
acceptor_new(struct event_base *base, const int *fds, size_t nfds, accept_fn *on_client, void *ctx)
{
	struct acceptor *acceptor = calloc(1, sizeof *acceptor + nfds * sizeof acceptor->socket[0]);

	if (acceptor == NULL)
		return NULL;
	acceptor->on_client = on_client;
	acceptor->ctx = ctx;
	acceptor->fd_max = first_reserved_fd();
	acceptor->resume = evtimer_new(base, on_resume, acceptor);
	if (acceptor->resume == NULL)
		goto fail;
	for (size_t i = 0; i < nfds; i++) {
		struct acceptor_socket *socket = &acceptor->socket[i];

		socket->owner = acceptor;
		socket->index = i;
		socket->event = event_new(base, fds[i], EV_READ | EV_PERSIST, on_readable, socket);
		acceptor->nsockets++;
		if (socket->event == NULL || event_add(socket->event, NULL) < 0)
			goto fail;
	}
	return acceptor;
fail:
	acceptor_free(&acceptor);
	return NULL;
}

void
acceptor_free(struct acceptor **acceptor)
{
	if (*acceptor == NULL)
		return;
	for (size_t i = 0; i < (*acceptor)->nsockets; i++) {
		if ((*acceptor)->socket[i].event != NULL)
			event_free((*acceptor)->socket[i].event);
	}
	if ((*acceptor)->resume != NULL)
		event_free((*acceptor)->resume);
	free(*acceptor);
	*acceptor = NULL;
}
