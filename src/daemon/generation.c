/* SPDX-License-Identifier: ISC */
/* generation.c - a config, its sockets, and its pair of workers. */
#include "daemon/generation.h"

#include <stdlib.h>

#include "base/xalloc.h"
#include "config/config.h"
#include "config/secret.h"

struct generation *
generation_new(
    uint64_t number, struct config *config, const struct sockets *sockets, struct secrets *secrets)
{
	struct generation *generation = xcalloc(1, sizeof *generation);

	generation->number = number;
	generation->config = config;
	generation->sockets = *sockets;
	generation->secrets = secrets;
	for (int role = 0; role < WORKER_ROLES; role++)
		generation->start_at_ms[role] = INT64_MAX;
	return generation;
}

void
generation_free(struct generation **generation)
{
	struct generation *g = *generation;

	*generation = NULL;
	if (g == NULL)
		return;
	sockets_close(&g->sockets);
	secrets_free(&g->secrets);
	config_free(&g->config);
	free(g);
}

int
generation_count(const struct generation *generation)
{
	int count = 0;

	for (int role = 0; role < WORKER_ROLES; role++)
		count += generation->process[role].pid != 0;
	return count;
}

void
generation_stop(
    struct generation *generation, uint32_t listener_ms, uint32_t outbound_ms, int64_t now_ms)
{
	for (int role = 0; role < WORKER_ROLES; role++)
		generation->start_at_ms[role] = INT64_MAX;
	process_leave(&generation->process[WORKER_LISTENER], CHANNEL_STOP, listener_ms, now_ms);
	process_leave(&generation->process[WORKER_OUTBOUND], CHANNEL_STOP, outbound_ms, now_ms);
}
