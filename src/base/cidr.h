/* SPDX-License-Identifier: ISC */
/* cidr.h - networks in CIDR notation (RFC 4632, RFC 4291), and whether an address lies in one. */
#ifndef BASE_CIDR_H
#define BASE_CIDR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

/*
 * IPv4 networks are kept as IPv4-mapped IPv6 ones, so that 10.1.2.3 and ::ffff:10.1.2.3 are the
 * same host.  All networks of IPv4 are therefore in ::/0, too.
 */
struct cidr {
	unsigned char address[16];
	unsigned bits; /* 0..128 */
};

/*
 * "10.0.0.0/8", "192.0.2.1", "2001:db8::/32".  Bits beyond the prefix must be zero, so that a slip
 * is not taken for a wide network.  On -1 *why says what is wrong (a static text).
 */
int cidr_parse(const char *text, struct cidr *out, const char **why);

/* Whether an AF_INET or AF_INET6 address lies in the network; other families lie in none. */
bool cidr_contains(const struct cidr *network, const struct sockaddr *address);

/* Whether every address of the network is a loopback address (127.0.0.0/8, ::1). */
bool cidr_is_loopback(const struct cidr *network);

/* Whether every address of the network lies in the other one. */
bool cidr_is_inside(const struct cidr *network, const struct cidr *outer);

struct cidr_list {
	struct cidr *network;
	size_t count;
};

/* Whether an address lies in one of them. */
bool cidr_list_contains(const struct cidr_list *list, const struct sockaddr *address);

#endif
