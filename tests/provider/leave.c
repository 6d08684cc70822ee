/* SPDX-License-Identifier: ISC */
/* leave.c - a session that reads no more: deaf, stalled for a while or for ever, or hanging up. */
#include <sys/socket.h>

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <openssl/ssl.h>
#include <poll.h>

#include "server.h"
#include "session.h"

#define LINGER_MS      2000
#define STALL_CHECK_MS 200

void
session_deafen(struct session *s)
{
	s->mode = MODE_DEAF;
	bufferevent_enable(s->bev, EV_READ);
}

static void on_timer(evutil_socket_t fd, short what, void *ctx);

static void
set_timer(struct session *s, unsigned long ms)
{
	struct timeval tv = { (time_t)(ms / 1000), (suseconds_t)(ms % 1000 * 1000) };

	if (s->timer == NULL)
		s->timer = evtimer_new(s->server->base, on_timer, s);
	if (s->timer != NULL)
		evtimer_add(s->timer, &tv);
}

/* Has the client left?  Asked while nothing is read, when libevent does not tell. */
static bool
is_hung_up(const struct session *s)
{
	struct pollfd fd = { .fd = bufferevent_getfd(s->bev) };

	if (s->stalled)
		fd.events = POLLRDHUP;
	return poll(&fd, 1, 0) > 0;
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct session *s = ctx;

	(void)fd;
	(void)what;
	if (s->mode == MODE_DEAF || is_hung_up(s)) {
		s->gone = true;
	} else if (s->stalled) {
		set_timer(s, STALL_CHECK_MS);
	} else {
		s->mode = s->resume;
		bufferevent_enable(s->bev, EV_READ);
		session_run(s);
	}
	session_settle(s);
}

void
session_stall(struct session *s, unsigned long ms)
{
	bufferevent_disable(s->bev, EV_READ);
	s->resume = s->mode;
	s->mode = MODE_PAUSED;
	s->stalled = ms == 0;
	set_timer(s, s->stalled ? STALL_CHECK_MS : ms);
}

/*
 * With unread input a close() would be a RST, which can take the last reply
 * away from the client: so say FIN, and read on until the client leaves, too.
 */
void
session_hang_up(struct session *s, enum output_kind kind)
{
	struct linger hard = { .l_onoff = 1, .l_linger = 0 };
	int fd = bufferevent_getfd(s->bev);
	SSL *ssl = s->tls ? bufferevent_openssl_get_ssl(s->bev) : NULL;

	if (kind == OUTPUT_RST) {
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
		s->gone = true;
		return;
	}
	if (kind == OUTPUT_GOODBYE && ssl != NULL)
		SSL_shutdown(ssl);
	shutdown(fd, SHUT_WR);
	session_deafen(s);
	set_timer(s, LINGER_MS);
}
