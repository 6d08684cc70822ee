/* SPDX-License-Identifier: ISC */
/* heap.c - see heap.h.  Each item knows its slot, so that any of them can be taken out. */
#include "queue/heap.h"

#include <stdlib.h>

#include "queue/queue.h"
#include "queue/slab.h"

enum { HEAP_SIZE_MIN = 256 };

bool
heap_reserve(struct heap *heap, size_t count)
{
	if (count <= heap->size)
		return true;

	size_t size = heap->size > 0 ? heap->size : HEAP_SIZE_MIN;

	while (size < count)
		size *= 2;

	uint32_t *item = reallocarray(heap->item, size, sizeof *item);

	if (item == NULL)
		return false;
	heap->item = item;
	heap->size = size;
	return true;
}

static struct queue_item *
at(const struct heap *heap, size_t slot)
{
	return slabs_at(heap->items, heap->item[slot]);
}

static void
put(struct heap *heap, size_t slot, struct queue_item *item)
{
	heap->item[slot] = item->self;
	item->heap_slot = (uint32_t)slot;
}

static void
sift_up(struct heap *heap, size_t slot, struct queue_item *item)
{
	while (slot > 0) {
		size_t parent = (slot - 1) / 2;
		struct queue_item *above = at(heap, parent);

		if (above->next_try_ms <= item->next_try_ms)
			break;
		put(heap, slot, above);
		slot = parent;
	}
	put(heap, slot, item);
}

static void
sift_down(struct heap *heap, size_t slot, struct queue_item *item)
{
	for (;;) {
		size_t child = slot * 2 + 1;

		if (child >= heap->count)
			break;

		struct queue_item *below = at(heap, child);

		if (child + 1 < heap->count &&
		    at(heap, child + 1)->next_try_ms < below->next_try_ms)
			below = at(heap, ++child);
		if (item->next_try_ms <= below->next_try_ms)
			break;
		put(heap, slot, below);
		slot = child;
	}
	put(heap, slot, item);
}

void
heap_add(struct heap *heap, struct queue_item *item)
{
	sift_up(heap, heap->count++, item);
}

void
heap_remove(struct heap *heap, struct queue_item *item)
{
	size_t slot = item->heap_slot;
	struct queue_item *last = at(heap, --heap->count);

	if (last == item)
		return;
	if (last->next_try_ms < item->next_try_ms)
		sift_up(heap, slot, last);
	else
		sift_down(heap, slot, last);
}

struct queue_item *
heap_top(const struct heap *heap)
{
	return heap->count > 0 ? at(heap, 0) : NULL;
}

void
heap_free(struct heap *heap)
{
	free(heap->item);
	*heap = (struct heap){ .item = NULL };
}
