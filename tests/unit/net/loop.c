/* SPDX-License-Identifier: ISC */
/* loop.c - for tests with sockets: turn a loop until something is so, and socket pairs. */
#include "loop.h"

#include <arpa/inet.h>
#include <check.h>
#include <event2/util.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

void
loop_until_so(struct event_base *base, bool (*is_so)(void *arg), void *arg, const char *text)
{
	struct timeval interval = { .tv_usec = 2000 };
	struct event *tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	int64_t end = clock_mono_ms() + LOOP_LIMIT_MS;

	event_add(tick, &interval);
	while (!is_so(arg)) {
		ck_assert_msg(clock_mono_ms() < end, "never became so: %s", text);
		event_base_loop(base, EVLOOP_ONCE);
	}
	event_free(tick);
}

static bool
is_set(void *arg)
{
	return *(int *)arg != 0;
}

void
loop_until_set(struct event_base *base, const int *flag, const char *text)
{
	loop_until_so(base, is_set, (void *)(uintptr_t)flag, text);
}

static bool
is_past(void *arg)
{
	return clock_mono_ms() >= *(int64_t *)arg;
}

void
loop_for(struct event_base *base, int ms)
{
	int64_t end = clock_mono_ms() + ms;

	loop_until_so(base, is_past, &end, "time passes");
}

void
pair_unix(int fds[2])
{
	ck_assert_int_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
}

void
pair_tcp(int fds[2])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&sin, sizeof sin), 0);
	ck_assert_int_eq(listen(listener, 1), 0);
	getsockname(listener, (struct sockaddr *)&sin, &len);
	fds[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_eq(connect(fds[0], (struct sockaddr *)&sin, sizeof sin), 0);
	fds[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	ck_assert_int_ge(fds[1], 0);
	for (int i = 0; i < 2; i++) {
		evutil_make_socket_nonblocking(fds[i]);
		setsockopt(fds[i], IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	}
	close(listener);
}

struct event_base *
loop_new(void)
{
	signal(SIGPIPE, SIG_IGN);
	return event_base_new();
}
