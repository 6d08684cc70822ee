/* SPDX-License-Identifier: ISC */
/*
 * forward.c - see forward.h.  The copy has the same id, only the recipients that are left, and the
 * state so far in its envelope. When the feed meets it, the old copy is superseded: until then a
 * crash merely leaves two copies, of which the later one counts.
 */
#include "outbound/forward.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "outbound/delivery.h"
#include "outbound/words.h"
#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/writer.h"

struct forward {
	struct forward_context of;
	size_t busy;
	bool has_failed;
	int64_t failed_ms;            /* monotonic: last */
	uint64_t last_id, last_place; /* of the last copy that was written: the old one's */
};

struct copy {
	struct forward *forward;
	uint64_t id, place;     /* of the old one; see struct queue_item */
	enum queue_state state; /* before it was grabbed */
};

struct forward *
forward_new(const struct forward_context *context)
{
	struct forward *forward = calloc(1, sizeof *forward);

	if (forward != NULL)
		forward->of = *context;
	return forward;
}

void
forward_free(struct forward **forward)
{
	free(*forward);
	*forward = NULL;
}

size_t
forward_busy(const struct forward *forward)
{
	return forward->busy;
}

/* The feed meets copies in the order in which they were written. */
bool
forward_is_still(const struct forward *forward)
{
	const struct queue_item *last =
	    forward->last_id != 0 ? queue_find(forward->of.queue, forward->last_id) : NULL;

	return forward->busy == 0 && (last == NULL || last->place != forward->last_place);
}

bool
forward_is_ready(const struct forward *forward)
{
	return forward->busy < FORWARD_MAX &&
	       (!forward->has_failed || clock_mono_ms() - forward->failed_ms >= FORWARD_RETRY_MS);
}

static void
give_back(struct forward *forward, struct queue_item *item, enum queue_state state)
{
	if (state == QUEUE_WAITING) {
		queue_wait(forward->of.queue, item, item->next_try_ms);
		return;
	}
	queue_put_back(
	    forward->of.queue, item, false, state == QUEUE_READY ? item->next_try_ms : 0);
	if (state == QUEUE_HELD)
		queue_hold(forward->of.queue, item);
}

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	struct copy *copy = ctx;
	struct queue_item *item = queue_find(copy->forward->of.queue, copy->id);
	char id[ID_TEXT_SIZE];

	(void)place;
	copy->forward->busy--;
	copy->forward->has_failed = error != 0;
	copy->forward->failed_ms = clock_mono_ms();
	if (error == 0) {
		copy->forward->last_id = copy->id;
		copy->forward->last_place = copy->place;
	}
	/* Where the disk refuses even to cut off what it refused, the copy may be there by now. */
	if (error != 0 && item != NULL && item->place == copy->place) {
		id_format(copy->id, id);
		log_warning("not_moved", log_s("id", id), log_s("why", strerror(error)));
		give_back(copy->forward, item, copy->state);
	}
	copy->forward->of.on_idle(copy->forward->of.ctx);
	free(copy);
}

/* The recipients of a copy: those that are left. */
struct left {
	char **rcpt;
	struct envelope_dsn *dsn; /* NULL: nothing was said of any */
};

static void
left_free(struct left *left)
{
	free(left->rcpt);
	free(left->dsn);
}

/* Borrows all but the lists; -1: out of memory. */
static int
left_list(struct left *left, const struct delivery *delivery)
{
	const struct envelope *envelope = delivery->envelope;

	*left = (struct left){ .rcpt = calloc(delivery->nrcpt, sizeof *left->rcpt) };
	if (envelope->dsn != NULL)
		left->dsn = calloc(delivery->nrcpt, sizeof *left->dsn);
	if (left->rcpt == NULL || (envelope->dsn != NULL && left->dsn == NULL))
		return -1;
	for (size_t i = 0; i < delivery->nrcpt; i++) {
		uint32_t index = delivery->rcpt[i].index;

		left->rcpt[i] = envelope->rcpt[index];
		if (left->dsn != NULL)
			left->dsn[i] = envelope->dsn[index];
	}
	return 0;
}

/* The envelope of the copy: who is left, and the past.  Borrows everything. */
static struct envelope
describe(const struct forward *forward, const struct delivery *delivery, enum queue_state state,
    const struct left *left)
{
	const struct queue_item *item = delivery->item;
	struct envelope envelope = *delivery->envelope;

	envelope.rcpt = left->rcpt;
	envelope.dsn = left->dsn;
	envelope.nrcpt = delivery->nrcpt;
	envelope.attempts = item->attempts;
	envelope.next_try_ms = state == QUEUE_WAITING ? item->next_try_ms : 0;
	envelope.warned = item->warned;
	envelope.held = state == QUEUE_HELD;
	envelope.last_reply = (char *)(uintptr_t)words_of(forward->of.words, item);
	return envelope;
}

/* Begin the copy's message with the content of the old one; NULL when that fails. */
static struct spool_message *
copy_content(struct forward *forward, struct queue_item *item)
{
	const struct spool_place place = queue_place(item);
	struct spool_message *message = spool_message_begin(forward->of.writer, item->id);
	int result = message != NULL ? spool_message_take(message, &place) : 0;

	item->is_stuck = result == 1;
	if (result != 0)
		spool_message_abort(&message);
	return message;
}

static int
commit_copy(struct forward *forward, struct delivery *delivery, enum queue_state state)
{
	struct copy *copy = calloc(1, sizeof *copy);
	struct left left;
	int listed = left_list(&left, delivery);
	struct spool_message *message = copy_content(forward, delivery->item);
	int result = -1;

	if (copy != NULL && listed == 0 && message != NULL) {
		struct envelope envelope = describe(forward, delivery, state, &left);

		*copy = (struct copy){ forward, delivery->item->id, delivery->item->place, state };
		spool_message_commit(message, &envelope, on_commit, copy);
		forward->busy++;
		message = NULL;
		copy = NULL;
		result = 0;
	}
	spool_message_abort(&message);
	left_free(&left);
	free(copy);
	return result;
}

int
forward_message(struct forward *forward, struct queue_item *item)
{
	enum queue_state state = item->state;
	struct delivery *delivery;
	int result = -1;

	queue_grab(forward->of.queue, item);
	enum delivery_result opened =
	    delivery_open(forward->of.spool, forward->of.queue, item, false, &delivery);

	if (opened == DELIVERY_OPENED)
		result = commit_copy(forward, delivery, state);
	else
		item->is_stuck = opened == DELIVERY_DAMAGED;
	if (result == -1)
		give_back(forward, item, state);
	delivery_free(&delivery);
	return result;
}
