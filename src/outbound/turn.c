/* SPDX-License-Identifier: ISC */
/* turn.c - see turn.h.  Nothing but the log remembers whose turn it was: it follows from who is up.
 */
#include "outbound/turn.h"

#include <stdlib.h>

#include "base/log.h"
#include "config/config.h"
#include "outbound/upstream.h"

struct turn {
	const struct config *config;
	struct upstream *const *upstream;
	size_t last[]; /* for each route: the place in its list that had the turn last */
};

struct turn *
turn_new(const struct config *config, struct upstream *const *upstream)
{
	struct turn *turn = calloc(1, sizeof *turn + config->nroute * sizeof turn->last[0]);

	if (turn == NULL)
		return NULL;
	turn->config = config;
	turn->upstream = upstream;
	return turn;
}

void
turn_free(struct turn **turn)
{
	free(*turn);
	*turn = NULL;
}

/* The place in the route's list of the first one that is up; the list's length: none is. */
static size_t
find_up(const struct turn *turn, const struct config_route *route)
{
	size_t place = 0;

	while (place < route->upstreams.count &&
	       !upstream_is_up(turn->upstream[route->upstream[place]]))
		place++;
	return place;
}

/* Whether an upstream stands in the list of a route, with nobody before it that is up. */
static bool
has_turn(const struct turn *turn, const struct config_route *route, size_t upstream)
{
	for (size_t place = 0; place < route->upstreams.count; place++) {
		if (route->upstream[place] == upstream)
			return true;
		if (upstream_is_up(turn->upstream[route->upstream[place]]))
			return false;
	}
	return false;
}

struct route_set
turn_routes(const struct turn *turn, size_t upstream)
{
	struct route_set routes = { { 0 } };

	for (size_t i = 0; i < turn->config->nroute; i++)
		if (has_turn(turn, &turn->config->route[i], upstream))
			route_set_add(&routes, i);
	return routes;
}

int
turn_upstream(const struct turn *turn, size_t route)
{
	const struct config_route *config = &turn->config->route[route];
	size_t place = find_up(turn, config);

	return place < config->upstreams.count ? (int)config->upstream[place] : -1;
}

static const char *
name_at(const struct turn *turn, const struct config_route *route, size_t place)
{
	return turn->config->upstream[route->upstream[place]].name;
}

void
turn_watch(struct turn *turn)
{
	for (size_t i = 0; i < turn->config->nroute; i++) {
		const struct config_route *route = &turn->config->route[i];
		size_t place = find_up(turn, route), last = turn->last[i];

		/* While all of them are held nothing moves, and each was told of. */
		if (place == last || place == route->upstreams.count)
			continue;
		turn->last[i] = place;
		log_at(place > last ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
		    place > last ? "route_failover" : "route_return", log_s("route", route->name),
		    log_s("from", name_at(turn, route, last)),
		    log_s("to", name_at(turn, route, place)));
	}
}
