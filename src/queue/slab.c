/* SPDX-License-Identifier: ISC */
/* slab.c - see slab.h.  Objects come from the lowest slab with room, so that the high ones empty.
 */
#include "queue/slab.h"

#include <stdlib.h>
#include <string.h>

enum { SLABS_MAX = UINT32_MAX / SLAB_OBJECTS, SLABS_MIN = 16 };

void
slabs_init(struct slabs *slabs, size_t object_size)
{
	*slabs = (struct slabs){ .object_size = (uint32_t)object_size };
}

void
slabs_free(struct slabs *slabs)
{
	for (uint32_t i = 0; i < slabs->count; i++)
		free(slabs->slab[i]);
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
		struct slab **slab = reallocarray(slabs->slab, size, sizeof(struct slab *));

		if (slab == NULL)
			return -1;
		slabs->slab = slab;
		slabs->size = size;
	}
	slabs->slab[slabs->count++] = NULL;
	return 0;
}

/* The lowest slab with room; NULL: out of memory. */
static struct slab *
find_room(struct slabs *slabs)
{
	while (slabs->room < slabs->count && slabs->slab[slabs->room] != NULL &&
	       slabs->slab[slabs->room]->count == SLAB_OBJECTS)
		slabs->room++;
	if (slabs->room == slabs->count && lengthen(slabs) == -1)
		return NULL;

	struct slab **at = &slabs->slab[slabs->room];

	if (*at != NULL)
		return *at;
	if ((*at = malloc(sizeof **at + (size_t)SLAB_OBJECTS * slabs->object_size)) == NULL)
		return NULL;
	**at = (struct slab){ .count = 0 };
	if (slabs->room == 0)
		(*at)->count = (*at)->touched = 1; /* number 0 stands for none */
	return *at;
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
		memcpy(&slab->unused, (char *)slab->data + slot * slabs->object_size,
		    sizeof slab->unused);
	}
	slab->count++;
	memset((char *)slab->data + slot * slabs->object_size, 0, slabs->object_size);
	return slabs->room * SLAB_OBJECTS + slot;
}

void
slabs_give(struct slabs *slabs, uint32_t number)
{
	uint32_t i = number / SLAB_OBJECTS;
	struct slab *slab = slabs->slab[i];

	memcpy(slabs_at(slabs, number), &slab->unused, sizeof slab->unused);
	slab->unused = (uint16_t)(number % SLAB_OBJECTS + 1);
	slab->count--;
	if (i < slabs->room)
		slabs->room = i;
	if (slab->count == 0) {
		free(slab);
		slabs->slab[i] = NULL;
	}
}
