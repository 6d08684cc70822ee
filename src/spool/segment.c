/* SPDX-License-Identifier: ISC */
/*
 * segment.c - start, append to, seal and give up a segment.
 * The rule: what a failed write or sync has touched is cut off and never written again, for after a
 * failed fdatasync nobody can say what the disk holds.  The next group goes to another file.
 * And whatever ends without a mark tells that something is missing: a file has its first block and
 * its size before it has its name, each group brings the next mark, and no cut of ours takes it.
 */
#include "config.h"

#include "spool/segment.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "spool/board.h"
#include "spool/name.h"
#include "spool/record.h"
#include "spool/spool.h"

enum {
	AHEAD = 1024 * 1024, /* of zeros: hundreds of small messages, a few ms of a disk's time */
};

struct spare_search {
	const struct segment *segment;
	bool taken;
	int error;
};

/* Whether nothing but the name would be odd about such a segment. */
static bool
is_spare(const struct spool *spool, const char *name)
{
	struct stat st;
	uint64_t number;

	return name_is_segment(name, "spare", &number) &&
	       fstatat(spool->log, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
	       (uint64_t)st.st_size == spool->segment_size;
}

/* Writers race for spares: whoever renames one has it. */
static bool
try_spare(void *ctx, const char *name)
{
	struct spare_search *search = ctx;
	const struct spool *spool = search->segment->spool;
	char mine[NAME_SIZE];

	if (!is_spare(spool, name))
		return true;
	name_segment(search->segment->number, "seg", mine);
	if (spool->disk->renameat(spool->log, name, spool->log, mine) < 0) {
		search->error = errno == ENOENT ? 0 : errno;
		return errno == ENOENT;
	}
	search->taken = true;
	return false;
}

static int
open_spare(const struct segment *segment)
{
	const struct spool *spool = segment->spool;
	struct spare_search search = { .segment = segment };
	char name[NAME_SIZE];

	if (name_walk(spool->log, try_spare, &search) < 0 || !search.taken) {
		errno = search.error != 0 ? search.error : ENOENT;
		return -1;
	}
	name_segment(segment->number, "seg", name);
	return spool->disk->openat(spool->log, name, O_RDWR, 0);
}

/* Blocks laid out at once keep the file in one piece; without them it merely grows as it is
 * written, which is what a lean one should. */
static void
lay_out(const struct segment *segment, int fd)
{
	const struct spool *spool = segment->spool;

	if (!segment->is_lean && spool->disk->fallocate(fd, 0, (off_t)spool->segment_size) < 0)
		log_debug("segment_not_laid_out", log_d("segment", segment->number),
		    log_s("why", strerror(errno)));
}

/* The first block, and behind it the mark of a segment without records. */
static int
write_head(const struct segment *segment, int fd)
{
	unsigned char bytes[SEGMENT_HEAD + SEGMENT_MARK];
	struct segment_frame frame = { .number = segment->number, .has_marks = true };
	struct iovec iov = { bytes, sizeof bytes };
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -1;
	frame.size = (uint64_t)st.st_size;
	segment_head_encode(&frame, clock_real_ms(), bytes);
	segment_mark_encode(segment->number, SEGMENT_HEAD, bytes + SEGMENT_HEAD);
	return disk_write_all(segment->spool->disk, fd, &iov, 1, 0);
}

static int
make_durable(const struct segment *segment, int fd)
{
	lay_out(segment, fd);
	return write_head(segment, fd) < 0 ? -1 : segment->spool->disk->fdatasync(fd);
}

/* A new file, which is sound as soon as it has its name: the descriptor, or -1 and errno. */
static int
create(const struct segment *segment)
{
	const struct spool *spool = segment->spool;
	char prep[NAME_SIZE], name[NAME_SIZE];

	name_segment_prep(segment->number, prep);
	name_segment(segment->number, "seg", name);

	int fd = spool->disk->openat(spool->log, prep, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return -1;
	if (make_durable(segment, fd) == 0 &&
	    spool->disk->renameat(spool->log, prep, spool->log, name) == 0)
		return fd;

	int error = errno;

	close(fd);
	spool->disk->unlinkat(spool->log, prep, 0);
	errno = error;
	return -1;
}

/*
 * The file system's word: blocks that were laid out and not yet written are holes to it.  So are
 * those of a spare whose segment was left before it was full.  A file that grows has none to fill.
 */
static uint64_t
find_written(const struct segment *segment)
{
	off_t hole = segment->is_lean ? -1 : lseek(segment->fd, 0, SEEK_HOLE);

	return hole >= 0 ? (uint64_t)hole : segment->spool->segment_size;
}

/*
 * A sync over blocks that were never written waits for the journal, which takes as long again. Once
 * it has to, many blocks share it: zeros stand where zeros were read before, so that nobody sees a
 * difference, whatever of them a crash keeps.  Where they cannot be written, syncs just take
 * longer.
 */
static void
write_ahead(struct segment *segment, uint32_t end)
{
	uint64_t room = segment->spool->segment_size - end;
	size_t len = room < AHEAD ? (size_t)room : AHEAD;

	if (disk_write_zeros(segment->spool->disk, segment->fd, len, (off_t)end) == 0)
		segment->written = end + len;
	else
		segment->written = segment->spool->segment_size;
}

static int
write_seal(const struct segment *segment)
{
	unsigned char seal[SEGMENT_SEAL];
	struct iovec iov = { seal, sizeof seal };

	segment_seal_encode(segment->number, segment->end, seal);
	return disk_write_all(segment->spool->disk, segment->fd, &iov, 1, SEGMENT_SEAL_AT);
}

/* Close it and leave it to the readers. */
static void
leave(struct segment *segment)
{
	int error = errno;

	if (segment->fd >= 0)
		close(segment->fd);
	segment->fd = -1;
	board_leave_segment(segment->spool->board, segment->slot);
	errno = error;
}

static int
write_mark(const struct segment *segment)
{
	unsigned char mark[SEGMENT_MARK];
	struct iovec iov = { mark, sizeof mark };

	segment_mark_encode(segment->number, segment->end, mark);
	return disk_write_all(segment->spool->disk, segment->fd, &iov, 1, (off_t)segment->end);
}

/*
 * Cut off what lies behind `end`.  A seal says so, too, and does as well where cutting fails; but
 * none of it is synced, and what the power leaves of it must end with a mark.
 */
static void
cut(const struct segment *segment)
{
	const struct spool *spool = segment->spool;
	bool is_sealed = write_seal(segment) == 0;

	if (write_mark(segment) < 0)
		log_debug("segment_not_marked", log_d("segment", segment->number),
		    log_s("why", strerror(errno)));
	if (spool->disk->ftruncate(segment->fd, (off_t)segment->end + SEGMENT_MARK) < 0 &&
	    !is_sealed)
		log_error("segment_not_cut", log_d("segment", segment->number),
		    log_d("offset", segment->end), log_s("why", strerror(errno)));
}

/* Without a descriptor the file of this name, if there is one, is not ours. */
static void
remove_name(const struct segment *segment)
{
	char name[NAME_SIZE];

	name_segment(segment->number, "seg", name);
	if (segment->fd >= 0)
		segment->spool->disk->unlinkat(segment->spool->log, name, 0);
}

/* Leave it, as good as if what lies behind `end` had never been written: cut before its name goes,
 * for readers may have it open. */
static void
give_up(struct segment *segment)
{
	int error = errno;

	cut(segment);
	if (segment->end <= SEGMENT_HEAD)
		remove_name(segment);
	errno = error;
	leave(segment);
}

/* The name is durable before anything is written under it: were it lost and not the records, its
 * number would be given out again while a file holds records of it. */
int
segment_start(struct segment *segment)
{
	const struct spool *spool = segment->spool;

	segment->number = board_start_segment(spool->board, segment->slot);
	segment->end = SEGMENT_HEAD;
	segment->fd = segment->is_lean ? -1 : open_spare(segment);

	bool is_spare = segment->fd >= 0;

	if (segment->is_lean || (!is_spare && errno == ENOENT))
		segment->fd = create(segment);
	if (segment->fd >= 0 && spool->disk->fsync_dir(spool->log) == 0 &&
	    (!is_spare || write_head(segment, segment->fd) == 0)) {
		segment->written = find_written(segment);
		return 0;
	}

	int error = errno;

	/* Not cut: while the name is not durable, it may be an older segment after all. */
	remove_name(segment);
	errno = error;
	leave(segment);
	return -1;
}

uint32_t
segment_room(const struct segment *segment)
{
	uint64_t size = segment->spool->segment_size;

	return size > segment->end + SEGMENT_MARK ? (uint32_t)(size - segment->end - SEGMENT_MARK)
						  : 0;
}

int
segment_append(struct segment *segment, struct iovec *iov, int count, uint32_t len)
{
	const struct spool *spool = segment->spool;
	uint32_t end = segment->end + len;
	unsigned char mark[SEGMENT_MARK];
	int result;

	segment_mark_encode(segment->number, end, mark);
	iov[count] = (struct iovec){ mark, sizeof mark };
	result = disk_write_all(spool->disk, segment->fd, iov, count + 1, (off_t)segment->end);
	if (result == 0 && (uint64_t)end + SEGMENT_MARK > segment->written)
		write_ahead(segment, end + SEGMENT_MARK);
	if (result < 0 || spool->disk->fdatasync(segment->fd) < 0) {
		give_up(segment);
		return -1;
	}
	segment->end = end;
	board_commit(spool->board, segment->slot, segment->end);
	return 0;
}

int
segment_finish(struct segment *segment)
{
	int result;

	if (segment->fd < 0)
		return 0;
	result = write_seal(segment);
	if (result == 0)
		result = segment->spool->disk->fdatasync(segment->fd);
	leave(segment);
	return result;
}
