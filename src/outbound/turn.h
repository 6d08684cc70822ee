/* SPDX-License-Identifier: ISC */
/*
 * turn.h - whose turn it is: the first upstream of a route that is up takes its messages; the ones
 * before it are probed meanwhile, with one message each, and are first again when that went well.
 */
#ifndef OUTBOUND_TURN_H
#define OUTBOUND_TURN_H

#include <stddef.h>

#include "queue/plan.h"

struct config;
struct detours;
struct turn;
struct upstream;

/* upstream: those of the config, in its order; borrowed, as the detours.  NULL: out of memory. */
struct turn *turn_new(
    const struct config *config, const struct detours *detours, struct upstream *const *upstream);
void turn_free(struct turn **turn);

/* The ways (detour.h) whose messages go to this upstream now. */
struct route_set turn_routes(const struct turn *turn, size_t upstream);

/* The upstream, by its place in the config, that has the turn on a way; -1: none is up. */
int turn_upstream(const struct turn *turn, size_t way);

/* The ways on which one is up. */
struct route_set turn_served(const struct turn *turn);

/* Call it when an upstream may have changed: tells the log of each route that goes another way. */
void turn_watch(struct turn *turn);

#endif
