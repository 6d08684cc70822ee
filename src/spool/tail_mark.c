/* SPDX-License-Identifier: ISC */
/*
 * tail_mark.c - whether a segment without a seal ends where its writer left it.
 * Behind what was committed last there stands a mark, or a record of the group that overwrote it;
 * and a file is never shorter than it was laid out, but for a cut of its writer behind a mark.
 */
#include "config.h"

#include <errno.h>

#include "spool/damage.h"
#include "spool/spool.h"
#include "spool/tail.h"
#include "spool/window.h"

enum {
	TORN_MAX = 8 * 1024 * 1024, /* of a torn end: a whole group */
	PIECE = 64 * 1024,
};

/* The unit at this place, or NULL: errno is 0 where the file has ended. */
static const unsigned char *
unit_at(const struct tail *tail, struct window *window, uint32_t at, uint32_t size)
{
	return window_at(window, tail->fd, at, RECORD_ALIGN, size, PIECE);
}

/* How much there is of what begins at the limit: up to a mark, what an older segment left, or zeros
 * that were never written over. */
static uint32_t
measure_torn(const struct tail *tail, struct window *window, uint32_t size)
{
	const unsigned char *unit;
	uint32_t at = tail->limit, end = at;

	while (at - tail->limit < TORN_MAX && (unit = unit_at(tail, window, at, size)) != NULL) {
		if (segment_mark_is_sound(unit, tail->number, at))
			return at - tail->limit;
		if (record_is_stale(unit, tail->number, at))
			break;
		at += RECORD_ALIGN;
		if (!record_is_blank(unit))
			end = at;
	}
	return end - tail->limit;
}

static void
report_torn(
    struct tail *tail, const struct spool *spool, uint32_t offset, uint64_t len, const char *what)
{
	const struct damage damage = {
		.segment = tail->number,
		.offset = offset,
		.len = len,
		.what = what,
	};

	tail_keep_if(tail, damage_torn(spool, tail->fd, &damage) < 0);
}

/* What was there has gone, and all that is left was durable. */
static void
report_cut(struct tail *tail, const struct spool *spool, uint32_t size, uint64_t was)
{
	const struct damage damage = {
		.segment = tail->number,
		.offset = size,
		.len = was - size,
		.what = "file was cut",
	};

	if (tail->durable < tail->limit)
		tail->durable = tail->limit;
	tail_keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
}

/* A segment of a postern that left no marks: a cut shows only within a unit, and a lost record only
 * where something of its head is left. */
static void
check_unmarked(struct tail *tail, const struct spool *spool, struct window *window, uint32_t size)
{
	const unsigned char *head = unit_at(tail, window, tail->limit, size);
	struct record record;

	if (head != NULL &&
	    record_decode(head, tail->number, tail->limit, &record) == RECORD_BROKEN)
		report_torn(tail, spool, tail->limit, measure_torn(tail, window, size),
		    "torn record at the end");
	if (size % RECORD_ALIGN != 0)
		report_torn(tail, spool, size, RECORD_ALIGN - size % RECORD_ALIGN, "file was cut");
}

/* A writer in trouble cuts a unit behind its last group, and of that unit the power may have kept
 * what the next group wrote there; or, before there was a group, what the file held before. */
static bool
is_our_cut(const struct tail *tail, uint32_t size)
{
	uint32_t last_unit = size - RECORD_ALIGN;

	return last_unit == (tail->last > 0 ? tail->last : SEGMENT_HEAD);
}

void
tail_check_end(struct tail *tail, const struct spool *spool, struct window *window,
    const struct segment_frame *frame, uint32_t size)
{
	const unsigned char *unit = unit_at(tail, window, tail->limit, size);

	/* Then the file is kept, and read again with the next start. */
	if (unit == NULL && errno != 0)
		return;
	if (unit != NULL && segment_mark_is_sound(unit, tail->number, tail->limit))
		return;
	/* Without a first block it may have held as much as any. */
	if (size < SEGMENT_HEAD)
		report_cut(
		    tail, spool, size, frame->size > size ? frame->size : spool->segment_size);
	else if (size < frame->size && !is_our_cut(tail, size))
		report_cut(tail, spool, size, frame->size);
	else if (size < frame->size)
		report_torn(tail, spool, size, frame->size - size, "file was cut");
	else if (!frame->has_marks)
		check_unmarked(tail, spool, window, size);
	else if (!tail->is_cut_off)
		report_torn(tail, spool, tail->limit, measure_torn(tail, window, size),
		    "records may be missing: no mark behind the last one");
}
