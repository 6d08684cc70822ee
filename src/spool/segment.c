/* SPDX-License-Identifier: ISC */
/*
 * segment.c - start, append to, seal and give up a segment.
 * The rule: what a failed write or sync has touched is cut off and never written again, for after a
 * failed fdatasync nobody can say what the disk holds.  The next group goes to another file.
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
static int
create(const struct segment *segment)
{
	const struct spool *spool = segment->spool;
	char name[NAME_SIZE];

	name_segment(segment->number, "seg", name);

	int fd = spool->disk->openat(spool->log, name, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd >= 0 && !segment->is_lean &&
	    spool->disk->fallocate(fd, 0, (off_t)spool->segment_size) < 0)
		log_debug("segment_not_laid_out", log_d("segment", segment->number),
		    log_s("why", strerror(errno)));
	return fd;
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
write_head(const struct segment *segment)
{
	unsigned char head[SEGMENT_HEAD];
	struct iovec iov = { head, sizeof head };

	segment_head_encode(segment->number, clock_real_ms(), head);
	return disk_write_all(segment->spool->disk, segment->fd, &iov, 1, 0);
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

/* Leave it, as good as if what lies behind `end` had never been written. */
static void
give_up(struct segment *segment)
{
	const struct spool *spool = segment->spool;
	char name[NAME_SIZE];
	int error = errno;

	/* Where cutting fails, a seal that says where the records end does as well. */
	if (segment->fd >= 0 && spool->disk->ftruncate(segment->fd, (off_t)segment->end) < 0 &&
	    write_seal(segment) < 0)
		log_error("segment_not_cut", log_d("segment", segment->number),
		    log_d("offset", segment->end), log_s("why", strerror(errno)));
	name_segment(segment->number, "seg", name);
	/* Without a descriptor the file of this name, if there is one, is not ours. */
	if (segment->fd >= 0 && segment->end <= SEGMENT_HEAD)
		spool->disk->unlinkat(spool->log, name, 0);
	errno = error;
	leave(segment);
}

/* The name is durable before anything is written: were it lost and not the records, its number
 * would be given out again while a file holds records of it. */
int
segment_start(struct segment *segment)
{
	const struct spool *spool = segment->spool;

	segment->number = board_start_segment(spool->board, segment->slot);
	segment->end = SEGMENT_HEAD;
	segment->fd = segment->is_lean ? -1 : open_spare(segment);
	if (segment->is_lean || (segment->fd < 0 && errno == ENOENT))
		segment->fd = create(segment);
	if (segment->fd >= 0)
		segment->written = find_written(segment);
	if (segment->fd >= 0 && spool->disk->fsync_dir(spool->log) == 0 && write_head(segment) == 0)
		return 0;
	give_up(segment);
	return -1;
}

uint32_t
segment_room(const struct segment *segment)
{
	uint64_t size = segment->spool->segment_size;

	return size > segment->end ? (uint32_t)(size - segment->end) : 0;
}

int
segment_append(struct segment *segment, struct iovec *iov, int count, uint32_t len)
{
	const struct spool *spool = segment->spool;
	uint32_t end = segment->end + len;
	int result = disk_write_all(spool->disk, segment->fd, iov, count, (off_t)segment->end);

	if (result == 0 && end > segment->written)
		write_ahead(segment, end);
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
