/* SPDX-License-Identifier: ISC */
/* sockaddr.h - socket addresses as text. */
#ifndef BASE_SOCKADDR_H
#define BASE_SOCKADDR_H

#include <stdbool.h>
#include <sys/socket.h>

enum { SOCKADDR_TEXT_SIZE = 128 };

/* "127.0.0.1:25", "[::1]:25"; IPv4-mapped addresses as IPv4; unix sockets as "unix:PATH" or
 * "local". */
void sockaddr_format(const struct sockaddr *address, socklen_t len, char out[SOCKADDR_TEXT_SIZE]);

/* The host alone: "127.0.0.1", "::1"; "local" for a unix socket. */
void sockaddr_format_host(const struct sockaddr *address, char out[SOCKADDR_TEXT_SIZE]);

/* RFC 5321 4.1.3 address literal: "[127.0.0.1]", "[IPv6:::1]"; "localhost" for a unix socket. */
void sockaddr_format_literal(const struct sockaddr *address, char out[SOCKADDR_TEXT_SIZE]);

/* Whether the peer must be on this host: 127.0.0.0/8 (also mapped), ::1, and unix sockets. */
bool sockaddr_is_loopback(const struct sockaddr *address);

#endif
