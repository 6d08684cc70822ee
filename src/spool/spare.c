/* SPDX-License-Identifier: ISC */
/*
 * spare.c - spare segments made of zeros, in pieces.
 * Over blocks that were written before, an fdatasync writes data alone; over fresh ones it waits
 * for a journal commit.
 */
#include "config.h"

#include "spool/spare.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "spool/board.h"
#include "spool/name.h"
#include "spool/spool.h"

enum {
	PIECE = 1024 * 1024,
	FLUSH = 8 * PIECE, /* a disk's own cache should not hold more of it */
	/* A spare is a luxury: so many times its size must be free. */
	FREE_FACTOR = 8,
};

static bool
count_spare(void *ctx, const char *name)
{
	uint64_t number;

	if (name_is_segment(name, "spare", &number))
		++*(unsigned *)ctx;
	return true;
}

unsigned
spare_count(const struct spool *spool)
{
	unsigned count = 0;

	name_walk(spool->log, count_spare, &count);
	return count;
}

static bool
is_space_ample(const struct spool *spool)
{
	struct statvfs fs;

	return fstatvfs(spool->log, &fs) == 0 &&
	       fs.f_bavail * fs.f_frsize / FREE_FACTOR >= spool->segment_size;
}

bool
spare_begin(struct spare *spare)
{
	const struct spool *spool = spare->spool;
	char name[NAME_SIZE];

	if (spare->fd >= 0)
		return true;
	if (spare_count(spool) > 0 || board_spares(spool->board) == 0 || !is_space_ample(spool))
		return false;
	name_prep(name);
	spare->fd = spool->disk->openat(spool->log, name, O_RDWR | O_CREAT | O_EXCL, 0600);
	spare->written = 0;
	if (spare->fd < 0)
		return false;
	spool->disk->fallocate(spare->fd, 0, (off_t)spool->segment_size);
	return true;
}

void
spare_cancel(struct spare *spare)
{
	char name[NAME_SIZE];

	if (spare->fd < 0)
		return;
	name_prep(name);
	close(spare->fd);
	spare->fd = -1;
	spare->spool->disk->unlinkat(spare->spool->log, name, 0);
}

static void
finish(struct spare *spare)
{
	const struct spool *spool = spare->spool;
	char prep[NAME_SIZE], name[NAME_SIZE];

	name_prep(prep);
	/* Number 0 is no segment's.  If another process was quicker, ours is not needed. */
	name_segment(0, "spare", name);
	if (spool->disk->fdatasync(spare->fd) < 0 ||
	    spool->disk->renameat(spool->log, prep, spool->log, name) < 0) {
		spare_cancel(spare);
		return;
	}
	close(spare->fd);
	spare->fd = -1;
	/* Who has said meanwhile that none may stay has looked for them already. */
	spare_trim(spool, board_spares(spool->board));
}

/* Written out at once: a segment of dirty pages at a time would hold up the commits. */
static int
write_piece(struct spare *spare, size_t len)
{
	const struct disk_ops *disk = spare->spool->disk;
	const unsigned all =
	    SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER;

	if (disk_write_zeros(disk, spare->fd, len, (off_t)spare->written) < 0 ||
	    sync_file_range(spare->fd, (off_t)spare->written, (off_t)len, all) < 0)
		return -1;
	return (spare->written + len) % FLUSH == 0 ? disk->fdatasync(spare->fd) : 0;
}

bool
spare_step(struct spare *spare)
{
	uint64_t left = spare->spool->segment_size - spare->written;
	size_t len = left < PIECE ? (size_t)left : PIECE;

	if (spare->fd < 0)
		return false;
	if (left == 0) {
		finish(spare);
		return false;
	}
	if (write_piece(spare, len) < 0) {
		spare_cancel(spare);
		return false;
	}
	spare->written += len;
	return true;
}

struct trim {
	const struct spool *spool;
	unsigned excess;
};

static bool
trim_one(void *ctx, const char *name)
{
	struct trim *trim = ctx;
	uint64_t number;

	if (trim->excess == 0 || !name_is_segment(name, "spare", &number))
		return trim->excess > 0;
	/* Whether it was removed or is in use by now, it is no spare any more. */
	trim->spool->disk->unlinkat(trim->spool->log, name, 0);
	trim->excess--;
	return true;
}

bool
spare_trim(const struct spool *spool, uint64_t max)
{
	unsigned count = spare_count(spool);
	struct trim trim = { spool, count > max ? count - (unsigned)max : 0 };

	return trim.excess == 0 || name_walk(spool->log, trim_one, &trim) == 0;
}

struct sweep {
	const struct spool *spool;
	int dir;
	bool is_first; /* of this process: what bears our pid is of an earlier one */
};

static bool
sweep_one(void *ctx, const char *name)
{
	const struct sweep *sweep = ctx;
	pid_t owner;

	if (!name_is_unfinished(name, &owner))
		return true;
	if (owner == getpid() ? sweep->is_first : kill(owner, 0) < 0 && errno == ESRCH)
		sweep->spool->disk->unlinkat(sweep->dir, name, 0);
	return true;
}

void
spare_sweep_unfinished(const struct spool *spool, int dir)
{
	struct sweep sweep = {
		.spool = spool,
		.dir = dir,
		.is_first = board_count(spool->board, getpid()) <= 1,
	};

	name_walk(dir, sweep_one, &sweep);
}
