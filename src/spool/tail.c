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

#include "base/clock.h"
#include "base/crc32c.h"
#include "spool/board.h"
#include "spool/damage.h"
#include "spool/envelope.h"
#include "spool/name.h"
#include "spool/reader.h"
#include "spool/spool.h"
#include "spool/window.h"

enum {
	RETRY_MIN_MS = 1000, /* a disk that has an error may take seconds to say so */
	RETRY_MAX_MS = 64 * 1000,
	AHEAD_FULL = 64 * 1024, /* records are small: read on */
	AHEAD_HEAD = 1024,      /* contents are big: jump from head to head */
	BIG_CONTENT = 8 * 1024,
};

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
		tail_keep_if(tail, damage_report(spool, tail->fd, &damage) < 0);
	else
		tail_keep_if(tail, damage_torn(spool, tail->fd, &damage) < 0);
}

/* What is no file holds up nothing else: it is reported, and stays. */
static enum tail_next
refuse_file(struct tail *tail, const struct spool *spool, const char *what, int error)
{
	const struct damage damage = { .segment = tail->number, .what = what, .error = error };

	damage_unreadable(spool, &damage);
	tail->unreadable++;
	tail_close(tail);
	return TAIL_GONE;
}

static enum tail_next
try_later(struct tail *tail)
{
	tail_close(tail);
	tail->wait_ms = tail->wait_ms == 0 ? RETRY_MIN_MS : tail->wait_ms * 2;
	if (tail->wait_ms > RETRY_MAX_MS)
		tail->wait_ms = RETRY_MAX_MS;
	tail->retry_ms = clock_mono_ms() + tail->wait_ms;
	return TAIL_STUCK;
}

/* What stands there is no file, and no right or retry makes it one: why; or NULL. */
static const char *
find_oddity(const struct spool *spool, const char *name)
{
	struct stat st;

	if (fstatat(spool->log, name, &st, 0) == 0)
		return S_ISREG(st.st_mode) ? NULL : "segment is no file";
	if ((errno == ENOENT || errno == ELOOP) &&
	    fstatat(spool->log, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return "segment is a link that leads nowhere";
	return NULL;
}

/* Rights may be given back, and a disk may have failed once: that is said once.  Whoever only looks
 * does not wait. */
static enum tail_next
cannot_open(struct tail *tail, const struct spool *spool, const char *name, int error)
{
	const char *oddity = find_oddity(spool, name);
	const struct damage damage = {
		.segment = tail->number, .what = strerror(error), .error = error
	};

	if (oddity != NULL)
		return refuse_file(tail, spool, oddity, 0);
	if (spool->on_finding != NULL)
		return refuse_file(tail, spool, damage.what, error);
	if (tail->wait_ms == 0)
		damage_unreadable(spool, &damage);
	return try_later(tail);
}

static enum tail_next
open_file(struct tail *tail, const struct spool *spool)
{
	char name[NAME_SIZE];
	uint64_t committed;
	struct stat st;
	/* Before opening: a file that is missing after its writer left will never come. */
	enum board_view view = board_look(spool->board, tail->number, &committed);

	name_segment(tail->number, "seg", name);
	tail->fd = openat(spool->log, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	int error = tail->fd < 0 ? errno : 0;

	if (disk_is_short(error))
		return TAIL_ERROR;
	if (error == ENOENT && find_oddity(spool, name) == NULL)
		return view == BOARD_ENDED ? TAIL_GONE : TAIL_DRY;
	if (error != 0)
		return cannot_open(tail, spool, name, error);
	if (fstat(tail->fd, &st) < 0 || !S_ISREG(st.st_mode))
		return refuse_file(tail, spool, "segment is no file", 0);
	tail->offset = SEGMENT_HEAD;
	tail->limit = SEGMENT_HEAD;
	tail->durable = SEGMENT_HEAD;
	tail->ahead = AHEAD_FULL;
	return TAIL_RECORD;
}

/* Without its outcomes nothing of a segment is given away, for it may have been delivered. */
static enum tail_next
enter(struct tail *tail, const struct spool *spool, tail_open_fn *on_open, void *ctx)
{
	if (clock_mono_ms() < tail->retry_ms)
		return TAIL_STUCK;

	enum tail_next opened = open_file(tail, spool);

	if (opened != TAIL_RECORD || on_open(ctx, tail->number, &tail->reach) == 0)
		return opened;
	return try_later(tail);
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
		return tail_find_end(tail, spool, window);
	case BOARD_LIVE:
		break;
	}
	if (committed > tail->limit && committed <= TAIL_SIZE_MAX) {
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
    tail_open_fn *on_open, void *ctx, struct spool_record *out)
{
	if (tail->fd < 0) {
		enum tail_next opened = enter(tail, spool, on_open, ctx);

		if (opened != TAIL_RECORD)
			return opened;
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
