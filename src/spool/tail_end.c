/* SPDX-License-Identifier: ISC */
/*
 * tail_end.c - where a segment ends that nobody writes any more, and what its end tells.
 * A crash leaves a first block and whole groups, an empty file, or a torn record; whatever else is
 * missing was taken away, and that is said.
 */
#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "spool/damage.h"
#include "spool/spool.h"
#include "spool/tail.h"
#include "spool/window.h"

enum {
	TORN_MAX = 8 * 1024 * 1024, /* of a torn end: a whole group */
	PIECE = 64 * 1024,
};

void
tail_keep_if(struct tail *tail, bool is_only_copy)
{
	if (is_only_copy)
		tail->unreadable++;
}

static bool
is_zero(const unsigned char *at, size_t len)
{
	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

/* How much there is of what begins at the limit: the zeros behind it were never written. */
static uint32_t
measure_torn(struct tail *tail, struct window *window, uint32_t size)
{
	uint32_t rest = size - tail->limit, len = 0;

	for (uint32_t at = 0; at < rest && at < TORN_MAX; at += RECORD_ALIGN) {
		uint32_t step = rest - at < RECORD_ALIGN ? rest - at : RECORD_ALIGN;
		const unsigned char *octets =
		    window_at(window, tail->fd, tail->limit + at, step, size, PIECE);

		if (octets == NULL)
			break;
		if (!is_zero(octets, step))
			len = at + step;
	}
	return len;
}

/* A record of ours was begun where the last sound one ends, but not even its head is whole. */
static void
look_behind(struct tail *tail, const struct spool *spool, struct window *window, uint32_t size)
{
	const unsigned char *head =
	    window_at(window, tail->fd, tail->limit, RECORD_HEAD, size, RECORD_HEAD);
	struct record record;

	if (head == NULL ||
	    record_decode(head, tail->number, tail->limit, &record) != RECORD_BROKEN)
		return;

	const struct damage damage = {
		.segment = tail->number,
		.offset = tail->limit,
		.len = measure_torn(tail, window, size),
		.what = "torn record at the end",
	};

	tail_keep_if(tail, damage_torn(spool, tail->fd, &damage) < 0);
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

/* The first block and the seal are each sound, or were never written.  Nothing is lost with them:
 * the records tell of themselves. */
static void
check_frame(struct tail *tail, const struct spool *spool, const unsigned char head[SEGMENT_HEAD])
{
	uint64_t number;
	uint32_t end;
	struct damage damage = {
		.segment = tail->number,
		.len = SEGMENT_SEAL_AT,
		.what = "first block does not match its checksum",
	};

	if (!segment_head_decode(head, &number) && !is_zero(head, SEGMENT_SEAL_AT))
		tail_keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
	/* A recycled file may get its new first block sector by sector. */
	if (segment_seal_decode(head + SEGMENT_SEAL_AT, tail->number, &end) ||
	    segment_seal_is_stale(head + SEGMENT_SEAL_AT, tail->number) ||
	    is_zero(head + SEGMENT_SEAL_AT, SEGMENT_SEAL))
		return;
	damage.offset = SEGMENT_SEAL_AT;
	damage.len = SEGMENT_SEAL;
	damage.what = "seal does not match its checksum";
	tail_keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
}

/* Without a seal the size tells little: but the first block is written whole, and so are units.  A
 * write that failed half-way, and the power cut behind it, may leave the same. */
static void
check_size(struct tail *tail, const struct spool *spool, uint32_t size)
{
	const struct damage damage = {
		.segment = tail->number,
		.offset = size,
		.len = RECORD_ALIGN - size % RECORD_ALIGN,
		.what = "file was cut",
	};

	tail->is_empty = size == 0;
	if (size % RECORD_ALIGN != 0 || (size > 0 && size < SEGMENT_HEAD))
		tail_keep_if(tail, damage_torn(spool, tail->fd, &damage) < 0);
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

int
tail_find_end(struct tail *tail, const struct spool *spool, struct window *window)
{
	unsigned char head[SEGMENT_HEAD] = { 0 };
	struct stat st;
	uint64_t number;
	uint32_t end;

	if (fstat(tail->fd, &st) < 0)
		return -1;

	uint32_t size = st.st_size < TAIL_SIZE_MAX ? (uint32_t)st.st_size : TAIL_SIZE_MAX;

	/* A first block that is missing or cannot be read leaves a segment without a seal. */
	if (disk_read_all(tail->fd, head, sizeof head, 0) < 0 && disk_is_short(errno))
		return -1;
	if (!segment_head_decode(head, &number) || number == tail->number)
		check_frame(tail, spool, head);
	if (segment_seal_decode(head + SEGMENT_SEAL_AT, tail->number, &end)) {
		end_at_seal(tail, spool, end, size);
	} else if (!segment_head_decode(head, &number) || number == tail->number) {
		tail->is_verified = true;
		if (tail_survey(tail, window, size) < 0)
			return -1;
		check_size(tail, spool, size);
		look_behind(tail, spool, window, size);
	}
	/* Otherwise it is a recycled file that its writer never began to use: it holds nothing. */
	check_reach(tail, spool);
	tail->is_ended = true;
	return 0;
}
