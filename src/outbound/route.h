/* SPDX-License-Identifier: ISC */
/*
 * route.h - which way each recipient goes: the config's routes held against an envelope, and what
 * that makes of a message's plan.  Routes are named by their places in the config; one without any
 * has route 0 alone.
 */
#ifndef OUTBOUND_ROUTE_H
#define OUTBOUND_ROUTE_H

#include <stddef.h>
#include <stdint.h>

#include "queue/plan.h"

struct config;
struct delivery;
struct detours;
struct envelope;
struct queue;
struct queue_item;

/* The routes that a message of this envelope may take, as far as its recipients do not matter. */
struct route_set route_candidates(const struct config *config, const struct envelope *envelope);

/* The route of one recipient: the first candidate that takes it. */
size_t
route_find(const struct config *config, const struct route_set *candidates, const char *rcpt);

/* The ways of the recipients that are not done; detours NULL: their routes. */
struct route_set route_outstanding(const struct config *config, const struct detours *detours,
    const struct queue_item *item, const struct envelope *envelope);

/* How urgent a message is on these routes: the most urgent of them decides, and one that says
 * nothing of it leaves it to the message. */
int route_priority(
    const struct config *config, const struct envelope *envelope, const struct route_set *routes);

/* The plan of these routes (not none) for a message; see plan_find().  -1: out of memory. */
int64_t route_plan(const struct config *config, struct queue *queue,
    const struct envelope *envelope, const struct route_set *routes, size_t behind);

/* Leave only those recipients of a delivery whose ways are among these. */
void route_narrow(const struct config *config, const struct detours *detours,
    struct delivery *delivery, const struct route_set *routes);

#endif
