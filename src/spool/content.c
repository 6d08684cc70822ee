/* SPDX-License-Identifier: ISC */
/*
 * content.c - a message read again by its place: first its record's head, then what it names.
 * No octet of a content leaves here before the checksum over all of it was seen to match.
 */
#include "config.h"

#include <errno.h>
#include <event2/buffer.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "spool/damage.h"
#include "spool/envelope.h"
#include "spool/message.h"
#include "spool/name.h"
#include "spool/reader.h"
#include "spool/record.h"
#include "spool/spool.h"

enum { PIECE = 128 * 1024 };

static int
open_segment(const struct spool *spool, uint64_t number)
{
	char name[NAME_SIZE];

	name_segment(number, "seg", name);
	return openat(spool->log, name, O_RDONLY | O_CLOEXEC);
}

/* 1, after saying so; -1 and errno when it could not be set aside, for then this is its only copy.
 */
static int
damaged(const struct spool *spool, int fd, const struct spool_place *place,
    const struct record *record, const char *what)
{
	const struct damage damage = {
		.segment = place->segment,
		.offset = place->offset,
		.len = record != NULL ? record_size(record) : RECORD_HEAD,
		.id = record != NULL ? record->id : 0,
		.what = what,
	};

	return damage_report(spool, fd, &damage) < 0 ? -1 : 1;
}

/* 0, 1, -1 as in reader.h. */
static int
read_head(const struct spool *spool, int fd, const struct spool_place *place, struct record *record)
{
	unsigned char head[RECORD_HEAD];
	int result = disk_read_all(fd, head, sizeof head, (off_t)place->offset);

	if (result < 0)
		return -1;
	if (result > 0 ||
	    record_decode(head, place->segment, place->offset, record) != RECORD_SOUND)
		return damaged(spool, fd, place, NULL, "no record here any more");
	return 0;
}

static int
read_lines(
    const struct spool *spool, int fd, const struct spool_place *place, struct envelope **out)
{
	struct record record;
	int result = read_head(spool, fd, place, &record);
	char *text;

	if (result != 0)
		return result;
	text = malloc((size_t)record.envelope_len + 1);
	if (text == NULL)
		return -1;
	result = disk_read_all(fd, text, record.envelope_len, (off_t)place->offset + RECORD_HEAD);
	if (result == 0 && record_envelope_crc(place->segment, place->offset, text,
			       record.envelope_len) != record.envelope_crc)
		result = 1;
	if (result == 0) {
		*out = envelope_decode(text, record.envelope_len);
		if (*out == NULL)
			result = errno == EBADMSG ? 1 : -1;
		else
			(*out)->id = record.id;
	}
	free(text);
	return result == 1 ? damaged(spool, fd, place, &record, "envelope is damaged") : result;
}

void
spool_look_begin(struct spool_look *look, struct spool *spool)
{
	*look = (struct spool_look){ .spool = spool, .fd = -1 };
}

int
spool_look_at(struct spool_look *look, const struct spool_place *place, struct envelope **out)
{
	*out = NULL;
	if (look->fd < 0 || look->segment != place->segment) {
		spool_look_end(look);
		look->fd = open_segment(look->spool, place->segment);
		look->segment = place->segment;
	}
	return look->fd < 0 ? -1 : read_lines(look->spool, look->fd, place, out);
}

void
spool_look_end(struct spool_look *look)
{
	int error = errno;

	if (look->fd >= 0)
		close(look->fd);
	look->fd = -1;
	errno = error;
}

int
spool_read_envelope(struct spool *spool, const struct spool_place *place, struct envelope **out)
{
	struct spool_look look;
	int result;

	spool_look_begin(&look, spool);
	result = spool_look_at(&look, place, out);
	spool_look_end(&look);
	return result;
}

/* Read straight into the buffer's own memory, and let it count only if it is sound. */
static int
read_inline(const struct spool *spool, int fd, const struct record *record, struct evbuffer *out)
{
	const struct spool_place place = { record->segment, record->offset };
	off_t at = (off_t)record->offset + RECORD_HEAD + (off_t)record->envelope_len;
	size_t len = (size_t)record->content_len;
	struct evbuffer_iovec room;
	int result;

	if (len == 0)
		return 0;
	if (evbuffer_reserve_space(out, (ev_ssize_t)len, &room, 1) != 1) {
		errno = ENOMEM;
		return -1;
	}
	result = disk_read_all(fd, room.iov_base, len, at);
	if (result < 0)
		return -1;
	if (result > 0 || crc32c(0, room.iov_base, len) != record->content_crc)
		return damaged(spool, fd, &place, record, "content does not match its checksum");
	room.iov_len = len;
	return evbuffer_commit_space(out, &room, 1);
}

/* Read it through once: 0, 1, -1. */
static int
check_large(int fd, const struct record *record)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	if (!S_ISREG(st.st_mode))
		return 1;

	char *piece = malloc(PIECE);
	uint32_t crc = 0;
	uint64_t done = 0;
	int result = piece == NULL ? -1 : 0;

	while (result == 0 && done < record->content_len) {
		uint64_t left = record->content_len - done;
		size_t want = left < PIECE ? (size_t)left : PIECE;

		result = disk_read_all(fd, piece, want, (off_t)done);
		if (result == 0)
			crc = crc32c(crc, piece, want);
		done += want;
	}
	free(piece);
	return result == 0 && crc != record->content_crc ? 1 : result;
}

static int
open_large(const struct spool *spool, const struct record *record, int *fd)
{
	const struct damage damage = {
		.segment = record->segment,
		.offset = record->offset,
		.len = record->content_len,
		.id = record->id,
		.what = "large content is missing or does not match its checksum",
	};
	char name[NAME_SIZE];
	int result, error;

	name_large(record->id, name);
	*fd = spool->large < 0 ? -1 : openat(spool->large, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (*fd < 0 && spool->large >= 0 && errno != ENOENT)
		return -1;
	result = *fd < 0 ? 1 : check_large(*fd, record);
	error = errno;
	if (result == 1 && damage_large(spool, &damage) < 0) {
		error = errno;
		result = -1;
	}
	if (result != 0 && *fd >= 0)
		close(*fd);
	if (result != 0)
		*fd = -1;
	errno = error;
	return result;
}

/* `record` tells the caller what the content is like; without `large` a large one is not opened. */
static int
read_content(struct spool *spool, const struct spool_place *place, struct evbuffer *out, int *large,
    struct record *record)
{
	int fd = open_segment(spool, place->segment), result;

	if (large != NULL)
		*large = -1;
	if (fd < 0)
		return -1;
	result = read_head(spool, fd, place, record);
	if (result == 0 && record->type == RECORD_INLINE)
		result = read_inline(spool, fd, record, out);
	else if (result == 0 && large != NULL)
		result = open_large(spool, record, large);

	int error = errno;

	close(fd);
	errno = error;
	return result;
}

int
spool_read_content(struct spool *spool, const struct spool_place *place, struct evbuffer *out,
    int *fd, uint64_t *len)
{
	struct record record;
	int result = read_content(spool, place, out, fd, &record);

	*len = result == 0 ? record.content_len : 0;
	return result;
}

int
spool_message_take(struct spool_message *message, const struct spool_place *place)
{
	struct record record;
	int result = read_content(message->writer->spool, place, message->content, NULL, &record);

	if (result == 0 && record.type == RECORD_LARGE && record.id != message->id) {
		errno = EINVAL;
		result = -1;
	}
	if (result != 0) {
		message->error = result < 0 ? errno : EBADMSG;
		return result;
	}
	message->size = record.content_len;
	message->crc = record.content_crc;
	message->after = place->segment;
	if (record.type == RECORD_LARGE) {
		evbuffer_free(message->content);
		message->content = NULL;
		message->is_kept = true;
	}
	return 0;
}
