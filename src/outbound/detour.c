/* SPDX-License-Identifier: ISC */
/* detour.c - see detour.h.  A detour is never given up: there are few, and all messages that go it
 * share it; what is kept of a message is an octet for each of its recipients. */
#include "outbound/detour.h"

#include <search.h>
#include <stdlib.h>

#include "config/config.h"
#include "outbound/delivery.h"
#include "outbound/route.h"
#include "queue/queue.h"
#include "spool/envelope.h"

enum { PLACES_MAX = 64 }; /* of a route's list: further ones cannot be gone around */

struct way {
	size_t route;
	uint64_t without; /* a bit for each place of its list */
};

/* A message that was found to need one. */
struct traveller {
	uint64_t id;
	uint32_t nrcpt;
	uint8_t way[]; /* of each recipient; 0: that of its route, for a detour is never 0 */
};

struct detours {
	const struct config *config;
	void *travellers; /* of tsearch() */
	size_t count;
	struct way way[ROUTES_MAX];
};

_Static_assert((int)ROUTES_MAX <= UINT8_MAX + 1, "a way fits in an octet");

struct detours *
detours_new(const struct config *config)
{
	struct detours *detours = calloc(1, sizeof *detours);

	if (detours == NULL)
		return NULL;
	detours->config = config;
	detours->count = config->nroute;
	for (size_t i = 0; i < detours->count; i++)
		detours->way[i].route = i;
	return detours;
}

void
detours_free(struct detours **detours)
{
	if (*detours == NULL)
		return;
	tdestroy((*detours)->travellers, free);
	free(*detours);
	*detours = NULL;
}

size_t
detours_count(const struct detours *detours)
{
	return detours->count;
}

size_t
detours_route(const struct detours *detours, size_t way)
{
	return detours->way[way].route;
}

struct route_set
detours_ways(const struct detours *detours, size_t route)
{
	struct route_set set = { { 0 } };

	for (size_t i = 0; i < detours->count; i++)
		if (detours->way[i].route == route)
			route_set_add(&set, i);
	return set;
}

bool
detours_leads_by(const struct detours *detours, size_t way, size_t place)
{
	return place >= PLACES_MAX || (detours->way[way].without >> place & 1) == 0;
}

static int
compare(const void *a, const void *b)
{
	const struct traveller *left = a, *right = b;

	return (left->id > right->id) - (left->id < right->id);
}

static struct traveller *
find(const struct detours *detours, uint64_t id)
{
	const struct traveller key = { .id = id };
	void *const *node = tfind(&key, &detours->travellers, compare);

	return node != NULL ? *node : NULL;
}

size_t
detours_find(const struct detours *detours, uint64_t id, uint32_t rcpt, size_t route)
{
	const struct traveller *traveller = detours != NULL ? find(detours, id) : NULL;

	if (traveller == NULL || rcpt >= traveller->nrcpt || traveller->way[rcpt] == 0)
		return route;
	return traveller->way[rcpt];
}

void
detours_forget(struct detours *detours, uint64_t id)
{
	struct traveller *traveller = find(detours, id);

	if (traveller == NULL)
		return;
	tdelete(traveller, &detours->travellers, compare);
	free(traveller);
}

/* NULL: out of memory. */
static struct traveller *
add_traveller(struct detours *detours, uint64_t id, uint32_t nrcpt)
{
	struct traveller *traveller = find(detours, id);

	if (traveller != NULL)
		return traveller;
	if ((traveller = calloc(1, sizeof *traveller + nrcpt)) == NULL)
		return NULL;
	traveller->id = id;
	traveller->nrcpt = nrcpt;
	if (tsearch(traveller, &detours->travellers, compare) == NULL) {
		free(traveller);
		return NULL;
	}
	return traveller;
}

/* The way of a route without these places; ROUTES_MAX: there is no room for another one. */
static size_t
find_way(struct detours *detours, size_t route, uint64_t without)
{
	for (size_t i = 0; i < detours->count; i++)
		if (detours->way[i].route == route && detours->way[i].without == without)
			return i;
	if (detours->count == ROUTES_MAX)
		return ROUTES_MAX;
	detours->way[detours->count] = (struct way){ route, without };
	return detours->count++;
}

/* What a way is without, and this upstream besides; *is_end: nothing is left. */
static uint64_t
leave_out(const struct detours *detours, size_t way, size_t upstream, bool *is_end)
{
	const struct config_route *route = &detours->config->route[detours->way[way].route];
	uint64_t without = detours->way[way].without;

	*is_end = true;
	for (size_t i = 0; i < route->upstreams.count; i++) {
		if (route->upstream[i] == upstream)
			without |= i < PLACES_MAX ? UINT64_C(1) << i : 0;
		else if (detours_leads_by(detours, way, i))
			*is_end = false;
	}
	return without;
}

/* Send one recipient around an upstream. */
static void
turn_aside(
    struct detours *detours, struct delivery *delivery, size_t i, size_t route, size_t upstream)
{
	struct delivery_rcpt *rcpt = &delivery->rcpt[i];
	size_t way = detours_find(detours, delivery->item->id, rcpt->index, route);
	bool is_end;
	uint64_t without = leave_out(detours, way, upstream, &is_end);
	struct traveller *traveller;

	rcpt->fate = RCPT_FAILED;
	if (is_end)
		return;
	rcpt->fate = RCPT_DEFERRED;
	traveller = add_traveller(detours, delivery->item->id, delivery->item->nrcpt);
	if (traveller == NULL || (way = find_way(detours, route, without)) == ROUTES_MAX)
		return;
	traveller->way[rcpt->index] = (uint8_t)way;
	route_set_add(&delivery->detours, way);
	rcpt->fate = RCPT_UNTRIED;
}

const char *
detours_take(struct detours *detours, struct delivery *delivery, size_t upstream)
{
	const char *why = NULL;

	if (delivery_count(delivery, RCPT_UNABLE) == 0)
		return NULL;

	const struct route_set candidates = route_candidates(detours->config, delivery->envelope);

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		if (delivery->rcpt[i].fate != RCPT_UNABLE)
			continue;
		why = delivery->rcpt[i].reply;
		turn_aside(detours, delivery, i,
		    route_find(detours->config, &candidates, delivery_address(delivery, i)),
		    upstream);
	}
	return why;
}
