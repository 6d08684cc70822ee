/* SPDX-License-Identifier: ISC */
/*
 * inspect.c - the reader that outbound uses, over a board on which nobody writes, with the
 * outcomes' loader: what this finds is what the daemon would find.
 */
#include "config.h"

#include "spool/inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "spool/name.h"
#include "spool/outcomes.h"
#include "spool/record.h"
#include "spool/spool.h"

enum { PIECE = 64 * 1024 };

struct inspection {
	struct spool *spool;
	const struct spool_inspect_events *events;
	void *ctx;
	uint64_t segment;
	uint32_t reach; /* of its outcomes */
	int error;      /* of an outcome file */
};

static void
on_outcome(void *ctx, const struct outcome *outcome)
{
	struct inspection *inspection = ctx;

	if (outcome->offset > inspection->reach)
		inspection->reach = outcome->offset;
	inspection->events->on_outcome(inspection->ctx, inspection->segment, outcome);
}

static int
on_segment(void *ctx, uint64_t segment, uint32_t *reach)
{
	struct inspection *inspection = ctx;

	inspection->segment = segment;
	inspection->reach = 0;
	inspection->events->on_segment(inspection->ctx, segment);
	if (outcomes_read(inspection->spool, segment, on_outcome, inspection) < 0)
		inspection->error = errno;
	*reach = inspection->reach;
	return 0;
}

static bool
on_large(void *ctx, const char *name)
{
	const struct inspection *inspection = ctx;
	uint64_t id;

	if (name_is_large(name, &id))
		inspection->events->on_large(inspection->ctx, id);
	return true;
}

int
spool_inspect(struct spool *spool, const struct spool_inspect_events *events, void *ctx)
{
	static const struct spool_reader_events reader_events = { .on_segment = on_segment };
	struct inspection inspection = { .spool = spool, .events = events, .ctx = ctx };
	struct spool_reader *reader = spool_reader_new(spool, NULL);
	struct spool_record record;
	enum spool_next next;

	if (reader == NULL)
		return -1;
	spool_reader_on(reader, &reader_events, &inspection);
	orphans_clear(spool);
	while ((next = spool_reader_next(reader, &record)) == SPOOL_NEXT_RECORD)
		events->on_message(ctx, &record);

	int error = next == SPOOL_NEXT_ERROR ? errno : inspection.error;

	spool_reader_free(&reader);
	errno = error;
	return error != 0 ? -1 : name_walk(spool->large, on_large, &inspection);
}

/* Up to len octets, as far as they can be had: 0, or -1 and errno when they cannot be written. */
static int
pour(const struct spool *spool, int from, off_t at, uint64_t len, int to)
{
	char *piece = malloc(PIECE);
	int result = piece == NULL ? -1 : 0;
	uint64_t done = 0;

	while (result == 0 && done < len) {
		size_t want = len - done < PIECE ? (size_t)(len - done) : PIECE;
		ssize_t n = pread(from, piece, want, at + (off_t)done);

		if (n <= 0)
			break;

		struct iovec iov = { piece, (size_t)n };
		off_t end = lseek(to, 0, SEEK_END);

		result = end < 0 ? -1 : disk_write_all(spool->disk, to, &iov, 1, end);
		done += (uint64_t)n;
	}
	free(piece);
	return result;
}

static int
salvage(const struct spool *spool, int fd, const struct spool_place *place, int to)
{
	unsigned char head[RECORD_HEAD];
	struct record record;
	char name[NAME_SIZE];
	int result = disk_read_all(fd, head, sizeof head, place->offset);

	if (result < 0)
		return -1;
	if (result > 0 ||
	    record_decode(head, place->segment, place->offset, &record) != RECORD_SOUND) {
		errno = EBADMSG;
		return -1;
	}
	if (record.type == RECORD_INLINE)
		return pour(spool, fd,
		    (off_t)place->offset + RECORD_HEAD + (off_t)record.envelope_len,
		    record.content_len, to);
	name_large(record.id, name);

	if (spool->large < 0)
		return 0;

	int large = openat(spool->large, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (large < 0)
		return errno == ENOENT ? 0 : -1;
	result = pour(spool, large, 0, record.content_len, to);
	close(large);
	return result;
}

int
spool_salvage(struct spool *spool, const struct spool_place *place, int to)
{
	char name[NAME_SIZE];

	name_segment(place->segment, "seg", name);

	int fd = openat(spool->log, name, O_RDONLY | O_CLOEXEC);
	int result = fd < 0 ? -1 : salvage(spool, fd, place, to), error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return result;
}
