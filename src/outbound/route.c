/* SPDX-License-Identifier: ISC */
/* route.c - see route.h.  Pure: the config and an envelope decide, and what was found out of the
 * message, never the state of an upstream. */
#include "outbound/route.h"

#include "config/config.h"
#include "config/list.h"
#include "outbound/delivery.h"
#include "outbound/detour.h"
#include "queue/queue.h"
#include "spool/envelope.h"

_Static_assert((int)CONFIG_ROUTES_MAX < (int)ROUTES_MAX, "the default route is one more");

struct route_set
route_candidates(const struct config *config, const struct envelope *envelope)
{
	struct route_set set = { { 0 } };

	for (size_t i = 0; i < config->nroute; i++)
		if (config_list_names(&config->route[i].listen, envelope->listener) &&
		    config_list_means(&config->route[i].from, envelope->from))
			route_set_add(&set, i);
	return set;
}

size_t
route_find(const struct config *config, const struct route_set *candidates, const char *rcpt)
{
	size_t route = 0;

	if (config->nroute <= 1)
		return 0;
	while ((route = route_set_next(candidates, route)) < config->nroute - 1 &&
	       !config_list_means(&config->route[route].to, rcpt))
		route++;
	/* The last one takes everything, be it the default or without criteria. */
	return route < config->nroute ? route : config->nroute - 1;
}

/* Whether anybody goes another way than his route. */
static bool
has_detours(const struct config *config, const struct detours *detours)
{
	return detours != NULL && detours_count(detours) > config->nroute;
}

struct route_set
route_outstanding(const struct config *config, const struct detours *detours,
    const struct queue_item *item, const struct envelope *envelope)
{
	struct route_set set = { { 0 } };

	if (config->nroute <= 1 && !has_detours(config, detours)) {
		route_set_add(&set, 0);
		return set;
	}

	const struct route_set candidates = route_candidates(config, envelope);

	for (uint32_t i = 0; i < item->nrcpt && i < envelope->nrcpt; i++)
		if (!queue_rcpt_is_done(item, i))
			route_set_add(
			    &set, detours_find(detours, item->id, i,
				      route_find(config, &candidates, envelope->rcpt[i])));
	return set;
}

int
route_priority(
    const struct config *config, const struct envelope *envelope, const struct route_set *routes)
{
	int highest = -PRIORITY_MAX;

	for (size_t i = route_set_next(routes, 0); i < ROUTES_MAX;
	     i = route_set_next(routes, i + 1)) {
		bool decides = i < config->nroute && config->route[i].priority.is_set;
		int priority = decides ? config->route[i].priority.value : envelope->priority;

		if (priority > highest)
			highest = priority;
	}
	return highest;
}

int64_t
route_plan(const struct config *config, struct queue *queue, const struct envelope *envelope,
    const struct route_set *routes, size_t behind)
{
	return queue_plan(queue, routes, route_priority(config, envelope, routes), behind);
}

void
route_narrow(const struct config *config, const struct detours *detours, struct delivery *delivery,
    const struct route_set *routes)
{
	size_t kept = 0;

	route_set_intersect(&delivery->routes, routes);
	if (config->nroute <= 1 && !has_detours(config, detours))
		return;

	const struct route_set candidates = route_candidates(config, delivery->envelope);

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		size_t route = route_find(config, &candidates, delivery_address(delivery, i));
		size_t way =
		    detours_find(detours, delivery->item->id, delivery->rcpt[i].index, route);

		if (route_set_has(&delivery->routes, way))
			delivery->rcpt[kept++] = delivery->rcpt[i];
	}
	delivery->nrcpt = kept;
}
