/* SPDX-License-Identifier: ISC */
/*
 * tail_end.c - where a segment ends that nobody writes any more, and what its end tells.
 * A crash leaves a first block, whole groups and the mark behind them, or a torn group; whatever
 * else is missing was taken away, and that is said.
 */
#include "config.h"

#include <errno.h>
#include <sys/stat.h>

#include "spool/damage.h"
#include "spool/spool.h"
#include "spool/tail.h"

void
tail_keep_if(struct tail *tail, bool is_only_copy)
{
	if (is_only_copy)
		tail->unreadable++;
}

/* It is sealed: it ends there, and all before was durable. */
static void
end_at_seal(struct tail *tail, const struct spool *spool, uint32_t end, uint32_t size)
{
	const struct damage damage = {
		.segment = tail->number,
		.offset = size,
		.len = end - size,
		.what = "file is shorter than its seal says",
	};

	tail->limit = end < size ? end : size;
	tail->durable = end;
	/* One that was given up before it held anything may be shorter than its first block. */
	if (size < end && end > SEGMENT_HEAD)
		tail_keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
}

/* A part of the first block is sound, or it was never written.  Nothing is lost
 * with it: the records tell of themselves. */
static void
check_part(struct tail *tail, const struct spool *spool, const unsigned char *part, uint32_t at,
    bool is_sound, const char *what)
{
	const struct damage damage = {
		.segment = tail->number,
		.offset = at,
		.len = SEGMENT_FRAME,
		.what = what,
	};

	if (!is_sound && !record_is_blank(part))
		tail_keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
}

/* A recycled file may get its new first block sector by sector. */
static void
check_frame(struct tail *tail, const struct spool *spool, const unsigned char head[SEGMENT_HEAD])
{
	const unsigned char *seal = head + SEGMENT_SEAL_AT, *copy = head + SEGMENT_FRAME_AT;
	const unsigned char *stamp = head + SEGMENT_STAMP_AT;
	struct segment_frame frame;
	uint32_t end;

	check_part(tail, spool, head, 0, segment_frame_decode(head, &frame),
	    "first block does not match its checksum");
	check_part(tail, spool, seal, SEGMENT_SEAL_AT,
	    segment_seal_decode(seal, tail->number, &end) ||
		segment_seal_is_stale(seal, tail->number),
	    "seal does not match its checksum");
	check_part(tail, spool, stamp, SEGMENT_STAMP_AT,
	    segment_mark_is_sound(stamp, tail->number, SEGMENT_STAMP_AT) ||
		segment_mark_is_stale(stamp, tail->number, SEGMENT_STAMP_AT),
	    "stamp of its outcomes does not match its checksum");
	check_part(tail, spool, copy, SEGMENT_FRAME_AT, segment_frame_decode(copy, &frame),
	    "first block's copy does not match its checksum");
}

/* What the first block or its copy says of this segment; all is 0 if neither does. */
static struct segment_frame
find_frame(const struct tail *tail, const unsigned char head[SEGMENT_HEAD])
{
	struct segment_frame frame;

	if (segment_frame_decode(head, &frame) && frame.number == tail->number)
		return frame;
	if (segment_frame_decode(head + SEGMENT_FRAME_AT, &frame) && frame.number == tail->number)
		return frame;
	return (struct segment_frame){ .number = 0 };
}

/* What has outcomes was durable, and delivered from here. */
static void
check_reach(struct tail *tail, const struct spool *spool)
{
	const struct damage damage = {
		.segment = tail->number,
		.offset = tail->limit,
		.len = (uint64_t)tail->reach + RECORD_HEAD - tail->limit,
		.what = "records are missing that outcomes tell of",
	};

	if (tail->reach >= tail->limit)
		tail_keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
}

/* A recycled file that its writer never began to use: it holds nothing. */
static bool
is_foreign(const struct tail *tail, const unsigned char head[SEGMENT_HEAD])
{
	struct segment_frame frame;

	return segment_frame_decode(head, &frame) && frame.number != tail->number;
}

int
tail_find_end(struct tail *tail, const struct spool *spool, struct window *window)
{
	unsigned char head[SEGMENT_HEAD] = { 0 };
	struct stat st;
	uint32_t end;

	if (fstat(tail->fd, &st) < 0)
		return -1;

	uint32_t size = st.st_size < TAIL_SIZE_MAX ? (uint32_t)st.st_size : TAIL_SIZE_MAX;

	/* A first block that is missing or cannot be read leaves a segment without a seal. */
	if (disk_read_all(tail->fd, head, sizeof head, 0) < 0 && disk_is_short(errno))
		return -1;
	if (!is_foreign(tail, head))
		check_frame(tail, spool, head);
	if (segment_seal_decode(head + SEGMENT_SEAL_AT, tail->number, &end)) {
		end_at_seal(tail, spool, end, size);
	} else if (!is_foreign(tail, head)) {
		const struct segment_frame frame = find_frame(tail, head);

		tail->is_verified = true;
		if (tail_survey(tail, window, size) < 0)
			return -1;
		tail_check_end(tail, spool, window, &frame, size);
	}
	check_reach(tail, spool);
	tail->is_ended = true;
	return 0;
}
