/* SPDX-License-Identifier: ISC */
/*
 * index.h - the queue's items: in slabs, found by id, in the order of arrival, and the cursors that
 * walk them.
 */
#ifndef QUEUE_INDEX_H
#define QUEUE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/slab.h"

struct queue_cursor;
struct queue_item;

struct index {
	struct slabs items;
	uint32_t *bucket;
	size_t nbuckets; /* a power of two */
	size_t count;
	uint32_t first, last;
	struct queue_cursor *cursors; /* that are open */
};

/* False: out of memory. */
bool index_init(struct index *index);
void index_free(struct index *index);

/* A zeroed item that nothing finds yet; NULL: out of memory. */
struct queue_item *index_take(struct index *index);

/* It must not be found any more. */
void index_give(struct index *index, struct queue_item *item);

/*
 * Let an item be found by its id and on walks, as the last; or behind an older one of the same id,
 * which is about to go.
 */
void index_enter(struct index *index, struct queue_item *item);
void index_leave(struct index *index, struct queue_item *item);

/* The younger one of two with the same id. */
struct queue_item *index_find(const struct index *index, uint64_t id);

void index_open(struct index *index, struct queue_cursor *cursor);

#endif
