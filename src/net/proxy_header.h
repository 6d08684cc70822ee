/* SPDX-License-Identifier: ISC */
/*
 * proxy_header.h - what a balancer says of its client before the client's own octets: the PROXY
 * protocol, versions 1 (a line) and 2 (binary), as haproxy's proxy-protocol.txt has it.
 */
#ifndef NET_PROXY_HEADER_H
#define NET_PROXY_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

enum { PROXY_HEADER_MAX = 2048 }; /* with all TLVs */

struct proxy_header {
	size_t len; /* of the whole header */
	/*
	 * Whether there is a client: else the balancer speaks for itself (LOCAL, UNKNOWN, or a
	 * client that has no IP address).
	 */
	bool has_client;
	struct sockaddr_storage client;
	socklen_t client_len;
};

enum proxy_result {
	PROXY_OK,
	PROXY_MORE, /* so far it may become one */
	PROXY_BAD,
};

/* Read the header that data begins with. */
enum proxy_result proxy_header_parse(const void *data, size_t len, struct proxy_header *out);

#endif
