/* SPDX-License-Identifier: ISC */
/*
 * tail.c - reading a segment while it is written, and to its end when nobody writes it any more.
 * What is not sound is reported and skipped, record by record; nothing here trusts a length before
 * its checksum.
 */
#include "config.h"

#include "spool/tail.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "spool/board.h"
#include "spool/damage.h"
#include "spool/envelope.h"
#include "spool/name.h"
#include "spool/reader.h"
#include "spool/spool.h"
#include "spool/window.h"

enum {
	AHEAD_FULL = 64 * 1024, /* records are small: read on */
	AHEAD_HEAD = 1024,      /* contents are big: jump from head to head */
	BIG_CONTENT = 8 * 1024,
	TORN_MAX = 128 * 1024,   /* of a torn end so much is looked at */
	SIZE_MAX_SANE = 1 << 30, /* no segment is larger */
};

/* What could not be set aside has its only copy in the file. */
static void
keep_if(struct tail *tail, bool is_only_copy)
{
	if (is_only_copy)
		tail->unreadable++;
}

static void
report(struct tail *tail, const struct spool *spool, uint64_t len, uint64_t id, const char *what)
{
	const struct damage damage = {
		.segment = tail->number,
		.offset = tail->offset,
		.len = len,
		.id = id,
		.what = what,
	};

	if (tail->offset < tail->durable || tail->unreadable > 0)
		keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
	else
		keep_if(tail, damage_torn(spool, tail->fd, &damage) < 0);
}

static enum tail_next
open_file(struct tail *tail, const struct spool *spool)
{
	char name[NAME_SIZE];
	uint64_t committed;
	/* Before opening: a file that is missing after its writer left will never come. */
	enum board_view view = board_look(spool->board, tail->number, &committed);

	name_segment(tail->number, "seg", name);
	tail->fd = openat(spool->log, name, O_RDONLY | O_CLOEXEC);
	if (tail->fd < 0 && errno == ENOENT)
		return view == BOARD_ENDED ? TAIL_GONE : TAIL_DRY;
	if (tail->fd < 0)
		return TAIL_ERROR;
	tail->offset = SEGMENT_HEAD;
	tail->limit = SEGMENT_HEAD;
	tail->durable = SEGMENT_HEAD;
	tail->ahead = AHEAD_FULL;
	return TAIL_RECORD;
}

/* A record of ours was begun where the last sound one ends, but not even its head is whole. */
static void
look_behind(struct tail *tail, const struct spool *spool, struct window *window, uint32_t size)
{
	const unsigned char *head =
	    window_at(window, tail->fd, tail->limit, RECORD_HEAD, size, RECORD_HEAD);
	struct record record;
	uint32_t rest = size - tail->limit;

	if (head == NULL ||
	    record_decode(head, tail->number, tail->limit, &record) != RECORD_BROKEN)
		return;

	const struct damage damage = {
		.segment = tail->number,
		.offset = tail->limit,
		.len = rest < TORN_MAX ? rest : TORN_MAX,
		.what = "torn record at the end",
	};

	keep_if(tail, damage_torn(spool, tail->fd, &damage) < 0);
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
		keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
}

static bool
is_zero(const unsigned char *at, size_t len)
{
	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
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
		keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
	/* A recycled file may get its new first block sector by sector. */
	if (segment_seal_decode(head + SEGMENT_SEAL_AT, tail->number, &end) ||
	    segment_seal_is_stale(head + SEGMENT_SEAL_AT, tail->number) ||
	    is_zero(head + SEGMENT_SEAL_AT, SEGMENT_SEAL))
		return;
	damage.offset = SEGMENT_SEAL_AT;
	damage.len = SEGMENT_SEAL;
	damage.what = "seal does not match its checksum";
	keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
}

/* Nobody writes it any more: find out where it ends.  0, or -1 and errno. */
static int
find_end(struct tail *tail, const struct spool *spool, struct window *window)
{
	unsigned char head[SEGMENT_HEAD] = { 0 };
	struct stat st;
	uint64_t number;
	uint32_t end;

	if (fstat(tail->fd, &st) < 0)
		return -1;

	uint32_t size = st.st_size < SIZE_MAX_SANE ? (uint32_t)st.st_size : SIZE_MAX_SANE;

	/* A first block that is missing or cannot be read leaves a segment without a seal. */
	if (disk_read_all(tail->fd, head, sizeof head, 0) < 0 && errno != EIO)
		return -1;
	if (!segment_head_decode(head, &number) || number == tail->number)
		check_frame(tail, spool, head);
	if (segment_seal_decode(head + SEGMENT_SEAL_AT, tail->number, &end)) {
		end_at_seal(tail, spool, end, size);
	} else if (!segment_head_decode(head, &number) || number == tail->number) {
		tail->is_verified = true;
		if (tail_survey(tail, window, size) < 0)
			return -1;
		look_behind(tail, spool, window, size);
	}
	/* Otherwise it is a recycled file that its writer never began to use: it holds nothing. */
	tail->is_ended = true;
	return 0;
}

static int
update_limit(struct tail *tail, const struct spool *spool, struct window *window)
{
	uint64_t committed;

	if (tail->is_ended)
		return 0;
	switch (board_look(spool->board, tail->number, &committed)) {
	case BOARD_UNKNOWN:
		return 0;
	case BOARD_ENDED:
		return find_end(tail, spool, window);
	case BOARD_LIVE:
		break;
	}
	if (committed > tail->limit && committed <= SIZE_MAX_SANE) {
		tail->limit = (uint32_t)committed;
		tail->durable = tail->limit;
		window_reset(window);
	}
	return 0;
}

/* Whether envelope and, where that is asked for, content are what the head says; what is wrong, or
 * NULL. */
static const char *
find_fault(const struct tail *tail, struct window *window, const struct record *record,
    const unsigned char **envelope)
{
	uint32_t at = record->offset + RECORD_HEAD, len = (uint32_t)record_inline_len(record);
	const unsigned char *content;

	if (tail->is_verified && len > 0) {
		content = window_at(
		    window, tail->fd, at + record->envelope_len, len, tail->limit, AHEAD_FULL);
		if (content == NULL || crc32c(0, content, len) != record->content_crc)
			return "content does not match its checksum";
	}
	*envelope = window_at(window, tail->fd, at, record->envelope_len, tail->limit, tail->ahead);
	if (*envelope == NULL || record_envelope_crc(tail->number, record->offset, *envelope,
				     record->envelope_len) != record->envelope_crc)
		return "envelope does not match its checksum";
	return NULL;
}

static enum tail_next
take_record(struct tail *tail, const struct spool *spool, struct window *window,
    const struct record *record, struct spool_record *out)
{
	const unsigned char *envelope = NULL;
	const char *fault = "record is cut off";

	if (record->offset + record_size(record) <= tail->limit)
		fault = find_fault(tail, window, record, &envelope);
	if (fault != NULL && errno == EIO) {
		tail->unreadable++;
		fault = "cannot be read";
	} else if (fault != NULL && errno != 0) {
		return TAIL_ERROR;
	}
	*out = (struct spool_record){
		.id = record->id,
		.place = { tail->number, record->offset },
		.record_len = (uint32_t)record_size(record),
		.content_len = record->content_len,
		.is_large = record->type == RECORD_LARGE,
	};
	if (fault == NULL) {
		out->envelope = envelope_decode((const char *)envelope, record->envelope_len);
		if (out->envelope == NULL && errno != EBADMSG)
			return TAIL_ERROR;
		fault = out->envelope == NULL ? "envelope makes no sense" : NULL;
	}
	if (fault != NULL)
		report(tail, spool, out->record_len, out->id, fault);
	else
		out->envelope->id = out->id;
	tail->offset = record->offset + record_size(record) < tail->limit
			   ? tail->offset + out->record_len
			   : tail->limit;
	tail->ahead = record_inline_len(record) > BIG_CONTENT ? AHEAD_HEAD : AHEAD_FULL;
	return fault == NULL ? TAIL_RECORD : TAIL_DRY;
}

/* No sound head, or a record that ends behind the file: go on at the next sound head there is.  0,
 * or -1 and errno. */
static int
skip_damage(struct tail *tail, const struct spool *spool, struct window *window, const char *what)
{
	uint32_t found;

	if (tail_find(tail, window, tail->offset, tail->limit, &found) < 0)
		return -1;
	report(tail, spool, found - tail->offset, 0, what);
	tail->offset = found;
	return 0;
}

/* One step: a record, or TAIL_DRY when something was skipped. */
static enum tail_next
step(struct tail *tail, const struct spool *spool, struct window *window, struct spool_record *out)
{
	const unsigned char *head =
	    window_at(window, tail->fd, tail->offset, RECORD_HEAD, tail->limit, tail->ahead);
	struct record record;
	const char *what = "no record here";

	if (head == NULL && errno != 0 && errno != EIO)
		return TAIL_ERROR;
	if (head == NULL && errno == EIO) {
		what = "cannot be read";
	} else if (head == NULL) {
		report(tail, spool, tail->limit - tail->offset, 0, "end is missing");
		tail->offset = tail->limit;
		return TAIL_DRY;
	} else if (record_decode(head, tail->number, tail->offset, &record) == RECORD_SOUND) {
		return take_record(tail, spool, window, &record, out);
	}
	return skip_damage(tail, spool, window, what) < 0 ? TAIL_ERROR : TAIL_DRY;
}

enum tail_next
tail_next(struct tail *tail, const struct spool *spool, struct window *window,
    void (*on_open)(void *ctx, uint64_t number), void *ctx, struct spool_record *out)
{
	if (tail->fd < 0) {
		enum tail_next opened = open_file(tail, spool);

		if (opened != TAIL_RECORD)
			return opened;
		on_open(ctx, tail->number);
	}
	if (update_limit(tail, spool, window) < 0)
		return TAIL_ERROR;
	while (tail->offset < tail->limit) {
		enum tail_next next = step(tail, spool, window, out);

		if (next != TAIL_DRY)
			return next;
	}
	return tail->is_ended ? TAIL_END : TAIL_DRY;
}

void
tail_close(struct tail *tail)
{
	if (tail->fd >= 0)
		close(tail->fd);
	tail->fd = -1;
}
