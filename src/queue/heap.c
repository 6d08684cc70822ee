/* SPDX-License-Identifier: ISC */
/* heap.c - see heap.h.  Each item knows its slot, so that any of them can be taken out. */
#include "queue/heap.h"

#include <stdint.h>
#include <stdlib.h>

#include "queue/queue.h"

enum { HEAP_SIZE_MIN = 256 };

bool
heap_reserve(struct heap *heap, size_t count)
{
	if (count <= heap->size)
		return true;

	size_t size = heap->size > 0 ? heap->size : HEAP_SIZE_MIN;

	while (size < count)
		size *= 2;

	struct queue_item **item = reallocarray(heap->item, size, sizeof *item);

	if (item == NULL)
		return false;
	heap->item = item;
	heap->size = size;
	return true;
}

static void
put(struct heap *heap, size_t slot, struct queue_item *item)
{
	heap->item[slot] = item;
	item->heap_slot = slot;
}

static void
sift_up(struct heap *heap, size_t slot, struct queue_item *item)
{
	while (slot > 0) {
		size_t parent = (slot - 1) / 2;

		if (heap->item[parent]->next_try_ms <= item->next_try_ms)
			break;
		put(heap, slot, heap->item[parent]);
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
		if (child + 1 < heap->count &&
		    heap->item[child + 1]->next_try_ms < heap->item[child]->next_try_ms)
			child++;
		if (item->next_try_ms <= heap->item[child]->next_try_ms)
			break;
		put(heap, slot, heap->item[child]);
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
	struct queue_item *last = heap->item[--heap->count];

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
	return heap->count > 0 ? heap->item[0] : NULL;
}

void
heap_free(struct heap *heap)
{
	free(heap->item);
	*heap = (struct heap){ .item = NULL };
}
