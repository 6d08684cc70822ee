/* SPDX-License-Identifier: ISC */
/*
 * rewrite.c - what is sound of a damaged segment goes to a new one, and the old one, untouched, to
 * damaged/.
 * The order: outcomes of the new one, the new one under its name, both durable, then the old one
 * loses its name in log/.  Nothing is unlinked but what was begun here.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "spool/damage.h"
#include "spool/inspect.h"
#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/record.h"
#include "spool/spool.h"

struct rewrite {
	struct spool *spool;
	uint64_t from, to;
	const uint32_t *offset; /* in the old one */
	uint32_t *place;        /* the same records in the new one */
	size_t count;
	uint32_t end;
	struct str outcomes;
};

/* A file of the spool's owner, whoever we are. */
static int
make(const struct spool *spool, const char *name)
{
	int fd = spool->disk->openat(spool->log, name, O_WRONLY | O_CREAT | O_EXCL, 0600);
	struct stat st;

	if (fd >= 0 && geteuid() == 0 &&
	    (fstat(spool->log, &st) < 0 || fchown(fd, st.st_uid, st.st_gid) < 0)) {
		int error = errno;

		close(fd);
		spool->disk->unlinkat(spool->log, name, 0);
		errno = error;
		return -1;
	}
	return fd;
}

static int
put(const struct spool *spool, int fd, void *data, size_t len, off_t at)
{
	struct iovec iov = { data, len };

	return disk_write_all(spool->disk, fd, &iov, 1, at);
}

/* 0, or -1 and errno. */
static int
copy_record(struct rewrite *rewrite, int from, int to, size_t i)
{
	unsigned char head[RECORD_HEAD];
	struct record record;

	errno = EBADMSG;
	if (disk_read_all(from, head, sizeof head, rewrite->offset[i]) != 0 ||
	    record_decode(head, rewrite->from, rewrite->offset[i], &record) != RECORD_SOUND)
		return -1;

	size_t size = (size_t)record_size(&record);
	unsigned char *bytes = calloc(1, size);

	if (bytes == NULL)
		return -1;

	int result = disk_read_all(from, bytes, size, rewrite->offset[i]);

	/* Padding may be missing at the end of the file, and only there. */
	if (result >= 0) {
		record.segment = rewrite->to;
		record.offset = record.durable = rewrite->end;
		record.envelope_crc = record_envelope_crc(
		    rewrite->to, rewrite->end, bytes + RECORD_HEAD, record.envelope_len);
		record_encode(&record, bytes);
		result = put(rewrite->spool, to, bytes, size, rewrite->end);
	}
	free(bytes);
	rewrite->place[i] = rewrite->end;
	rewrite->end += (uint32_t)size;
	return result;
}

/* All of the new segment, sealed and synced: 0, or -1 and errno. */
static int
fill(struct rewrite *rewrite, int from, int to)
{
	const struct segment_frame frame = { .number = rewrite->to, .has_marks = true };
	unsigned char head[SEGMENT_HEAD], mark[SEGMENT_MARK];

	segment_head_encode(&frame, clock_real_ms(), head);
	rewrite->end = SEGMENT_HEAD;
	for (size_t i = 0; i < rewrite->count; i++)
		if (copy_record(rewrite, from, to, i) < 0)
			return -1;
	segment_mark_encode(rewrite->to, rewrite->end, mark);
	segment_seal_encode(rewrite->to, rewrite->end, head + SEGMENT_SEAL_AT);
	if (put(rewrite->spool, to, mark, sizeof mark, rewrite->end) < 0 ||
	    put(rewrite->spool, to, head, sizeof head, 0) < 0)
		return -1;
	return rewrite->spool->disk->fdatasync(to);
}

static int
by_offset(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static void
add_mark(struct rewrite *rewrite)
{
	unsigned char mark[OUTCOME_MARK];

	outcome_mark_encode(rewrite->to, rewrite->outcomes.len, mark);
	str_add(&rewrite->outcomes, mark, sizeof mark);
}

static void
add_outcome(void *ctx, const struct outcome *outcome)
{
	struct rewrite *rewrite = ctx;
	const uint32_t *at = bsearch(
	    &outcome->offset, rewrite->offset, rewrite->count, sizeof *rewrite->offset, by_offset);
	unsigned char bytes[OUTCOME_SIZE_MAX];
	struct outcome moved = *outcome;

	if (at == NULL)
		return;
	if (rewrite->outcomes.len == 0)
		add_mark(rewrite);
	moved.offset = rewrite->place[at - rewrite->offset];
	str_add(&rewrite->outcomes, bytes, outcome_encode(rewrite->to, &moved, bytes));
}

static void
ignore(void *ctx, const struct spool_finding *finding)
{
	(void)ctx;
	(void)finding;
}

static int
write_outcomes(struct rewrite *rewrite)
{
	struct spool *spool = rewrite->spool;
	void (*told)(void *ctx, const struct spool_finding *finding) = spool->on_finding;
	char name[NAME_SIZE];

	spool->on_finding = ignore;

	int result = outcomes_read(spool, rewrite->from, add_outcome, rewrite);

	spool->on_finding = told;
	if (result == 0 && rewrite->outcomes.len > 0)
		add_mark(rewrite);
	if (str_is_bad(&rewrite->outcomes)) {
		errno = ENOMEM;
		return -1;
	}
	if (result < 0 || rewrite->outcomes.len == 0)
		return result;
	name_segment(rewrite->to, "out", name);

	int fd = make(spool, name);

	if (fd < 0)
		return -1;
	result = put(spool, fd, rewrite->outcomes.data, rewrite->outcomes.len, 0);
	if (result == 0)
		result = spool->disk->fdatasync(fd);
	close(fd);
	return result;
}

static int
write_new(struct rewrite *rewrite, int from)
{
	const struct spool *spool = rewrite->spool;
	char prep[NAME_SIZE], name[NAME_SIZE];

	name_prep(prep);
	name_segment(rewrite->to, "seg", name);

	int to = make(spool, prep);
	int result = to < 0 ? -1 : fill(rewrite, from, to);

	if (result == 0)
		result = write_outcomes(rewrite);
	if (result == 0)
		result = spool->disk->renameat(spool->log, prep, spool->log, name);
	if (result == 0)
		result = spool->disk->fsync_dir(spool->log);

	int error = errno;

	if (result < 0 && to >= 0)
		spool->disk->unlinkat(spool->log, prep, 0);
	if (to >= 0)
		close(to);
	errno = error;
	return result;
}

struct aside {
	const struct spool *spool;
	uint64_t segment;
	int error;
};

static bool
move_stray(void *ctx, const char *name)
{
	struct aside *aside = ctx;
	uint64_t number;

	if (!name_is_stray(name, &number) || number != aside->segment)
		return true;
	if (damage_move(aside->spool, aside->spool->log, name) < 0)
		aside->error = errno;
	return aside->error == 0;
}

static int
set_stray_aside(const struct spool *spool, uint64_t number)
{
	struct aside aside = { .spool = spool, .segment = number };
	int result = name_walk(spool->log, move_stray, &aside);

	if (aside.error != 0)
		errno = aside.error;
	return aside.error != 0 ? -1 : result;
}

/* The segment first: without its outcomes what is done in it would come back.  Of a stray number
 * there may be any files. */
static int
set_old_aside(const struct spool *spool, uint64_t segment)
{
	char name[NAME_SIZE];

	name_segment(segment, "seg", name);
	if (damage_move(spool, spool->log, name) < 0)
		return -1;
	name_segment(segment, "out", name);
	if (damage_move(spool, spool->log, name) < 0 || set_stray_aside(spool, segment) < 0 ||
	    spool->disk->fsync_dir(spool->damaged) < 0)
		return -1;
	return spool->disk->fsync_dir(spool->log);
}

int
spool_rewrite(
    struct spool *spool, uint64_t segment, uint64_t number, const uint32_t *offset, size_t count)
{
	struct rewrite rewrite = {
		.spool = spool,
		.from = segment,
		.to = number,
		.offset = offset,
		.count = count,
		.outcomes = STR_EMPTY,
	};
	char name[NAME_SIZE];
	int result = 0;

	if (count > 0) {
		name_segment(segment, "seg", name);
		rewrite.place = calloc(count, sizeof *rewrite.place);

		int from = openat(spool->log, name, O_RDONLY | O_CLOEXEC);

		result = rewrite.place == NULL || from < 0 ? -1 : write_new(&rewrite, from);
		if (from >= 0)
			close(from);
		free(rewrite.place);
		str_free(&rewrite.outcomes);
	}
	return result < 0 ? -1 : set_old_aside(spool, segment);
}

int
spool_set_large_aside(struct spool *spool, uint64_t id)
{
	char name[NAME_SIZE];

	name_large(id, name);
	return damage_move(spool, spool->large, name);
}
