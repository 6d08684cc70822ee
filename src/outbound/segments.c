/* SPDX-License-Identifier: ISC */
/* segments.c - see segments.h: an array sorted by number; numbers come nearly in order, so adding
 * is cheap. */
#include "outbound/segments.h"

#include <stdlib.h>
#include <string.h>

enum { SPARSE_PART = 4 };

struct segment {
	uint64_t number;
	uint64_t live_bytes;
	size_t live;
	uint32_t size; /* 0: not sealed */
};

struct segments {
	struct segment *segment;
	size_t count, size;
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
segments_seal(struct segments *segments, uint64_t number, uint32_t size)
{
	struct segment *segment = find(segments, number);

	if (segment != NULL)
		segment->size = size > 0 ? size : 1;
}

bool
segments_take_finished(struct segments *segments, uint64_t number)
{
	struct segment *segment = find(segments, number);

	if (segment == NULL || segment->size == 0 || segment->live > 0)
		return false;

	size_t i = (size_t)(segment - segments->segment);

	memmove(segment, segment + 1, (segments->count - i - 1) * sizeof *segment);
	segments->count--;
	return true;
}

bool
segments_is_sparse(const struct segments *segments, uint64_t number)
{
	const struct segment *segment = find(segments, number);

	return segment != NULL && segment->size > 0 &&
	       segment->live_bytes < segment->size / SPARSE_PART;
}

size_t
segments_count(const struct segments *segments)
{
	return segments->count;
}
