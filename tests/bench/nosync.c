/* SPDX-License-Identifier: ISC */
/*
 * nosync.c - a library to preload: every sync succeeds and does nothing. With it the bench runs the
 * listener as it is, but for the disk's part: the limit that no sync can beat.
 */
#include <fcntl.h>
#include <unistd.h>

int
fsync(int fd)
{
	(void)fd;
	return 0;
}

int
fdatasync(int fd)
{
	(void)fd;
	return 0;
}

int
sync_file_range(int fd, off64_t offset, off64_t len, unsigned int flags)
{
	(void)fd;
	(void)offset;
	(void)len;
	(void)flags;
	return 0;
}
