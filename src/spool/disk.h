/* SPDX-License-Identifier: ISC */
/* disk.h - the file operations of the spool, as a table, so that tests can break each of them. */
#ifndef SPOOL_DISK_H
#define SPOOL_DISK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

/*
 * Each returns as the system call of its name: -1 and errno, or what it did.  But renameat never
 * replaces a file: EEXIST.
 */
struct disk_ops {
	int (*openat)(int dir, const char *name, int flags, mode_t mode);
	ssize_t (*pread)(int fd, void *buf, size_t len, off_t offset); /* only the reader's */
	ssize_t (*pwritev)(int fd, const struct iovec *iov, int count, off_t offset);
	int (*fdatasync)(int fd);
	int (*fsync_dir)(int dir);
	int (*fallocate)(int fd, off_t offset, off_t len);
	int (*ftruncate)(int fd, off_t len);
	int (*renameat)(int from_dir, const char *from, int to_dir, const char *to);
	int (*unlinkat)(int dir, const char *name, int flags);
};

/* The real ones. */
extern const struct disk_ops disk_os;

/* Whether this errno value is a shortage that passes, and says nothing of the disk. */
bool disk_is_short(int error);

/* Whether somebody took the name of an open file away: what is written to it is lost with it. */
bool disk_is_removed(int fd);

/* Write all of iov (which is consumed) at offset: 0, or -1 and errno; a short write of 0 is EIO. */
int disk_write_all(const struct disk_ops *ops, int fd, struct iovec *iov, int count, off_t offset);

/* The same with so many zeros, which take as much memory meanwhile. */
int disk_write_zeros(const struct disk_ops *ops, int fd, size_t len, off_t offset);

/* Read exactly len bytes: 0; 1 when the file ends before; -1 and errno. */
int disk_read_all(int fd, void *buf, size_t len, off_t offset);

#endif
