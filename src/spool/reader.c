/* SPDX-License-Identifier: ISC */
/*
 * reader.c - which segments there are, and whose turn it is.
 * Numbers below `known` are in the list or done with.  Several writers may be at work, so no
 * segment waits for an older one: a turn ends when a segment has nothing more to give, or has given
 * enough for now.
 */
#include "config.h"

#include "spool/reader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "spool/board.h"
#include "spool/damage.h"
#include "spool/name.h"
#include "spool/spool.h"
#include "spool/tail.h"
#include "spool/window.h"

/* A segment that is being written gives way after so many records; what lies behind it should not
 * wait for ever. */
enum { TURN_MAX = 256 };

struct spool_reader {
	struct spool *spool;
	struct window *window;
	struct tail *tail; /* in order of number */
	size_t count, size;
	size_t turn;    /* index of the one that is being read */
	unsigned given; /* records in this turn */
	uint64_t known; /* every number below is known; 0: the directory was not read yet */
	bool is_short;  /* of memory, while listing */
	bool is_stuck;  /* a segment was, in the last round */
	const struct spool_reader_events *events;
	void *ctx;
};

struct spool_reader *
spool_reader_new(struct spool *spool, struct counters *counters)
{
	struct spool_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL)
		return NULL;
	reader->spool = spool;
	spool->counters = counters;
	reader->window = window_new(spool->disk);
	if (reader->window == NULL) {
		free(reader);
		return NULL;
	}
	return reader;
}

void
spool_reader_free(struct spool_reader **reader)
{
	struct spool_reader *r = *reader;

	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		tail_close(&r->tail[i]);
	free(r->tail);
	window_free(&r->window);
	free(r);
	*reader = NULL;
}

void
spool_reader_on(struct spool_reader *reader, const struct spool_reader_events *events, void *ctx)
{
	reader->events = events;
	reader->ctx = ctx;
}

static int
add(struct spool_reader *reader, uint64_t number)
{
	if (reader->count == reader->size) {
		size_t size = reader->size == 0 ? 16 : reader->size * 2;
		struct tail *tail = reallocarray(reader->tail, size, sizeof *tail);

		if (tail == NULL)
			return -1;
		reader->tail = tail;
		reader->size = size;
	}
	reader->tail[reader->count++] = (struct tail){ .number = number, .fd = -1 };
	return 0;
}

static int
by_number(const void *a, const void *b)
{
	const struct tail *left = a, *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

static bool
add_name(void *ctx, const char *name)
{
	struct spool_reader *reader = ctx;
	uint64_t number;

	if (name_is_stray(name, &number)) {
		damage_stray(reader->spool, name, number);
		return true;
	}
	/* What is younger than the list is found by its number. */
	if (!name_is_segment(name, "seg", &number) || number >= reader->known)
		return true;
	reader->is_short = add(reader, number) < 0;
	return !reader->is_short;
}

/*
 * What lies in the directory below the board's next number, and what live writers are about to make
 * there.  0, or -1 and errno: EAGAIN while a number is being claimed, for it may stand below too.
 */
static int
list(struct spool_reader *reader)
{
	const struct board *board = reader->spool->board;
	uint64_t live[BOARD_SLOTS];
	int error = 0;

	reader->known = atomic_load(&board->next_segment);
	for (int i = 0; i < BOARD_SLOTS; i++)
		live[i] = atomic_load(&board->slot[i].segment);
	if (name_walk(reader->spool->log, add_name, reader) < 0)
		error = errno;
	for (int i = 0; i < BOARD_SLOTS && error == 0; i++) {
		if (live[i] == BOARD_CLAIMING)
			error = EAGAIN;
		else if (live[i] != 0 && live[i] < reader->known && add(reader, live[i]) < 0)
			error = ENOMEM;
	}
	if (reader->is_short)
		error = ENOMEM;
	if (error == 0) {
		if (reader->count > 1)
			qsort(reader->tail, reader->count, sizeof *reader->tail, by_number);
		return 0;
	}
	reader->count = 0;
	reader->known = 0;
	errno = error;
	return -1;
}

static void
forget(struct spool_reader *reader, size_t i)
{
	tail_close(&reader->tail[i]);
	window_reset(reader->window);
	reader->count--;
	memmove(reader->tail + i, reader->tail + i + 1, (reader->count - i) * sizeof *reader->tail);
}

/* The directory and the live slots may both have named a segment. */
static void
drop_twins(struct spool_reader *reader)
{
	for (size_t i = 1; i < reader->count;)
		if (reader->tail[i].number == reader->tail[i - 1].number)
			forget(reader, i);
		else
			i++;
}

/* Learn of new segments: 0, or -1 and errno. */
static int
refresh(struct spool_reader *reader)
{
	if (reader->known == 0) {
		if (list(reader) < 0)
			return -1;
		drop_twins(reader);
	}

	uint64_t next = atomic_load(&reader->spool->board->next_segment);

	while (reader->known < next) {
		if (add(reader, reader->known) < 0)
			return -1;
		reader->known++;
	}
	return 0;
}

static int
on_open(void *ctx, uint64_t number, uint32_t *reach)
{
	const struct spool_reader *reader = ctx;

	*reach = 0;
	if (reader->events == NULL || reader->events->on_segment == NULL)
		return 0;
	return reader->events->on_segment(reader->ctx, number, reach);
}

static void
finish(struct spool_reader *reader, size_t i)
{
	struct tail *tail = &reader->tail[i];
	uint64_t number = tail->number;
	uint32_t size = tail->limit;
	bool is_told = tail->fd >= 0 && tail->unreadable == 0;

	reader->spool->is_unread |= tail->unreadable > 0;

	forget(reader, i);
	if (is_told && reader->events != NULL && reader->events->on_sealed != NULL)
		reader->events->on_sealed(reader->ctx, number, size);
}

static void
next_turn(struct spool_reader *reader)
{
	reader->turn++;
	reader->given = 0;
}

static void
take_turns(struct spool_reader *reader)
{
	if (++reader->given >= TURN_MAX && !reader->tail[reader->turn].is_ended)
		next_turn(reader);
}

enum spool_next
spool_reader_next(struct spool_reader *reader, struct spool_record *record)
{
	int error = 0;

	if (refresh(reader) < 0)
		return SPOOL_NEXT_ERROR;
	reader->is_stuck = false;
	for (size_t dry = 0; dry < reader->count;) {
		if (reader->turn >= reader->count)
			reader->turn = 0;

		switch (tail_next(&reader->tail[reader->turn], reader->spool, reader->window,
		    on_open, reader, record)) {
		case TAIL_RECORD:
			take_turns(reader);
			return SPOOL_NEXT_RECORD;
		case TAIL_END:
		case TAIL_GONE:
			finish(reader, reader->turn);
			reader->given = 0;
			break;
		case TAIL_STUCK:
			/* What it holds may need its large contents. */
			reader->spool->is_unread = reader->is_stuck = true;
			next_turn(reader);
			dry++;
			break;
		case TAIL_ERROR:
			error = errno;
			/* fall through */
		case TAIL_DRY:
			next_turn(reader);
			dry++;
			break;
		}
	}
	errno = error;
	return error != 0 ? SPOOL_NEXT_ERROR : SPOOL_NEXT_WAIT;
}

bool
spool_reader_is_stuck(const struct spool_reader *reader)
{
	return reader->is_stuck;
}
