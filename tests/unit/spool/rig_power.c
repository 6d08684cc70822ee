/* SPDX-License-Identifier: ISC */
/*
 * rig_power.c - a disk whose power can fail.  It remembers what was not synced; when the power is
 * cut, any part of that may be lost: of data by the page, of names from some point on.
 */
#include "config.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "rig.h"

enum { PAGE = 4096, NOTES = 4096, NAME = 64 };

/* What stood there before. */
struct data_note {
	int fd;
	ino_t inode;
	off_t offset, old_size;
	size_t len;
	char *old;
};

enum change { MADE, RENAMED, REMOVED };

struct name_note {
	enum change change;
	int dir, to_dir;
	char name[NAME], to[NAME], kept[NAME];
};

static struct {
	pthread_mutex_t lock;
	int left; /* calls until the cut; -1: no cut planned */
	atomic_bool is_dead;
	struct data_note data[NOTES];
	struct name_note name[NOTES];
	size_t ndata, nnames;
	unsigned kept;
} power = { .lock = PTHREAD_MUTEX_INITIALIZER, .left = -1 };

/* Whether the power is gone; counts the call. */
static bool
is_dead(void)
{
	if (power.left == 0)
		power.is_dead = true;
	else if (power.left > 0)
		power.left--;
	if (power.is_dead)
		errno = EIO;
	return power.is_dead;
}

static void
note_data(int fd, off_t offset, size_t len)
{
	struct data_note *note = &power.data[power.ndata++];
	struct stat st;

	ck_assert_uint_lt(power.ndata, NOTES);
	ck_assert_int_eq(fstat(fd, &st), 0);
	*note = (struct data_note){ dup(fd), st.st_ino, offset, st.st_size, len, calloc(1, len) };
	ck_assert_int_ge(pread(fd, note->old, len, offset), 0);
}

static void
note_name(enum change change, int dir, const char *name, int to_dir, const char *to)
{
	struct name_note *note = &power.name[power.nnames++];

	ck_assert_uint_lt(power.nnames, NOTES);
	*note = (struct name_note){ .change = change, .dir = dir, .to_dir = to_dir };
	snprintf(note->name, sizeof note->name, "%s", name);
	snprintf(note->to, sizeof note->to, "%s", to);
	snprintf(note->kept, sizeof note->kept, "./kept-%d-%u", (int)getpid(), power.kept++);
}

static int
power_openat(int dir, const char *name, int flags, mode_t mode)
{
	int fd = -1;

	pthread_mutex_lock(&power.lock);
	if (!is_dead()) {
		bool is_new = (flags & O_CREAT) != 0 && faccessat(dir, name, F_OK, 0) < 0;

		fd = disk_os.openat(dir, name, flags, mode);
		if (fd >= 0 && is_new)
			note_name(MADE, dir, name, dir, "");
	}
	pthread_mutex_unlock(&power.lock);
	return fd;
}

static ssize_t
power_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	size_t len = 0;
	ssize_t n = -1;

	for (int i = 0; i < count; i++)
		len += iov[i].iov_len;
	pthread_mutex_lock(&power.lock);

	bool was_dead = power.is_dead;

	if (!is_dead()) {
		note_data(fd, offset, len);
		n = disk_os.pwritev(fd, iov, count, offset);
	} else if (!was_dead) {
		/* The write under which the power fails may have begun. */
		note_data(fd, offset, len);
		disk_os.pwritev(fd, iov, count, offset);
		errno = EIO;
	}
	pthread_mutex_unlock(&power.lock);
	return n;
}

static void
forget_data(ino_t inode)
{
	size_t kept = 0;

	for (size_t i = 0; i < power.ndata; i++) {
		if (power.data[i].inode != inode) {
			power.data[kept++] = power.data[i];
			continue;
		}
		close(power.data[i].fd);
		free(power.data[i].old);
	}
	power.ndata = kept;
}

static int
power_fdatasync(int fd)
{
	struct stat st;
	int result = -1;

	pthread_mutex_lock(&power.lock);
	if (!is_dead()) {
		fstat(fd, &st);
		forget_data(st.st_ino);
		result = 0;
	}
	pthread_mutex_unlock(&power.lock);
	return result;
}

static int
power_fsync_dir(int dir)
{
	size_t kept = 0;
	int result = -1;

	pthread_mutex_lock(&power.lock);
	if (!is_dead()) {
		for (size_t i = 0; i < power.nnames; i++)
			if (power.name[i].dir == dir)
				unlink(power.name[i].kept);
			else
				power.name[kept++] = power.name[i];
		power.nnames = kept;
		result = 0;
	}
	pthread_mutex_unlock(&power.lock);
	return result;
}

static int
power_fallocate(int fd, off_t offset, off_t len)
{
	(void)fd;
	(void)offset;
	(void)len;
	errno = EOPNOTSUPP;
	return -1;
}

static int
power_ftruncate(int fd, off_t len)
{
	int result = -1;

	pthread_mutex_lock(&power.lock);
	if (!is_dead())
		result = disk_os.ftruncate(fd, len);
	pthread_mutex_unlock(&power.lock);
	return result;
}

static int
power_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int result = -1;

	pthread_mutex_lock(&power.lock);
	if (!is_dead()) {
		result = disk_os.renameat(from_dir, from, to_dir, to);
		if (result == 0)
			note_name(RENAMED, from_dir, from, to_dir, to);
	}
	pthread_mutex_unlock(&power.lock);
	return result;
}

static int
power_unlinkat(int dir, const char *name, int flags)
{
	int result = -1;

	pthread_mutex_lock(&power.lock);
	if (!is_dead()) {
		note_name(REMOVED, dir, name, dir, "");
		if (linkat(dir, name, AT_FDCWD, power.name[power.nnames - 1].kept, 0) < 0)
			power.nnames--;
		result = disk_os.unlinkat(dir, name, flags);
	}
	pthread_mutex_unlock(&power.lock);
	return result;
}

const struct disk_ops rig_power_disk = {
	.openat = power_openat,
	.pread = pread,
	.pwritev = power_pwritev,
	.fdatasync = power_fdatasync,
	.fsync_dir = power_fsync_dir,
	.fallocate = power_fallocate,
	.ftruncate = power_ftruncate,
	.renameat = power_renameat,
	.unlinkat = power_unlinkat,
};

void
rig_power_plan(int calls)
{
	power.left = calls;
	power.is_dead = false;
}

bool
rig_power_is_cut(void)
{
	return power.is_dead;
}

static void
lose_data(const struct data_note *note, unsigned *seed)
{
	off_t end = note->offset + (off_t)note->len;

	for (off_t at = note->offset; at < end;) {
		off_t next = (at / PAGE + 1) * PAGE < end ? (at / PAGE + 1) * PAGE : end;

		if (rand_r(seed) % 2 == 0)
			ck_assert_int_ge(pwrite(note->fd, note->old + (at - note->offset),
					     (size_t)(next - at), at),
			    0);
		at = next;
	}
	if (end > note->old_size && rand_r(seed) % 4 == 0)
		ck_assert_int_eq(ftruncate(note->fd, note->old_size), 0);
}

static void
undo_name(const struct name_note *note)
{
	switch (note->change) {
	case MADE:
		unlinkat(note->dir, note->name, 0);
		break;
	case RENAMED:
		renameat(note->to_dir, note->to, note->dir, note->name);
		break;
	case REMOVED:
		ck_assert_int_eq(linkat(AT_FDCWD, note->kept, note->dir, note->name, 0), 0);
		break;
	}
}

void
rig_power_lose(unsigned seed)
{
	/* What was lost of names is lost from some change on. */
	size_t first = power.nnames > 0 ? (size_t)rand_r(&seed) % (power.nnames + 1) : 0;

	while (power.ndata > 0) {
		struct data_note *note = &power.data[--power.ndata];

		lose_data(note, &seed);
		close(note->fd);
		free(note->old);
	}
	for (size_t i = power.nnames; i > 0; i--) {
		if (i > first)
			undo_name(&power.name[i - 1]);
		unlink(power.name[i - 1].kept);
	}
	power.nnames = 0;
	rig_power_plan(-1);
}
