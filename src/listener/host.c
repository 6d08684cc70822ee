/* SPDX-License-Identifier: ISC */
/* host.c - see host.h. */
#include "listener/host.h"

#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/random.h>

struct host
host_of(const struct sockaddr *address)
{
	struct host host = { { 0 } };

	if (address->sa_family == AF_INET6) {
		memcpy(host.octets,
		    &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
	} else if (address->sa_family == AF_INET) {
		host.octets[10] = host.octets[11] = 0xff;
		memcpy(host.octets + 12,
		    &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	}
	return host;
}

uint64_t
host_seed(void)
{
	uint64_t seed;

	/* Early in the boot there may be no entropy: an unseeded table still counts. */
	return getrandom(&seed, sizeof seed, GRND_NONBLOCK) == sizeof seed ? seed : 0;
}

uint64_t
host_hash(const struct host *host, uint64_t seed)
{
	uint64_t half[2], hash = seed;

	memcpy(half, host->octets, sizeof half);
	for (size_t i = 0; i < 2; i++) { /* the finalizer of splitmix64 */
		hash ^= half[i];
		hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
		hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
		hash ^= hash >> 31;
	}
	return hash;
}
