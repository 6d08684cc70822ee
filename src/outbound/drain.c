/* SPDX-License-Identifier: ISC */
/* drain.c - the end of an outbound worker: nothing begins any more, and what is in flight has until
 * a deadline; see outbound.h. */
#include <event2/event.h>

#include "outbound/compact.h"
#include "outbound/forward.h"
#include "outbound/ledger.h"
#include "outbound/outbound_internal.h"
#include "outbound/sweep.h"
#include "outbound/upstream.h"

static bool
is_busy(const struct outbound *outbound)
{
	size_t uplinks = 0;

	for (size_t i = 0; i < outbound->nupstream; i++)
		uplinks += upstream_uplinks(outbound->upstream[i]);
	return uplinks > 0 || ledger_is_busy(outbound->ledger) ||
	       forward_busy(outbound->forward) > 0;
}

void
drain_finish(struct outbound *outbound)
{
	void (*on_drained)(void *ctx) = outbound->on_drained;

	if (on_drained == NULL || is_busy(outbound))
		return;
	outbound->on_drained = NULL;
	event_del(outbound->deadline);
	on_drained(outbound->on_drained_ctx);
}

static void
on_deadline(evutil_socket_t fd, short what, void *ctx)
{
	struct outbound *outbound = ctx;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < outbound->nupstream; i++)
		upstream_abort(outbound->upstream[i]);
	pump_soon(outbound);
}

struct event *
drain_deadline_new(struct event_base *base, struct outbound *outbound)
{
	return event_new(base, -1, 0, on_deadline, outbound);
}

void
outbound_drain(
    struct outbound *outbound, uint64_t deadline_ms, void (*on_done)(void *ctx), void *ctx)
{
	const struct timeval deadline = {
		.tv_sec = (time_t)(deadline_ms / 1000),
		.tv_usec = (suseconds_t)(deadline_ms % 1000 * 1000),
	};

	outbound->draining = true;
	outbound->on_drained = on_done;
	outbound->on_drained_ctx = ctx;
	sweep_free(&outbound->sweep);
	compact_free(&outbound->compact);
	for (size_t i = 0; i < outbound->nupstream; i++)
		upstream_drain(outbound->upstream[i]);
	event_add(outbound->deadline, &deadline);
	pump_soon(outbound);
}
