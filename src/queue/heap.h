/* SPDX-License-Identifier: ISC */
/* heap.h - a binary heap of the WAITING messages, the one that is due next on top. */
#ifndef QUEUE_HEAP_H
#define QUEUE_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct queue_item;
struct slabs;

struct heap {
	const struct slabs *items;
	uint32_t *item;
	size_t count, size;
};

/* Make room for `count` items in all, so that adding cannot fail. */
bool heap_reserve(struct heap *heap, size_t count);

/* Room must have been reserved. */
void heap_add(struct heap *heap, struct queue_item *item);
void heap_remove(struct heap *heap, struct queue_item *item);

/* NULL when it is empty. */
struct queue_item *heap_top(const struct heap *heap);

void heap_free(struct heap *heap);

#endif
