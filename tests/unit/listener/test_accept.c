/* SPDX-License-Identifier: ISC */
/* test_accept.c - clients are taken from all sockets, and a lack of descriptors passes. */
#include "unit.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <unistd.h>

#include "listener/accept.h"
#include "net/listen.h"

enum { CLIENTS_MAX = 300 };

struct door {
	struct event_base *base;
	int fds[2];
	unsigned came[2];
	int clients[CLIENTS_MAX];
	unsigned nclients, wanted;
	struct acceptor *acceptor;
};

static void
on_client(void *ctx, size_t index, int fd, const struct sockaddr *peer, socklen_t len)
{
	struct door *door = ctx;
	int nodelay = 0;
	socklen_t size = sizeof nodelay;

	(void)len;
	ck_assert_int_eq(peer->sa_family, AF_INET);
	ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size), 0);
	ck_assert_int_ne(nodelay, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
	door->came[index]++;
	door->clients[door->nclients++] = fd;
	if (door->nclients == door->wanted)
		event_base_loopbreak(door->base);
}

static void
on_limit(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	(void)ctx;
	ck_abort_msg("the clients do not come in");
}

static void
open_door(struct door *door)
{
	*door = (struct door){ .base = event_base_new() };
	for (int i = 0; i < 2; i++)
		door->fds[i] = listen_tcp("127.0.0.1", 0);
	door->acceptor = acceptor_new(door->base, door->fds, 2, on_client, door);
	ck_assert_ptr_nonnull(door->acceptor);
	event_base_once(
	    door->base, -1, EV_TIMEOUT, on_limit, NULL, &(struct timeval){ .tv_sec = 10 });
}

static void
close_door(struct door *door)
{
	acceptor_free(&door->acceptor);
	for (unsigned i = 0; i < door->nclients; i++)
		close(door->clients[i]);
	close(door->fds[0]);
	close(door->fds[1]);
	event_base_free(door->base);
}

static int
knock(const struct door *door, int index)
{
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(listen_port(door->fds[index])),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
	return fd;
}

START_TEST(test_all_sockets_are_served)
{
	enum { EACH = 100 }; /* more than a batch */
	int fds[EACH * 2];
	struct door door;

	open_door(&door);
	door.wanted = EACH * 2;
	for (int i = 0; i < EACH * 2; i++)
		fds[i] = knock(&door, i % 2);
	event_base_dispatch(door.base);
	ck_assert_uint_eq(door.came[0], EACH);
	ck_assert_uint_eq(door.came[1], EACH);
	for (int i = 0; i < EACH * 2; i++)
		close(fds[i]);
	close_door(&door);
}
END_TEST

START_TEST(test_no_descriptors)
{
	struct door door;
	struct rlimit old, none;

	open_door(&door);
	door.wanted = 1;

	int fd = knock(&door, 0);

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = (rlim_t)fd + 1;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	event_base_loop(door.base, EVLOOP_ONCE);
	ck_assert_uint_eq(door.nclients, 0);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	event_base_dispatch(door.base);
	ck_assert_uint_eq(door.nclients, 1);
	close(fd);
	close_door(&door);
}
END_TEST

START_TEST(test_a_reserve_of_descriptors_is_left)
{
	/* The reserve begins where some of the knocks are in, whatever this process inherited. */
	enum { KNOCKS = 100, OWN = 20, RESERVE = 32 };
	struct door door;
	struct rlimit old, few;
	int fds[KNOCKS];
	int lowest = dup(STDERR_FILENO);
	int reserved = lowest + KNOCKS + OWN;

	close(lowest);
	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &old), 0);
	few = old;
	few.rlim_cur = (rlim_t)(reserved + RESERVE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &few), 0);
	open_door(&door);
	door.wanted = KNOCKS;
	for (int i = 0; i < KNOCKS; i++)
		fds[i] = knock(&door, 0);
	event_base_loop(door.base, EVLOOP_ONCE);
	ck_assert_uint_gt(door.nclients, 0);
	ck_assert_uint_lt(door.nclients, KNOCKS);
	ck_assert_int_eq(door.clients[door.nclients - 1], reserved);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &old), 0);
	for (int i = 0; i < KNOCKS; i++)
		close(fds[i]);
	event_base_dispatch(door.base);
	ck_assert_uint_eq(door.nclients, KNOCKS);
	close_door(&door);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "accept", test_all_sockets_are_served, test_no_descriptors,
	    test_a_reserve_of_descriptors_is_left);
}

UNIT_MAIN("listener/accept")
