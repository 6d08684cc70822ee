/* SPDX-License-Identifier: ISC */
/*
 * board.c - the shared page.  Every access is sequentially consistent: a reader that saw a number
 * handed out must also see its writer's slot name it (or CLAIMING, or something later), and that is
 * what board_look() relies on.
 */
#include "spool/board.h"

int
board_claim(struct board *board, pid_t owner)
{
	for (int i = 0; i < BOARD_SLOTS; i++) {
		int32_t nobody = 0;

		if (atomic_compare_exchange_strong(&board->slot[i].owner, &nobody, (int32_t)owner))
			return i;
	}
	return -1;
}

void
board_release_slot(struct board *board, int slot)
{
	board_leave_segment(board, slot);
	atomic_store(&board->slot[slot].owner, 0);
}

void
board_release(struct board *board, pid_t owner)
{
	for (int i = 0; i < BOARD_SLOTS; i++)
		if (atomic_load(&board->slot[i].owner) == (int32_t)owner)
			board_release_slot(board, i);
}

int
board_count(const struct board *board, pid_t owner)
{
	int count = 0;

	for (int i = 0; i < BOARD_SLOTS; i++)
		if (atomic_load(&board->slot[i].owner) == (int32_t)owner)
			count++;
	return count;
}

uint64_t
board_start_segment(struct board *board, int slot)
{
	struct board_slot *mine = &board->slot[slot];

	/* Between the two stores a reader is told to ask again; committed is 0 before the number
	 * shows. */
	atomic_store(&mine->segment, BOARD_CLAIMING);
	atomic_store(&mine->committed, 0);

	uint64_t segment = atomic_fetch_add(&board->next_segment, 1);

	atomic_store(&mine->segment, segment);
	return segment;
}

void
board_commit(struct board *board, int slot, uint64_t offset)
{
	atomic_store(&board->slot[slot].committed, offset);
}

void
board_leave_segment(struct board *board, int slot)
{
	atomic_store(&board->slot[slot].segment, 0);
}

void
board_allow_spares(struct board *board, uint32_t count)
{
	atomic_store(&board->spares, count + 1);
}

uint32_t
board_spares(const struct board *board)
{
	return atomic_load(&board->spares) - 1;
}

enum board_view
board_look(const struct board *board, uint64_t segment, uint64_t *committed)
{
	bool claiming = false;

	for (int i = 0; i < BOARD_SLOTS; i++) {
		const struct board_slot *slot = &board->slot[i];
		uint64_t named = atomic_load(&slot->segment);

		if (named == BOARD_CLAIMING)
			claiming = true;
		if (named != segment)
			continue;
		*committed = atomic_load(&slot->committed);
		/* The offset belongs to this segment only if the slot has not moved on meanwhile.
		 */
		if (atomic_load(&slot->segment) == segment)
			return BOARD_LIVE;
	}
	return claiming ? BOARD_UNKNOWN : BOARD_ENDED;
}
