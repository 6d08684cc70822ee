/* SPDX-License-Identifier: ISC */
/* order.c - see order.h. */
#include "control/order.h"

#include <event2/buffer.h>
#include <event2/http.h>
#include <stdlib.h>

#include "control/answer.h"
#include "control/selection.h"
#include "control/walk.h"
#include "queue/queue.h"

struct order {
	struct outbound *outbound;
	enum outbound_command command;
	unsigned long long done, busy;
	const char *error;
};

static bool
is_concerned(enum outbound_command command, const struct queue_item *item)
{
	if (command == OUTBOUND_DELETE)
		return true;
	if (command == OUTBOUND_RETRY && queue_awaits_release(item))
		return false;
	return (item->state == QUEUE_HELD) == (command == OUTBOUND_RELEASE);
}

static bool
obey(void *ctx, struct queue_item *item, const struct envelope *envelope, struct evbuffer *answer)
{
	struct order *order = ctx;

	(void)envelope;
	(void)answer;
	if (!is_concerned(order->command, item))
		return true;
	switch (outbound_command(order->outbound, order->command, item->id)) {
	case OUTBOUND_DONE:
		/* Once for the order: a login that fails must not be tried for every message. */
		if (order->done++ == 0 && order->command == OUTBOUND_RETRY)
			outbound_probe_now(order->outbound);
		return true;
	case OUTBOUND_BUSY:
		order->busy++;
		return true;
	case OUTBOUND_FAILED:
		order->error = "the spool could not be written (see the log)";
		return false;
	default:
		return true;
	}
}

static void
end(void *ctx, bool is_cut, struct evbuffer *answer)
{
	const struct order *order = ctx;
	const char *error =
	    is_cut ? "this process is just being replaced or stopped" : order->error;

	evbuffer_add_printf(answer, "{\"done\": %llu, \"busy\": %llu", order->done, order->busy);
	if (error != NULL)
		evbuffer_add_printf(answer,
		    ", \"error\": \"%s; messages that were done before that: %llu; ask again for "
		    "the others\"",
		    error, order->done);
	evbuffer_add_printf(answer, "}\n");
}

void
order_start(struct outbound *outbound, struct evhttp_request *request, struct selection *selection,
    enum outbound_command command, const bool *is_leaving)
{
	static const struct walk_job job = { obey, end, false, true };
	struct order *order = calloc(1, sizeof *order);

	if (order == NULL) {
		selection_free(&selection);
		answer_error(request, HTTP_INTERNAL, "out of memory");
		return;
	}
	order->outbound = outbound;
	order->command = command;
	walk_start(outbound, request, selection, &job, order, is_leaving);
}
