/* SPDX-License-Identifier: ISC */
/*
 * clients.c - a hash of client addresses with their open sessions; see clients.h.
 * The hash is seeded, so that a client with many addresses cannot aim them at one bucket.
 */
#include "listener/clients.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

enum { CLIENT_BUCKETS = 1024 };

struct client {
	LIST_ENTRY(client) link;
	unsigned char address[16];
	unsigned sessions;
};

LIST_HEAD(client_list, client);

struct clients {
	uint64_t seed;
	struct client_list bucket[CLIENT_BUCKETS];
};

struct clients *
clients_new(void)
{
	struct clients *clients = calloc(1, sizeof *clients);

	/* Early in the boot there may be no entropy: an unseeded table still counts. */
	if (clients != NULL && getrandom(&clients->seed, sizeof clients->seed, GRND_NONBLOCK) < 0)
		clients->seed = 0;
	return clients;
}

void
clients_free(struct clients **clients)
{
	if (*clients == NULL)
		return;
	for (size_t i = 0; i < CLIENT_BUCKETS; i++) {
		struct client *client;

		while ((client = LIST_FIRST(&(*clients)->bucket[i])) != NULL) {
			LIST_REMOVE(client, link);
			free(client);
		}
	}
	free(*clients);
	*clients = NULL;
}

/* 16 octets that name the host; families without host addresses all count as one client. */
static void
host_of(const struct sockaddr *address, unsigned char out[16])
{
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

	memset(out, 0, 16);
	if (address->sa_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, 16);
	} else if (address->sa_family == AF_INET) {
		memcpy(out, mapped, sizeof mapped);
		memcpy(out + 12, &((const struct sockaddr_in *)(const void *)address)->sin_addr, 4);
	}
}

static struct client_list *
bucket_of(struct clients *clients, const unsigned char host[16])
{
	uint64_t half[2], hash = clients->seed;

	memcpy(half, host, sizeof half);
	for (size_t i = 0; i < 2; i++) { /* the finalizer of splitmix64 */
		hash ^= half[i];
		hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9u;
		hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebu;
		hash ^= hash >> 31;
	}
	return &clients->bucket[hash % CLIENT_BUCKETS];
}

struct client *
clients_enter(struct clients *clients, const struct sockaddr *address, unsigned max)
{
	unsigned char host[16];

	host_of(address, host);

	struct client_list *bucket = bucket_of(clients, host);
	struct client *client;

	LIST_FOREACH(client, bucket, link)
	{
		if (memcmp(client->address, host, sizeof host) == 0)
			break;
	}
	if (client != NULL && client->sessions >= max) {
		errno = EAGAIN;
		return NULL;
	}
	if (client == NULL) {
		client = calloc(1, sizeof *client);
		if (client == NULL)
			return NULL;
		memcpy(client->address, host, sizeof host);
		LIST_INSERT_HEAD(bucket, client, link);
	}
	client->sessions++;
	return client;
}

void
clients_leave(struct client **client)
{
	if (--(*client)->sessions == 0) {
		LIST_REMOVE(*client, link);
		free(*client);
	}
	*client = NULL;
}
