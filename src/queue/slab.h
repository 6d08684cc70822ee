/* SPDX-License-Identifier: ISC */
/*
 * slab.h - small objects of one size, many to an allocation, named by numbers of 32 bits: half of a
 * pointer, and they stay where they are. 0 is no object.
 */
#ifndef QUEUE_SLAB_H
#define QUEUE_SLAB_H

#include <stddef.h>
#include <stdint.h>

enum { SLAB_OBJECTS = 4096 };

struct slab {
	char *data;       /* whole pages; NULL: given back */
	uint16_t count;   /* in use */
	uint16_t touched; /* slots that were ever used: what lies behind was never written */
	uint16_t unused;  /* a slot to be used again, plus 1; it names the next one */
};

struct slabs {
	struct slab *slab;
	uint32_t count, size;
	uint32_t room; /* below this one all are full */
	uint32_t object_size;
};

/* object_size: a multiple of 4; of 8 for objects with members of 64 bits. */
void slabs_init(struct slabs *slabs, size_t object_size);
void slabs_free(struct slabs *slabs);

/* A zeroed object; 0: out of memory. */
uint32_t slabs_take(struct slabs *slabs);

/* The number must have been taken.  Memory that holds no object any more is given back. */
void slabs_give(struct slabs *slabs, uint32_t number);

/* The number must have been taken, and not given back. */
static inline void *
slabs_at(const struct slabs *slabs, uint32_t number)
{
	return slabs->slab[number / SLAB_OBJECTS].data +
	       (size_t)(number % SLAB_OBJECTS) * slabs->object_size;
}

#endif
