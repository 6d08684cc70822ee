/* SPDX-License-Identifier: ISC */
/*
 * trace.c - see trace.h.  The rule: an operation and its note are made under one lock, so the notes
 * have the order of the operations.  A sync is the exception: what comes while it runs is not
 * covered by it, so its beginning counts.
 */
#include "config.h"

#include "trace.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SYNC_US = 400 };

struct inode {
	ino_t number;
	unsigned file;
	bool is_suspect;  /* a sync of it failed */
	bool is_outcomes; /* which are written over before they are synced again */
};

static struct {
	pthread_mutex_t lock;
	struct trace trace;
	struct inode *inode; /* the last one of a number counts */
	size_t ninodes, inodes_size;
	ino_t dir[TRACE_DIRS];
	unsigned seed, fail_one_of, repeated;
	size_t fail_in; /* operations; 0: not planned */
	int fail_all, nth_error;
	bool is_lasting;
} now = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct trace_op *
note(enum trace_kind kind)
{
	struct trace *trace = &now.trace;

	if (trace->count == trace->size) {
		trace->size = trace->size == 0 ? 1024 : trace->size * 2;
		trace->op = reallocarray(trace->op, trace->size, sizeof *trace->op);
		ck_assert_ptr_nonnull(trace->op);
	}
	trace->op[trace->count] = (struct trace_op){ .kind = kind, .begin = trace->count };
	return &trace->op[trace->count++];
}

static struct inode *
find_inode(ino_t number)
{
	for (size_t i = now.ninodes; i > 0; i--)
		if (now.inode[i - 1].number == number)
			return &now.inode[i - 1];
	ck_abort_msg("a file that was never opened");
	return NULL;
}

static struct inode *
find(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	return find_inode(st.st_ino);
}

static struct inode *
find_named(int dir, const char *name)
{
	struct stat st;

	ck_assert_int_eq(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return find_inode(st.st_ino);
}

static enum trace_dir
find_dir(int fd)
{
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	for (enum trace_dir dir = 0; dir < TRACE_DIRS; dir++)
		if (now.dir[dir] == st.st_ino)
			return dir;
	ck_abort_msg("a directory that is not the spool's");
	return TRACE_DIRS;
}

/* A file appears. */
static struct trace_op *
note_file(enum trace_kind kind, int fd, enum trace_dir dir, const char *name)
{
	struct trace_op *op = note(kind);
	struct stat st;

	if (now.ninodes == now.inodes_size) {
		now.inodes_size = now.inodes_size == 0 ? 256 : now.inodes_size * 2;
		now.inode = reallocarray(now.inode, now.inodes_size, sizeof *now.inode);
		ck_assert_ptr_nonnull(now.inode);
	}
	ck_assert_int_eq(fstat(fd, &st), 0);
	op->file = now.trace.files++;
	op->dir = dir;
	op->offset = st.st_size;
	snprintf(op->name, sizeof op->name, "%s", name);
	now.inode[now.ninodes++] = (struct inode){
		.number = st.st_ino,
		.file = op->file,
		.is_outcomes = strstr(name, ".out") != NULL,
	};
	return op;
}

/* Whether this operation is to fail; errno is set then. */
static bool
fails(bool needs_room)
{
	static const int errors[] = { ENOSPC, EDQUOT, EIO, EROFS };

	if (now.fail_in > 0 && --now.fail_in == 0) {
		if (now.is_lasting)
			now.fail_all = now.nth_error;
		errno = now.nth_error;
		return true;
	}
	if (now.fail_all != 0 && needs_room) {
		errno = now.fail_all;
		return true;
	}
	if (now.fail_one_of == 0 || (unsigned)rand_r(&now.seed) % now.fail_one_of != 0)
		return false;
	errno = errors[rand_r(&now.seed) % 4];
	return true;
}

static int
trace_openat(int dir, const char *name, int flags, mode_t mode)
{
	int fd = -1;

	pthread_mutex_lock(&now.lock);
	if (fails((flags & O_CREAT) != 0)) {
		errno = errno == EDQUOT ? EMFILE : errno;
	} else {
		bool is_new = (flags & O_CREAT) != 0 && faccessat(dir, name, F_OK, 0) < 0;

		fd = disk_os.openat(dir, name, flags, mode);
		if (fd >= 0 && is_new)
			note_file(TRACE_CREATE, fd, find_dir(dir), name);
	}
	pthread_mutex_unlock(&now.lock);
	return fd;
}

static void
note_write(int fd, const struct iovec *iov, off_t offset, size_t len)
{
	struct trace_op *op = note(TRACE_WRITE);

	op->file = find(fd)->file;
	op->offset = offset;
	op->len = len;
	op->data = malloc(len + 1);
	for (size_t done = 0; done < len; iov++) {
		size_t part = iov->iov_len < len - done ? iov->iov_len : len - done;

		memcpy(op->data + done, iov->iov_base, part);
		done += part;
	}
}

/* As much as a full disk takes: some of the parts, or some sectors. */
static ssize_t
write_some(int fd, const struct iovec *iov, int count, off_t offset)
{
	struct iovec half = { iov[0].iov_base, iov[0].iov_len / 2 / 512 * 512 };

	if (count > 1)
		return disk_os.pwritev(fd, iov, count / 2, offset);
	return half.iov_len > 0 ? disk_os.pwritev(fd, &half, 1, offset) : -1;
}

static ssize_t
trace_pwritev(int fd, const struct iovec *iov, int count, off_t offset)
{
	ssize_t n = -1;

	pthread_mutex_lock(&now.lock);
	if (!fails(true))
		n = disk_os.pwritev(fd, iov, count, offset);
	else if (rand_r(&now.seed) % 2 == 0)
		n = write_some(fd, iov, count, offset);
	if (n > 0)
		note_write(fd, iov, offset, (size_t)n);
	pthread_mutex_unlock(&now.lock);
	return n;
}

/* Wait as a disk does: others go on meanwhile. */
static void
be_slow(void)
{
	unsigned us = (unsigned)rand_r(&now.seed) % SYNC_US;

	pthread_mutex_unlock(&now.lock);
	usleep(us);
	pthread_mutex_lock(&now.lock);
}

static int
trace_fdatasync(int fd)
{
	pthread_mutex_lock(&now.lock);

	struct inode *inode = find(fd);
	size_t begin = now.trace.count;
	unsigned file = inode->file;
	bool is_bad = fails(false);
	int error = errno;

	now.repeated += inode->is_suspect && !inode->is_outcomes;
	inode->is_suspect |= is_bad;
	be_slow();

	struct trace_op *op = note(is_bad ? TRACE_SYNC_FAILED : TRACE_SYNC);

	op->file = file;
	op->begin = begin;
	pthread_mutex_unlock(&now.lock);
	errno = error;
	return is_bad ? -1 : 0;
}

static int
trace_fsync_dir(int fd)
{
	int result = -1;

	pthread_mutex_lock(&now.lock);
	if (!fails(false)) {
		size_t begin = now.trace.count;

		be_slow();

		struct trace_op *op = note(TRACE_SYNC_DIR);

		op->dir = find_dir(fd);
		op->begin = begin;
		result = 0;
	}
	pthread_mutex_unlock(&now.lock);
	return result;
}

static void
note_size(int fd)
{
	struct trace_op *op = note(TRACE_SIZE);
	struct stat st;

	ck_assert_int_eq(fstat(fd, &st), 0);
	op->file = find(fd)->file;
	op->offset = st.st_size;
}

static int
trace_fallocate(int fd, off_t offset, off_t len)
{
	int result = -1;

	pthread_mutex_lock(&now.lock);
	if (!fails(true))
		result = disk_os.fallocate(fd, offset, len);
	if (result == 0)
		note_size(fd);
	pthread_mutex_unlock(&now.lock);
	return result;
}

static int
trace_ftruncate(int fd, off_t len)
{
	int result = -1;

	pthread_mutex_lock(&now.lock);
	result = disk_os.ftruncate(fd, len);
	if (result == 0)
		note_size(fd);
	pthread_mutex_unlock(&now.lock);
	return result;
}

static int
trace_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int result = -1;

	pthread_mutex_lock(&now.lock);
	if (!fails(true))
		result = disk_os.renameat(from_dir, from, to_dir, to);
	if (result == 0) {
		struct trace_op *op = note(TRACE_RENAME);

		op->dir = find_dir(from_dir);
		op->to_dir = find_dir(to_dir);
		snprintf(op->name, sizeof op->name, "%s", from);
		snprintf(op->to, sizeof op->to, "%s", to);

		struct inode *inode = find_named(to_dir, to);

		op->file = inode->file;
		inode->is_suspect = false; /* its next life overwrites it */
	}
	pthread_mutex_unlock(&now.lock);
	return result;
}

static int
trace_unlinkat(int dir, const char *name, int flags)
{
	int result = -1;
	struct stat st;

	pthread_mutex_lock(&now.lock);
	if (!fails(false) && fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		result = disk_os.unlinkat(dir, name, flags);
	if (result == 0) {
		unsigned file = find_inode(st.st_ino)->file;
		struct trace_op *op = note(TRACE_UNLINK);

		op->file = file;

		op->dir = find_dir(dir);
		snprintf(op->name, sizeof op->name, "%s", name);
	}
	pthread_mutex_unlock(&now.lock);
	return result;
}

const struct disk_ops trace_disk = {
	.openat = trace_openat,
	.pread = pread,
	.pwritev = trace_pwritev,
	.fdatasync = trace_fdatasync,
	.fsync_dir = trace_fsync_dir,
	.fallocate = trace_fallocate,
	.ftruncate = trace_ftruncate,
	.renameat = trace_renameat,
	.unlinkat = trace_unlinkat,
};

static void
note_found(int dir_fd, enum trace_dir dir, const char *name)
{
	int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);

	struct trace_op *op = note_file(TRACE_FOUND, fd, dir, name);

	op->len = (size_t)op->offset;
	op->data = malloc(op->len + 1);
	ck_assert_int_eq(pread(fd, op->data, op->len, 0), op->offset);
	close(fd);
}

void
trace_start(const char *path, unsigned seed)
{
	static const char *const names[TRACE_DIRS] = { "log", "large", "damaged" };

	now.seed = seed;
	now.repeated = 0;
	for (enum trace_dir dir = 0; dir < TRACE_DIRS; dir++) {
		char sub[128];
		struct dirent *entry;
		struct stat st;

		snprintf(sub, sizeof sub, "%s/%s", path, names[dir]);

		DIR *stream = opendir(sub);

		ck_assert_ptr_nonnull(stream);
		ck_assert_int_eq(fstat(dirfd(stream), &st), 0);
		now.dir[dir] = st.st_ino;
		while ((entry = readdir(stream)) != NULL)
			if (entry->d_name[0] != '.')
				note_found(dirfd(stream), dir, entry->d_name);
		closedir(stream);
	}
	now.trace.start = now.trace.count;
}

size_t
trace_now(void)
{
	pthread_mutex_lock(&now.lock);

	size_t count = now.trace.count;

	pthread_mutex_unlock(&now.lock);
	return count;
}

struct trace
trace_stop(void)
{
	struct trace trace = now.trace;

	now.trace = (struct trace){ .op = NULL };
	free(now.inode);
	now.inode = NULL;
	now.ninodes = now.inodes_size = 0;
	return trace;
}

void
trace_free(struct trace *trace)
{
	for (size_t i = 0; i < trace->count; i++)
		free(trace->op[i].data);
	free(trace->op);
	*trace = (struct trace){ .op = NULL };
}

void
trace_fail(unsigned one_of)
{
	pthread_mutex_lock(&now.lock);
	now.fail_one_of = one_of;
	pthread_mutex_unlock(&now.lock);
}

void
trace_fail_all(int error)
{
	pthread_mutex_lock(&now.lock);
	now.fail_all = error;
	pthread_mutex_unlock(&now.lock);
}

void
trace_fail_nth(size_t nth, int error, bool is_lasting)
{
	pthread_mutex_lock(&now.lock);
	now.fail_in = nth;
	now.nth_error = error;
	now.is_lasting = is_lasting;
	pthread_mutex_unlock(&now.lock);
}

unsigned
trace_repeated_syncs(void)
{
	return now.repeated;
}
