/* SPDX-License-Identifier: ISC */
/*
 * host.h - a client's address as the key of a table.  Tables have a seed, so that a client with
 * many addresses cannot aim them at one bucket.
 */
#ifndef LISTENER_HOST_H
#define LISTENER_HOST_H

#include <stdint.h>
#include <sys/socket.h>

/* 16 octets that name the host: IPv4-mapped counts as IPv4, ports do not matter, and families
 * without host addresses all are one host. */
struct host {
	unsigned char octets[16];
};

struct host host_of(const struct sockaddr *address);

uint64_t host_seed(void);
uint64_t host_hash(const struct host *host, uint64_t seed);

#endif
