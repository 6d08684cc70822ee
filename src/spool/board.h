/* SPDX-License-Identifier: ISC */
/*
 * board.h - the shared page on which writers tell readers how far the log is committed.
 *
 * The master makes it before it forks.  A writer claims a slot; while it writes segment N the slot
 * says so and says up to which offset N is durable.  Readers never read past that.  A segment that
 * no slot names has no writer any more: what it holds is all there will ever be.
 *
 * Segment numbers come from one counter here, so that writers of several generations never meet.
 */
#ifndef SPOOL_BOARD_H
#define SPOOL_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { BOARD_SLOTS = 16 };

/* The slot is about to take a number from the counter: a missing file may yet appear. */
#define BOARD_CLAIMING UINT64_MAX

struct board_slot {
	_Atomic int32_t owner;      /* pid; 0: free */
	_Atomic uint64_t segment;   /* number, 0: none, BOARD_CLAIMING */
	_Atomic uint64_t committed; /* offset in that segment */
};

struct board {
	_Atomic uint64_t next_segment; /* the next number to give out; starts at 1 */
	_Atomic uint32_t spares;       /* how many may lie in log/, and one; 0: nobody has said */
	struct board_slot slot[BOARD_SLOTS];
};

/* Claim a slot for this process: its index, or -1 when all are taken. */
int board_claim(struct board *board, pid_t owner);

/* Free every slot of a process that has ended (the master, after it reaped it) or of the writer
 * that closes. */
void board_release(struct board *board, pid_t owner);
void board_release_slot(struct board *board, int slot);

/* How many slots the process holds. */
int board_count(const struct board *board, pid_t owner);

/* A writer starts a segment: take the next number, publish it with committed = 0, and return it. */
uint64_t board_start_segment(struct board *board, int slot);

/* A writer has made everything below offset durable. */
void board_commit(struct board *board, int slot, uint64_t offset);

/* A writer is done with its segment (sealed or given up) and has not started another: it has ended
 * now. */
void board_leave_segment(struct board *board, int slot);

/*
 * Spares are a luxury within bounds: whoever knows how much of the disk the log may use says how
 * many there may be.  UINT32_MAX: nobody has said yet.
 */
void board_allow_spares(struct board *board, uint32_t count);
uint32_t board_spares(const struct board *board);

enum board_view {
	BOARD_LIVE,    /* *committed is how far one may read */
	BOARD_UNKNOWN, /* a writer is just claiming a number: ask again */
	BOARD_ENDED,   /* nobody writes it: read all there is */
};

enum board_view board_look(const struct board *board, uint64_t segment, uint64_t *committed);

#endif
