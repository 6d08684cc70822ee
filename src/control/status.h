/* SPDX-License-Identifier: ISC */
/* status.h - what `posternctl status` tells, as JSON. */
#ifndef CONTROL_STATUS_H
#define CONTROL_STATUS_H

#include <jansson.h>

struct control_context;

/* version, generation, started, recovered, queue (by state, oldest_s), unread, upstreams, counters.
 * A new reference. */
json_t *status_present(const struct control_context *context);

#endif
