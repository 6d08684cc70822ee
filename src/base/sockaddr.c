/* SPDX-License-Identifier: ISC */
/* sockaddr.c - socket addresses as text.  An IPv4-mapped address is unmapped before anything else
 * looks at it. */
#include "base/sockaddr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

struct host {
	int family; /* AF_INET, AF_INET6, or another without the rest */
	unsigned port;
	union {
		struct in_addr in;
		struct in6_addr in6;
	} address;
};

static struct host
read_host(const struct sockaddr *address)
{
	struct host host = { .family = address->sa_family };

	if (host.family == AF_INET) {
		const struct sockaddr_in *in = (const void *)address;

		host.port = ntohs(in->sin_port);
		host.address.in = in->sin_addr;
	} else if (host.family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const void *)address;

		host.port = ntohs(in6->sin6_port);
		host.address.in6 = in6->sin6_addr;
		if (IN6_IS_ADDR_V4MAPPED(&in6->sin6_addr)) {
			host.family = AF_INET;
			memcpy(&host.address.in, &in6->sin6_addr.s6_addr[12], 4);
		}
	}
	return host;
}

/* Write a unix socket's name; len bounds the path, which need not end in NUL. */
static void
format_unix(const struct sockaddr *address, socklen_t len, char out[SOCKADDR_TEXT_SIZE])
{
	const struct sockaddr_un *un = (const void *)address;
	size_t max = len > offsetof(struct sockaddr_un, sun_path)
			 ? (size_t)len - offsetof(struct sockaddr_un, sun_path)
			 : 0;

	if (max > sizeof un->sun_path)
		max = sizeof un->sun_path;
	if (max == 0)
		snprintf(out, SOCKADDR_TEXT_SIZE, "local");
	else if (un->sun_path[0] == '\0')
		snprintf(out, SOCKADDR_TEXT_SIZE, "unix:@%.*s", (int)(max - 1), un->sun_path + 1);
	else
		snprintf(out, SOCKADDR_TEXT_SIZE, "unix:%.*s", (int)max, un->sun_path);
}

void
sockaddr_format(const struct sockaddr *address, socklen_t len, char out[SOCKADDR_TEXT_SIZE])
{
	char text[INET6_ADDRSTRLEN] = "";
	struct host host = read_host(address);

	if (host.family != AF_INET && host.family != AF_INET6) {
		format_unix(address, host.family == AF_UNIX ? len : 0, out);
		return;
	}
	inet_ntop(host.family, &host.address, text, sizeof text);
	snprintf(out, SOCKADDR_TEXT_SIZE, host.family == AF_INET6 ? "[%s]:%u" : "%s:%u", text,
	    host.port);
}

void
sockaddr_format_host(const struct sockaddr *address, char out[SOCKADDR_TEXT_SIZE])
{
	struct host host = read_host(address);

	if (inet_ntop(host.family, &host.address, out, SOCKADDR_TEXT_SIZE) == NULL)
		snprintf(out, SOCKADDR_TEXT_SIZE, "local");
}

void
sockaddr_format_literal(const struct sockaddr *address, char out[SOCKADDR_TEXT_SIZE])
{
	char text[INET6_ADDRSTRLEN];
	struct host host = read_host(address);

	if (inet_ntop(host.family, &host.address, text, sizeof text) == NULL)
		snprintf(out, SOCKADDR_TEXT_SIZE, "localhost");
	else
		snprintf(
		    out, SOCKADDR_TEXT_SIZE, host.family == AF_INET6 ? "[IPv6:%s]" : "[%s]", text);
}

bool
sockaddr_is_loopback(const struct sockaddr *address)
{
	struct host host = read_host(address);

	if (host.family == AF_INET)
		return ntohl(host.address.in.s_addr) >> 24 == IN_LOOPBACKNET;
	if (host.family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&host.address.in6);
	return host.family == AF_UNIX;
}
