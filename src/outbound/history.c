/* SPDX-License-Identifier: ISC */
/* history.c - see history.h: a binary tree by place.  A segment of small messages has more than a
 * hundred thousand records, so that each octet here counts. */
#include "outbound/history.h"

#include <search.h>
#include <stdlib.h>

#include "queue/reasons.h"

struct history {
	void *tree;
	struct reasons *reasons;
};

static int
compare(const void *a, const void *b)
{
	const struct spool_place *x = &((const struct past *)a)->place;
	const struct spool_place *y = &((const struct past *)b)->place;

	if (x->segment != y->segment)
		return x->segment < y->segment ? -1 : 1;
	return x->offset == y->offset ? 0 : x->offset < y->offset ? -1 : 1;
}

struct history *
history_new(struct reasons *reasons)
{
	struct history *history = calloc(1, sizeof *history);

	if (history != NULL)
		history->reasons = reasons;
	return history;
}

void
past_free(struct past **past)
{
	if (*past == NULL)
		return;
	if ((*past)->reasons != NULL)
		reasons_drop((*past)->reasons, (*past)->reason);
	free((*past)->done);
	free(*past);
	*past = NULL;
}

static void
free_node(void *node)
{
	struct past *past = node;

	past_free(&past);
}

void
history_free(struct history **history)
{
	if (*history == NULL)
		return;
	tdestroy((*history)->tree, free_node);
	free(*history);
	*history = NULL;
}

static struct past *
find_or_make(struct history *history, uint64_t segment, uint32_t offset)
{
	struct past *past = calloc(1, sizeof *past);

	if (past == NULL)
		return NULL;
	past->place = (struct spool_place){ .segment = segment, .offset = offset };
	past->reasons = history->reasons;

	struct past **node = tsearch(past, &history->tree, compare);

	if (node == NULL || *node != past)
		past_free(&past);
	return node != NULL ? *node : NULL;
}

static bool
add_done(struct past *past, uint32_t rcpt)
{
	uint32_t *done = reallocarray(past->done, past->ndone + 1, sizeof *done);

	if (done == NULL)
		return false;
	past->done = done;
	past->done[past->ndone++] = rcpt;
	return true;
}

/* Routes that are put off in the same round wait until the same time: that is one attempt. */
static void
defer(struct past *past, const struct outcome *outcome)
{
	past->attempts += past->next_try_ms != outcome->time_ms;
	past->next_try_ms = outcome->time_ms;
	if (past->reasons == NULL)
		return;
	reasons_drop(past->reasons, past->reason);
	past->reason = reasons_take(past->reasons, outcome->reply);
}

bool
history_add(struct history *history, uint64_t segment, const struct outcome *outcome)
{
	struct past *past = find_or_make(history, segment, outcome->offset);

	if (past == NULL)
		return false;
	switch (outcome->kind) {
	case OUTCOME_DELIVERED:
	case OUTCOME_FAILED:
		return add_done(past, outcome->rcpt);
	case OUTCOME_DEFERRED:
		defer(past, outcome);
		break;
	case OUTCOME_WARNED:
		past->warned = true;
		break;
	case OUTCOME_HELD:
		past->held = true;
		past->released = false;
		break;
	case OUTCOME_RELEASED:
		past->held = false;
		past->released = true;
		past->next_try_ms = outcome->time_ms;
		break;
	case OUTCOME_REMOVED:
		past->removed = true;
		break;
	case OUTCOME_MOVED:
		past->moved = true;
		break;
	}
	return true;
}

/* Any node of a segment is equal to its key. */
static int
compare_segments(const void *a, const void *b)
{
	const struct past *x = a, *y = b;

	if (x->place.segment == y->place.segment)
		return 0;
	return x->place.segment < y->place.segment ? -1 : 1;
}

void
history_forget(struct history *history, uint64_t segment)
{
	const struct past key = { .place = { .segment = segment } };
	struct past **node;

	while ((node = tfind(&key, &history->tree, compare_segments)) != NULL) {
		struct past *past = *node;

		tdelete(past, &history->tree, compare);
		past_free(&past);
	}
}

struct past *
history_take(struct history *history, const struct spool_place *place)
{
	const struct past key = { .place = *place };
	struct past **node = tfind(&key, &history->tree, compare);

	if (node == NULL)
		return NULL;

	struct past *past = *node;

	tdelete(past, &history->tree, compare);
	return past;
}
