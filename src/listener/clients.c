/* SPDX-License-Identifier: ISC */
/* clients.c - a hash of client addresses with their open sessions; see clients.h. */
#include "listener/clients.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "listener/host.h"

enum { CLIENT_BUCKETS = 1024 };

struct client {
	LIST_ENTRY(client) link;
	struct host host;
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

	if (clients != NULL)
		clients->seed = host_seed();
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

static struct client_list *
bucket_of(struct clients *clients, const struct host *host)
{
	return &clients->bucket[host_hash(host, clients->seed) % CLIENT_BUCKETS];
}

static struct client *
find(struct client_list *bucket, const struct host *host)
{
	struct client *client;

	LIST_FOREACH(client, bucket, link)
	{
		if (memcmp(&client->host, host, sizeof *host) == 0)
			break;
	}
	return client;
}

struct client *
clients_enter(struct clients *clients, const struct sockaddr *address, unsigned max)
{
	const struct host host = host_of(address);
	struct client_list *bucket = bucket_of(clients, &host);
	struct client *client = find(bucket, &host);

	if (client != NULL && client->sessions >= max) {
		errno = EAGAIN;
		return NULL;
	}
	if (client == NULL) {
		client = calloc(1, sizeof *client);
		if (client == NULL)
			return NULL;
		client->host = host;
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

unsigned
clients_count(struct clients *clients, const struct sockaddr *address)
{
	const struct host host = host_of(address);
	const struct client *client = find(bucket_of(clients, &host), &host);

	return client != NULL ? client->sessions : 0;
}
