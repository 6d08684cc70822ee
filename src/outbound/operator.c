/* SPDX-License-Identifier: ISC */
/* operator.c - what the control socket asks of the outbound side; see outbound.h. */
#include <stddef.h>

#include "base/clock.h"
#include "outbound/feed.h"
#include "outbound/ledger.h"
#include "outbound/outbound_internal.h"
#include "outbound/upstream.h"
#include "queue/queue.h"
#include "queue/reasons.h"

struct queue *
outbound_queue(struct outbound *outbound)
{
	return outbound->queue;
}

struct spool *
outbound_spool(struct outbound *outbound)
{
	return outbound->spool;
}

struct spool_outcomes *
outbound_outcomes(struct outbound *outbound)
{
	return outbound->outcomes;
}

const char *
outbound_reason(const struct outbound *outbound, const struct queue_item *item)
{
	const char *reason = reasons_text(outbound->reasons, item->reason);
	struct outbound_upstream_status status;

	if (reason != NULL || item->state != QUEUE_READY)
		return reason;
	for (size_t i = 0; i < outbound->nupstream; i++) {
		upstream_status(outbound->upstream[i], &status);
		if (status.state == UPSTREAM_UP)
			return NULL;
		if (reason == NULL)
			reason = status.hold_reason;
	}
	return reason;
}

bool
outbound_upstream_status(
    const struct outbound *outbound, unsigned i, struct outbound_upstream_status *status)
{
	if (i >= outbound->nupstream)
		return false;
	upstream_status(outbound->upstream[i], status);
	return true;
}

bool
outbound_is_recovered(const struct outbound *outbound)
{
	return feed_is_recovered(outbound->feed);
}

static enum outbound_answer
obey(struct outbound *outbound, enum outbound_command command, struct queue_item *item)
{
	static const enum outcome_kind outcomes[] = {
		[OUTBOUND_RETRY] = OUTCOME_RELEASED,
		[OUTBOUND_HOLD] = OUTCOME_HELD,
		[OUTBOUND_RELEASE] = OUTCOME_RELEASED,
	};

	if (command == OUTBOUND_DELETE)
		return ledger_discard(outbound->ledger, item, "deleted by an operator") == 0
			   ? OUTBOUND_DONE
			   : OUTBOUND_FAILED;
	if (command == OUTBOUND_RETRY && item->state == QUEUE_HELD)
		return OUTBOUND_IS_HELD;
	if (command == OUTBOUND_RETRY && item->state == QUEUE_READY)
		return OUTBOUND_DONE;
	if (ledger_record(outbound->ledger, item, outcomes[command], clock_real_ms()) == -1)
		return OUTBOUND_FAILED;
	if (command == OUTBOUND_HOLD)
		queue_hold(outbound->queue, item);
	else
		queue_make_ready(outbound->queue, item);
	return OUTBOUND_DONE;
}

enum outbound_answer
outbound_command(struct outbound *outbound, enum outbound_command command, uint64_t id)
{
	struct queue_item *item = queue_find(outbound->queue, id);

	if (item == NULL)
		return OUTBOUND_NO_SUCH_MESSAGE;
	if (item->state == QUEUE_ACTIVE)
		return OUTBOUND_BUSY;

	enum outbound_answer answer = obey(outbound, command, item);

	pump_soon(outbound);
	return answer;
}

void
outbound_probe_now(struct outbound *outbound)
{
	for (size_t i = 0; i < outbound->nupstream; i++)
		upstream_probe_now(outbound->upstream[i]);
}

uint64_t
outbound_retry_all(struct outbound *outbound)
{
	uint64_t count = queue_release_due(outbound->queue, INT64_MAX);

	outbound_probe_now(outbound);
	pump_soon(outbound);
	return count;
}
