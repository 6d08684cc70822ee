/* SPDX-License-Identifier: ISC */
/* segments.c - see segments.h: an array sorted by number; numbers come nearly in order, so adding
 * is cheap. */
#include "outbound/segments.h"

#include <stdlib.h>
#include <string.h>

/* One choice: a walk over a queue of a million serves several segments, and copies for seconds. */
enum { CHOSEN_MAX = 64, CHOSEN_BYTES_MAX = 64 * 1024 * 1024 };

struct segment {
	uint64_t number;
	uint64_t used, live_bytes;
	size_t live; /* messages */
	int64_t rest_until_ms;
	uint32_t unread; /* messages, while there is an error */
	int error;       /* why nothing of it is in the queue, 0: all is */
	bool is_sealed, is_chosen;
};

struct segments {
	struct segment *segment;
	size_t count, size, chosen;
	uint64_t finished;
};

struct segments *
segments_new(void)
{
	return calloc(1, sizeof(struct segments));
}

void
segments_free(struct segments **segments)
{
	if (*segments == NULL)
		return;
	free((*segments)->segment);
	free(*segments);
	*segments = NULL;
}

/* The index of the first segment that is not below number. */
static size_t
lower_bound(const struct segments *segments, uint64_t number)
{
	size_t low = 0, high = segments->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (segments->segment[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct segment *
find(const struct segments *segments, uint64_t number)
{
	size_t i = lower_bound(segments, number);

	if (i == segments->count || segments->segment[i].number != number)
		return NULL;
	return &segments->segment[i];
}

bool
segments_enter(struct segments *segments, uint64_t number)
{
	size_t i = lower_bound(segments, number);

	if (i < segments->count && segments->segment[i].number == number)
		return true;
	if (segments->count == segments->size) {
		size_t size = segments->size > 0 ? segments->size * 2 : 16;
		struct segment *segment = reallocarray(segments->segment, size, sizeof *segment);

		if (segment == NULL)
			return false;
		segments->segment = segment;
		segments->size = size;
	}
	memmove(&segments->segment[i + 1], &segments->segment[i],
	    (segments->count - i) * sizeof *segments->segment);
	segments->segment[i] = (struct segment){ .number = number };
	segments->count++;
	return true;
}

void
segments_set_unread(struct segments *segments, const struct segments_unread *unread)
{
	struct segment *segment = find(segments, unread->number);

	if (segment == NULL)
		return;
	segment->unread = unread->messages;
	segment->error = unread->error;
}

bool
segments_next_unread(
    const struct segments *segments, uint64_t number, struct segments_unread *unread)
{
	for (size_t i = lower_bound(segments, number + 1); i < segments->count; i++) {
		const struct segment *segment = &segments->segment[i];

		if (segment->error == 0)
			continue;
		*unread =
		    (struct segments_unread){ segment->number, segment->unread, segment->error };
		return true;
	}
	return false;
}

void
segments_ref(struct segments *segments, uint64_t number, uint32_t bytes)
{
	struct segment *segment = find(segments, number);

	if (segment == NULL)
		return;
	segment->live++;
	segment->live_bytes += bytes;
}

void
segments_unref(struct segments *segments, uint64_t number, uint32_t bytes)
{
	struct segment *segment = find(segments, number);

	if (segment == NULL)
		return;
	segment->live--;
	segment->live_bytes -= bytes;
}

void
segments_set_used(struct segments *segments, uint64_t number, uint64_t bytes)
{
	struct segment *segment = find(segments, number);

	if (segment != NULL)
		segment->used = bytes;
}

void
segments_add_used(struct segments *segments, uint64_t number, uint64_t bytes)
{
	struct segment *segment = find(segments, number);

	if (segment != NULL)
		segment->used += bytes;
}

void
segments_seal(struct segments *segments, uint64_t number)
{
	struct segment *segment = find(segments, number);

	if (segment != NULL)
		segment->is_sealed = true;
}

bool
segments_take_finished(struct segments *segments, uint64_t number)
{
	struct segment *segment = find(segments, number);

	if (segment == NULL || !segment->is_sealed || segment->live > 0)
		return false;

	size_t i = (size_t)(segment - segments->segment);

	segments->chosen -= segment->is_chosen;
	segments->finished++;
	memmove(segment, segment + 1, (segments->count - i - 1) * sizeof *segment);
	segments->count--;
	return true;
}

uint64_t
segments_next_open(const struct segments *segments, uint64_t number)
{
	for (size_t i = lower_bound(segments, number + 1); i < segments->count; i++)
		if (!segments->segment[i].is_sealed)
			return segments->segment[i].number;
	return 0;
}

static void
add(struct segments_sum *sum, const struct segment *segment)
{
	sum->used += segment->used;
	sum->live += segment->live_bytes;
}

struct segments_sum
segments_one(const struct segments *segments, uint64_t number)
{
	const struct segment *segment = find(segments, number);
	struct segments_sum sum = { 0, 0 };

	if (segment != NULL)
		add(&sum, segment);
	return sum;
}

struct segments_sum
segments_sum(const struct segments *segments)
{
	struct segments_sum sum = { 0, 0 };

	for (size_t i = 0; i < segments->count; i++)
		add(&sum, &segments->segment[i]);
	return sum;
}

size_t
segments_count(const struct segments *segments)
{
	return segments->count;
}

uint64_t
segments_finished(const struct segments *segments)
{
	return segments->finished;
}

size_t
segments_count_chosen(const struct segments *segments)
{
	return segments->chosen;
}

bool
segments_is_chosen(const struct segments *segments, uint64_t number)
{
	const struct segment *segment = find(segments, number);

	return segment != NULL && segment->is_chosen;
}

static bool
is_at_rest(const struct segment *segment, int64_t now_ms)
{
	return segment->is_chosen || !segment->is_sealed || segment->rest_until_ms > now_ms;
}

static bool
is_excess(const struct segments_sum *sum, uint64_t slack)
{
	return sum->used > sum->live + sum->live / 2 + slack;
}

static struct segment *
emptiest(struct segments *segments, int64_t now_ms)
{
	struct segment *best = NULL;

	for (size_t i = 0; i < segments->count; i++) {
		struct segment *segment = &segments->segment[i];
		struct segments_sum sum = { 0, 0 };

		add(&sum, segment);
		if (is_at_rest(segment, now_ms) || !is_excess(&sum, 0))
			continue;
		if (best == NULL || (double)segment->live_bytes * (double)best->used <
					(double)best->live_bytes * (double)segment->used)
			best = segment;
	}
	return best;
}

size_t
segments_choose(struct segments *segments, uint64_t slack, int64_t now_ms)
{
	struct segments_sum sum = { 0, 0 };
	struct segment *segment;
	uint64_t bytes = 0;

	for (size_t i = 0; i < segments->count; i++)
		if (!is_at_rest(&segments->segment[i], now_ms))
			add(&sum, &segments->segment[i]);
	while (is_excess(&sum, slack) && segments->chosen < CHOSEN_MAX &&
	       bytes < CHOSEN_BYTES_MAX && (segment = emptiest(segments, now_ms)) != NULL) {
		segment->is_chosen = true;
		segments->chosen++;
		bytes += segment->live_bytes;
		/* What is copied out of it will take what it holds. */
		sum.used -= segment->used - segment->live_bytes;
	}
	return segments->chosen;
}

void
segments_rest(struct segments *segments, int64_t until_ms)
{
	for (size_t i = 0; i < segments->count; i++) {
		struct segment *segment = &segments->segment[i];

		if (segment->is_chosen)
			segment->rest_until_ms = until_ms;
		segment->is_chosen = false;
	}
	segments->chosen = 0;
}
