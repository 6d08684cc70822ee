/* SPDX-License-Identifier: ISC */
/* rig_disk.c - a table of file operations around the real ones; each can be told to fail.  Syncs
 * take no time. */
#include "config.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "rig.h"

static struct {
	atomic_int calls, after, times, error;
} plan[CALLS];
static atomic_int slow_ms;
static _Atomic off_t bad_from, bad_to;

void
rig_break(enum disk_call call, int after, int times, int error)
{
	plan[call].error = error;
	plan[call].after = after;
	plan[call].times = times;
}

void
rig_mend(void)
{
	for (int i = 0; i < CALLS; i++)
		plan[i].times = 0;
}

int
rig_calls(enum disk_call call)
{
	return plan[call].calls;
}

void
rig_slow(int ms)
{
	slow_ms = ms;
}

void
rig_spoil(off_t from, off_t to)
{
	bad_from = from;
	bad_to = to;
}

/* Whether this call is to fail; errno is set then. */
static bool
fails(enum disk_call call)
{
	atomic_fetch_add(&plan[call].calls, 1);
	if (plan[call].times <= 0)
		return false;
	if (atomic_fetch_sub(&plan[call].after, 1) > 0)
		return false;
	if (atomic_fetch_sub(&plan[call].times, 1) <= 0)
		return false;
	errno = plan[call].error;
	return true;
}

static void
be_slow(void)
{
	int ms = slow_ms;

	if (ms > 0)
		nanosleep(&(struct timespec){ .tv_nsec = ms * 1000000L }, NULL);
}

static int
broken_openat(int dir, const char *name, int flags, mode_t mode)
{
	return fails(CALL_OPENAT) ? -1 : disk_os.openat(dir, name, flags, mode);
}

/* Pages that cannot be read, as a disk has them: what stands before is given, then EIO. */
static ssize_t
broken_pread(int fd, void *buf, size_t len, off_t offset)
{
	off_t from = bad_from, to = bad_to;

	if (to == 0 || offset >= to || offset + (off_t)len <= from)
		return pread(fd, buf, len, offset);
	if (offset >= from) {
		errno = EIO;
		return -1;
	}
	return pread(fd, buf, (size_t)(from - offset), offset);
}

static ssize_t
broken_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	be_slow();
	if (!fails(CALL_PWRITEV))
		return disk_os.pwritev(fd, iov, count, offset);
	if (errno != 0)
		return -1;

	struct iovec half = { iov[0].iov_base, (iov[0].iov_len + 1) / 2 };

	return disk_os.pwritev(fd, &half, 1, offset);
}

static int
broken_fdatasync(int fd)
{
	(void)fd;
	be_slow();
	return fails(CALL_FDATASYNC) ? -1 : 0;
}

static int
broken_fsync_dir(int dir)
{
	(void)dir;
	return fails(CALL_FSYNC_DIR) ? -1 : 0;
}

static int
broken_fallocate(int fd, off_t offset, off_t len)
{
	return fails(CALL_FALLOCATE) ? -1 : disk_os.fallocate(fd, offset, len);
}

static int
broken_ftruncate(int fd, off_t len)
{
	return fails(CALL_FTRUNCATE) ? -1 : disk_os.ftruncate(fd, len);
}

static int
broken_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	return fails(CALL_RENAMEAT) ? -1 : disk_os.renameat(from_dir, from, to_dir, to);
}

static int
broken_unlinkat(int dir, const char *name, int flags)
{
	return fails(CALL_UNLINKAT) ? -1 : disk_os.unlinkat(dir, name, flags);
}

const struct disk_ops rig_disk = {
	.openat = broken_openat,
	.pread = broken_pread,
	.pwritev = broken_pwritev,
	.fdatasync = broken_fdatasync,
	.fsync_dir = broken_fsync_dir,
	.fallocate = broken_fallocate,
	.ftruncate = broken_ftruncate,
	.renameat = broken_renameat,
	.unlinkat = broken_unlinkat,
};
