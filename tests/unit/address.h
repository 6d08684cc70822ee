/* SPDX-License-Identifier: ISC */
/* address.h - socket addresses from text. */
#ifndef UNIT_ADDRESS_H
#define UNIT_ADDRESS_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

/* Of an IPv4 or IPv6 address, with port 0; of any other text, an unnamed unix socket's. */
static inline struct sockaddr_storage
address_of(const char *text)
{
	struct sockaddr_storage address = { .ss_family = AF_UNIX };
	struct sockaddr_in *in = (struct sockaddr_in *)&address;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&address;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1)
		in->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1)
		in6->sin6_family = AF_INET6;
	return address;
}

#endif
