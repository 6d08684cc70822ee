/* SPDX-License-Identifier: ISC */
/*
 * detour.h - ways around upstreams that cannot take a message.  A route is a way, with its own
 * number; so is a route without some of its upstreams, a detour, which has a number behind those of
 * all routes.  The queue's plans know ways alone, and call them routes.
 *
 * An upstream once found unable is not asked again for that recipient in this life of the worker,
 * so each recipient meets every upstream of its route once at most.
 */
#ifndef OUTBOUND_DETOUR_H
#define OUTBOUND_DETOUR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/plan.h"

struct config;
struct config_route;
struct delivery;
struct detours;

/* NULL: out of memory. */
struct detours *detours_new(const struct config *config);
void detours_free(struct detours **detours);

/* The number of ways. */
size_t detours_count(const struct detours *detours);

/* The route that a way is of; and all ways of a route. */
size_t detours_route(const struct detours *detours, size_t way);
struct route_set detours_ways(const struct detours *detours, size_t route);

/* Whether a way leads by the upstream at this place of its route's list. */
bool detours_leads_by(const struct detours *detours, size_t way, size_t place);

/* The way of a recipient of a message; detours NULL: its route. */
size_t detours_find(const struct detours *detours, uint64_t id, uint32_t rcpt, size_t route);

/*
 * An upstream, by its place in the config, was tried: whoever it is UNABLE to take becomes UNTRIED,
 * on another way (which is added to delivery->detours), or FAILED when no upstream of his route is
 * left.  Returns why, in the words of the last of them; NULL: there was nobody.
 */
const char *detours_take(struct detours *detours, struct delivery *delivery, size_t upstream);

/* The message is done. */
void detours_forget(struct detours *detours, uint64_t id);

#endif
