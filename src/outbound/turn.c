/* SPDX-License-Identifier: ISC */
/* turn.c - see turn.h.  Nothing but the log remembers whose turn it was: it follows from who is up.
 */
#include "outbound/turn.h"

#include <stdlib.h>

#include "base/log.h"
#include "config/config.h"
#include "outbound/detour.h"
#include "outbound/upstream.h"

struct turn {
	const struct config *config;
	const struct detours *detours;
	struct upstream *const *upstream;
	size_t last[]; /* for each route: the place in its list that had the turn last */
};

struct turn *
turn_new(
    const struct config *config, const struct detours *detours, struct upstream *const *upstream)
{
	struct turn *turn = calloc(1, sizeof *turn + config->nroute * sizeof turn->last[0]);

	if (turn == NULL)
		return NULL;
	turn->config = config;
	turn->detours = detours;
	turn->upstream = upstream;
	return turn;
}

void
turn_free(struct turn **turn)
{
	free(*turn);
	*turn = NULL;
}

static const struct config_route *
route_of(const struct turn *turn, size_t way)
{
	return &turn->config->route[detours_route(turn->detours, way)];
}

/* Whether the upstream at a place of the way's list takes its messages. */
static bool
takes(const struct turn *turn, size_t way, size_t place)
{
	return detours_leads_by(turn->detours, way, place) &&
	       upstream_is_up(turn->upstream[route_of(turn, way)->upstream[place]]);
}

/* The place in the route's list of the first one that does; the list's length: none. */
static size_t
find_up(const struct turn *turn, size_t way)
{
	size_t place = 0;

	while (place < route_of(turn, way)->upstreams.count && !takes(turn, way, place))
		place++;
	return place;
}

/* Whether an upstream stands on the way, with nobody before it that is up. */
static bool
has_turn(const struct turn *turn, size_t way, size_t upstream)
{
	const struct config_route *route = route_of(turn, way);

	for (size_t place = 0; place < route->upstreams.count; place++) {
		if (route->upstream[place] == upstream)
			return detours_leads_by(turn->detours, way, place);
		if (takes(turn, way, place))
			return false;
	}
	return false;
}

struct route_set
turn_routes(const struct turn *turn, size_t upstream)
{
	struct route_set ways = { { 0 } };

	for (size_t i = 0; i < detours_count(turn->detours); i++)
		if (has_turn(turn, i, upstream))
			route_set_add(&ways, i);
	return ways;
}

int
turn_upstream(const struct turn *turn, size_t way)
{
	const struct config_route *route = route_of(turn, way);
	size_t place = find_up(turn, way);

	return place < route->upstreams.count ? (int)route->upstream[place] : -1;
}

struct route_set
turn_served(const struct turn *turn)
{
	struct route_set ways = { { 0 } };

	for (size_t i = 0; i < detours_count(turn->detours); i++)
		if (turn_upstream(turn, i) != -1)
			route_set_add(&ways, i);
	return ways;
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
		size_t place = find_up(turn, i), last = turn->last[i];

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
