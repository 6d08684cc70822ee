/* SPDX-License-Identifier: ISC */
/* present.h - messages as JSON, for the control socket. */
#ifndef CONTROL_PRESENT_H
#define CONTROL_PRESENT_H

#include <jansson.h>
#include <stdint.h>

struct envelope;
struct outbound;
struct queue_item;

/* A string from a peer or a file: what is no UTF-8 is made ASCII.  NULL becomes null. */
json_t *present_text(const char *value);

/*
 * A message as the queue's listing shows it: id, state, from, to (outstanding recipients), size,
 * received, age_s, attempts, next_try, release (when its sender wants it sent), reason,
 * outcome_unknown, is_report, routes (of those recipients).  Without an envelope (NULL: it cannot
 * be read) nobody is named.  A new reference; NULL when out of memory.
 */
json_t *present_message(
    struct outbound *outbound, const struct queue_item *item, const struct envelope *envelope);

/* The same with all recipients, their fates, routes and upstreams, priority, client, helo, listener
 * and the history of outcomes.
 */
json_t *present_message_whole(struct outbound *outbound, const struct queue_item *item);

#endif
