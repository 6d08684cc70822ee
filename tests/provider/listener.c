/* SPDX-License-Identifier: ISC */
/*
 * listener.c - binds each port on each address.  A free port is chosen below
 * the range the system takes for outgoing connections, so that it can be bound
 * again after stop-listening or a restart.
 */
#include "listener.h"

#include <sys/socket.h>

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <jansson.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "server.h"
#include "session.h"

#define FREE_FIRST 10240
#define FREE_COUNT 20000
#define FREE_TRIES 200

union address {
	struct sockaddr any;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_storage storage;
};

struct listener {
	struct server *server;
	int ports[PORT_KINDS];
	struct evconnlistener *sockets[PORT_KINDS][ADDRESSES_MAX];
};

static int
parse_address(const char *text, int port, union address *out, int *len)
{
	memset(out, 0, sizeof(*out));
	if (inet_pton(AF_INET, text, &out->in.sin_addr) == 1) {
		out->in.sin_family = AF_INET;
		out->in.sin_port = htons((uint16_t)port);
		*len = sizeof(out->in);
		return 0;
	}
	if (inet_pton(AF_INET6, text, &out->in6.sin6_addr) == 1) {
		out->in6.sin6_family = AF_INET6;
		out->in6.sin6_port = htons((uint16_t)port);
		*len = sizeof(out->in6);
		return 0;
	}
	return -1;
}

static void
describe(const struct sockaddr *address, char *out, size_t size)
{
	char host[INET6_ADDRSTRLEN] = "?";
	int port;

	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		inet_ntop(AF_INET6, &in6->sin6_addr, host, sizeof(host));
		port = ntohs(in6->sin6_port);
	} else {
		const struct sockaddr_in *in = (const void *)address;

		inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
		port = ntohs(in->sin_port);
	}
	snprintf(out, size, address->sa_family == AF_INET6 ? "[%s]:%d" : "%s:%d", host, port);
}

static void
on_accept(
    struct evconnlistener *socket, evutil_socket_t fd, struct sockaddr *address, int len, void *ctx)
{
	struct listener *listener = ctx;
	char client[64];

	(void)len;
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		for (size_t i = 0; i < ADDRESSES_MAX; i++) {
			if (listener->sockets[kind][i] != socket)
				continue;
			describe(address, client, sizeof(client));
			if (kind == PORT_CONTROL)
				control_start(listener->server, fd);
			else
				session_start(listener->server, fd, (enum port_kind)kind, client);
			return;
		}
	}
	evutil_closesocket(fd);
}

static void
unbind(struct listener *listener, int kind)
{
	for (size_t i = 0; i < ADDRESSES_MAX; i++) {
		if (listener->sockets[kind][i] != NULL)
			evconnlistener_free(listener->sockets[kind][i]);
		listener->sockets[kind][i] = NULL;
	}
}

/* Bind the port on all addresses, or on none; the control port on the first. */
static int
bind_port(struct listener *listener, int kind, int port)
{
	const struct options *options = listener->server->options;
	size_t n = kind == PORT_CONTROL ? 1 : options->n_addresses;

	for (size_t i = 0; i < n; i++) {
		union address address;
		int len;

		if (parse_address(options->addresses[i], port, &address, &len) < 0) {
			errno = EINVAL;
			return -1;
		}
		listener->sockets[kind][i] =
		    evconnlistener_new_bind(listener->server->base, on_accept, listener,
			LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
			SOMAXCONN, &address.any, len);
		if (listener->sockets[kind][i] == NULL) {
			int error = errno;

			unbind(listener, kind);
			errno = error;
			return -1;
		}
	}
	listener->ports[kind] = port;
	return 0;
}

static int
bind_free_port(struct listener *listener, int kind)
{
	unsigned seed = (unsigned)getpid() * 2654435761U + (unsigned)kind;

	for (int i = 0; i < FREE_TRIES; i++) {
		int port = FREE_FIRST + rand_r(&seed) % FREE_COUNT;

		if (bind_port(listener, kind, port) == 0)
			return 0;
		if (errno != EADDRINUSE)
			break;
	}
	return -1;
}

/* Whole or not at all: a test waits for this file. */
static int
write_ports(const struct listener *listener, const char *file)
{
	json_t *object = json_pack("{s:I}", "pid", (json_int_t)getpid());
	char tmp[4096];
	int r;

	for (int kind = 0; kind < PORT_KINDS; kind++)
		if (listener->ports[kind] > 0)
			json_object_set_new(
			    object, port_names[kind], json_integer(listener->ports[kind]));
	snprintf(tmp, sizeof(tmp), "%s.tmp", file);
	r = json_dump_file(object, tmp, 0) == 0 ? rename(tmp, file) : -1;
	json_decref(object);
	return r;
}

struct listener *
listener_new(struct server *server)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	const struct options *options = server->options;

	if (listener == NULL)
		return NULL;
	listener->server = server;
	for (int kind = 0; kind < PORT_KINDS; kind++) {
		int port = options->ports[kind];
		int r = port < 0    ? 0
			: port == 0 ? bind_free_port(listener, kind)
				    : bind_port(listener, kind, port);

		if (r < 0) {
			fprintf(stderr, "postern-provider: the %s port %d: %s\n", port_names[kind],
			    port, strerror(errno));
			listener_free(&listener);
			return NULL;
		}
	}
	if (options->ports_file != NULL && write_ports(listener, options->ports_file) < 0) {
		perror(options->ports_file);
		listener_free(&listener);
	}
	return listener;
}

void
listener_free(struct listener **listener)
{
	if (*listener == NULL)
		return;
	for (int kind = 0; kind < PORT_KINDS; kind++)
		unbind(*listener, kind);
	free(*listener);
	*listener = NULL;
}

void
listener_stop(struct listener *listener)
{
	for (int kind = 0; kind < PORT_CONTROL; kind++)
		unbind(listener, kind);
}

int
listener_resume(struct listener *listener)
{
	for (int kind = 0; kind < PORT_CONTROL; kind++)
		if (listener->ports[kind] > 0 && listener->sockets[kind][0] == NULL &&
		    bind_port(listener, kind, listener->ports[kind]) < 0)
			return -1;
	return 0;
}
