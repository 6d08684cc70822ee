/* SPDX-License-Identifier: ISC */
/* item.h - how a queue_item packs what it knows: for queue.c and item.c alone. */
#ifndef QUEUE_ITEM_H
#define QUEUE_ITEM_H

#include <stdbool.h>

#include "spool/writer.h"

struct queue_item;

enum {
	ITEM_MAP_BITS = 64,    /* recipients whose ends fit in the item itself */
	ITEM_RECORD_UNIT = 64, /* records lie at multiples of it */
	ITEM_OFFSET_BITS = 64 - SPOOL_NUMBER_BITS, /* of a place: in units, below the number */
};

/* Whether its recipients' ends are a map of their own. */
bool item_has_map(const struct queue_item *item);

/* Whether its next try is when its sender wants it sent, in any state. */
bool item_is_due_at_release(const struct queue_item *item);

#endif
