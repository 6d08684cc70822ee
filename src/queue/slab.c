/* SPDX-License-Identifier: ISC */
/*
 * slab.c - see slab.h.  Objects come from the lowest slab with room, so that the high ones empty.
 * Each slab is a mapping: what is given back is the system's again, where free() would keep it.
 */
#include "queue/slab.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { SLABS_MAX = UINT32_MAX / SLAB_OBJECTS, SLABS_MIN = 16 };

void
slabs_init(struct slabs *slabs, size_t object_size)
{
	*slabs = (struct slabs){ .object_size = (uint32_t)object_size };
}

static size_t
slab_size(const struct slabs *slabs)
{
	return (size_t)SLAB_OBJECTS * slabs->object_size;
}

/* 0, or -1. */
static int
map(const struct slabs *slabs, struct slab *slab)
{
	void *data = mmap(
	    NULL, slab_size(slabs), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		return -1;
	*slab = (struct slab){ .data = data };
	return 0;
}

static void
unmap(const struct slabs *slabs, struct slab *slab)
{
	(void)munmap(slab->data, slab_size(slabs));
	slab->data = NULL;
}

void
slabs_free(struct slabs *slabs)
{
	for (uint32_t i = 0; i < slabs->count; i++)
		if (slabs->slab[i].data != NULL)
			unmap(slabs, &slabs->slab[i]);
	free(slabs->slab);
	*slabs = (struct slabs){ .object_size = slabs->object_size };
}

/* Another entry in the list of slabs; 0, or -1. */
static int
lengthen(struct slabs *slabs)
{
	if (slabs->count == SLABS_MAX)
		return -1;
	if (slabs->count == slabs->size) {
		uint32_t size = slabs->size > 0 ? slabs->size * 2 : SLABS_MIN;
		struct slab *slab = reallocarray(slabs->slab, size, sizeof *slab);

		if (slab == NULL)
			return -1;
		slabs->slab = slab;
		slabs->size = size;
	}
	slabs->slab[slabs->count++] = (struct slab){ .data = NULL };
	return 0;
}

/* The lowest slab with room; NULL: out of memory. */
static struct slab *
find_room(struct slabs *slabs)
{
	while (slabs->room < slabs->count && slabs->slab[slabs->room].data != NULL &&
	       slabs->slab[slabs->room].count == SLAB_OBJECTS)
		slabs->room++;
	if (slabs->room == slabs->count && lengthen(slabs) == -1)
		return NULL;

	struct slab *slab = &slabs->slab[slabs->room];

	if (slab->data != NULL)
		return slab;
	if (map(slabs, slab) == -1)
		return NULL;
	if (slabs->room == 0)
		slab->count = slab->touched = 1; /* number 0 stands for none */
	return slab;
}

uint32_t
slabs_take(struct slabs *slabs)
{
	struct slab *slab = find_room(slabs);
	uint16_t slot;

	if (slab == NULL)
		return 0;
	if (slab->unused == 0) {
		slot = slab->touched++;
	} else {
		slot = (uint16_t)(slab->unused - 1);
		memcpy(&slab->unused, slab->data + (size_t)slot * slabs->object_size,
		    sizeof slab->unused);
	}
	slab->count++;
	memset(slab->data + (size_t)slot * slabs->object_size, 0, slabs->object_size);
	return slabs->room * SLAB_OBJECTS + slot;
}

void
slabs_give(struct slabs *slabs, uint32_t number)
{
	uint32_t i = number / SLAB_OBJECTS;
	struct slab *slab = &slabs->slab[i];

	memcpy(slabs_at(slabs, number), &slab->unused, sizeof slab->unused);
	slab->unused = (uint16_t)(number % SLAB_OBJECTS + 1);
	slab->count--;
	if (i < slabs->room)
		slabs->room = i;
	if (slab->count == 0)
		unmap(slabs, slab);
}
