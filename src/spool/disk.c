/* SPDX-License-Identifier: ISC */
/*
 * disk.c - the real file operations, and loops around them.  A call that EINTR broke is repeated;
 * no other failure is, least of all one of fdatasync: the kernel may have thrown the data away.
 */
#include "config.h"

#include "spool/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static int
os_openat(int dir, const char *name, int flags, mode_t mode)
{
	return openat(dir, name, flags | O_CLOEXEC, mode);
}

static ssize_t
os_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	return pwritev(fd, iov, count, offset);
}

static int
os_fallocate(int fd, off_t offset, off_t len)
{
	return fallocate(fd, 0, offset, len);
}

/* Where the file system cannot refuse by itself, only a name that appears in between is replaced.
 */
static int
os_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	if (renameat2(from_dir, from, to_dir, to, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	if (faccessat(to_dir, to, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		errno = EEXIST;
		return -1;
	}
	return renameat(from_dir, from, to_dir, to);
}

const struct disk_ops disk_os = {
	.openat = os_openat,
	.pread = pread,
	.pwritev = os_pwritev,
	.fdatasync = fdatasync,
	.fsync_dir = fsync,
	.fallocate = os_fallocate,
	.ftruncate = ftruncate,
	.renameat = os_renameat,
	.unlinkat = unlinkat,
};

/* Drop `written` bytes from the front of iov; how many of its parts are used up. */
static int
consume(struct iovec *iov, int count, size_t written)
{
	int used = 0;

	while (used < count && written >= iov[used].iov_len)
		written -= iov[used++].iov_len;
	if (used < count) {
		iov[used].iov_base = (char *)iov[used].iov_base + written;
		iov[used].iov_len -= written;
	}
	return used;
}

bool
disk_is_short(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR;
}

bool
disk_is_removed(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && st.st_nlink == 0;
}

int
disk_write_all(const struct disk_ops *ops, int fd, struct iovec *iov, int count, off_t offset)
{
	int used = consume(iov, count, 0);

	while (used < count) {
		int batch = count - used < IOV_MAX ? count - used : IOV_MAX;
		ssize_t n = ops->pwritev(fd, iov + used, batch, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n == 0)
			errno = EIO;
		if (n <= 0)
			return -1;
		offset += n;
		used += consume(iov + used, count - used, (size_t)n);
	}
	return 0;
}

int
disk_write_zeros(const struct disk_ops *ops, int fd, size_t len, off_t offset)
{
	void *zeros = calloc(1, len);
	struct iovec iov = { zeros, len };
	int result = zeros != NULL ? disk_write_all(ops, fd, &iov, 1, offset) : -1;

	free(zeros);
	return result;
}

int
disk_read_all(int fd, void *buf, size_t len, off_t offset)
{
	char *at = buf;

	while (len > 0) {
		ssize_t n = pread(fd, at, len, offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			return 1;
		at += n;
		len -= (size_t)n;
		offset += n;
	}
	return 0;
}
