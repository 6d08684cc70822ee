/* SPDX-License-Identifier: ISC */
/*
 * lock.c - the master's first look at the spool: make it, own it, lock it.
 * A directory that holds anything else is refused, for a mistyped path must not end in a chown of
 * somebody's files.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool/name.h"
#include "spool/spool.h"

/* For *why: the one text that is not constant names a process. */
static const char *
explain(const char *before, const char *word, const char *after)
{
	static char text[256];

	snprintf(text, sizeof text, "%s%s%s", before, word, after);
	return text;
}

static bool
is_ours(void *ctx, const char *name)
{
	static const char *const known[] = { ".", "..", "lock", "log", "large", "damaged", "names",
		"names.new", "lost+found" };

	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		if (strcmp(name, known[i]) == 0)
			return true;
	snprintf(ctx, NAME_SIZE, "%s", name);
	return false;
}

/* Make the directory if need be, own it, and open it; -1 and errno. */
static int
make_dir(int at, const char *name, unsigned uid, unsigned gid)
{
	struct stat st;

	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -1;

	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	if (geteuid() == 0 && fstat(fd, &st) == 0 && (st.st_uid != uid || st.st_gid != gid) &&
	    fchown(fd, uid, gid) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

static int
make_inside(int dir, unsigned uid, unsigned gid)
{
	static const char *const name[] = { "log", "large", "damaged" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		int fd = make_dir(dir, name[i], uid, gid);

		if (fd < 0)
			return -1;
		close(fd);
	}
	return 0;
}

/*
 * Say who holds the lock: EWOULDBLOCK.  The workers of a master that was killed hold it a little
 * longer than that lives: EBUSY.
 */
static int
who_holds(int fd, const char **why)
{
	char pid[24] = "";
	ssize_t n = pread(fd, pid, sizeof pid - 1, 0);

	pid[n > 0 ? strspn(pid, "0123456789") : 0] = '\0';
	*why = "another postern uses this spool";
	if (pid[0] == '\0')
		return EWOULDBLOCK;
	if (kill((pid_t)strtol(pid, NULL, 10), 0) < 0 && errno == ESRCH) {
		*why = explain("the workers of a postern that died (pid ", pid, ") still use it");
		return EBUSY;
	}
	*why = explain("another postern (pid ", pid, ") uses this spool");
	return EWOULDBLOCK;
}

/* Lock the file and leave our pid in it: the descriptor, or -1. */
static int
take_lock(int dir, const char **why)
{
	int fd = openat(dir, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0) {
		*why = explain("cannot open its lock file: ", strerror(errno), "");
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		char pid[24];
		int len = snprintf(pid, sizeof pid, "%jd\n", (intmax_t)getpid());

		/* The pid is for people only: a full disk does not keep us from starting. */
		if (ftruncate(fd, 0) < 0 || pwrite(fd, pid, (size_t)len, 0) < len)
			errno = 0;
		return fd;
	}

	int error = errno;

	if (error == EWOULDBLOCK)
		error = who_holds(fd, why);
	else
		*why = explain("cannot lock it: ", strerror(error), "");
	close(fd);
	errno = error;
	return -1;
}

int
spool_lock_idle(const char *path, const char **why)
{
	int dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd = dir < 0 ? -1 : openat(dir, "lock", O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	int error = errno;

	/* Whoever uses a spool has a lock file there. */
	if (fd < 0 && dir >= 0 && error == ENOENT) {
		fd = dir;
		dir = -1;
	}
	if (dir >= 0)
		close(dir);
	if (fd < 0) {
		*why = explain("cannot open it: ", strerror(error), "");
		errno = error;
		return -1;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return fd;
	error = errno == EWOULDBLOCK ? who_holds(fd, why) : errno;
	if (error != EWOULDBLOCK && error != EBUSY)
		*why = explain("cannot lock it: ", strerror(error), "");
	close(fd);
	errno = error;
	return -1;
}

/* 0; -1 if the directory holds what is none of ours, or cannot be read. */
static int
refuse_foreign(int dir, const char **why)
{
	char foreign[NAME_SIZE] = "";

	if (name_walk(dir, is_ours, foreign) < 0) {
		*why = explain("cannot list it: ", strerror(errno), "");
		return -1;
	}
	if (foreign[0] == '\0')
		return 0;
	*why = explain("the directory is no spool of postern: it holds \"", foreign, "\"");
	errno = ENOTEMPTY;
	return -1;
}

int
spool_lock(const char *path, unsigned uid, unsigned gid, const char **why)
{
	int check = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	/* Before anything is made or chowned. */
	if (check >= 0) {
		int refused = refuse_foreign(check, why);

		close(check);
		if (refused < 0)
			return -1;
	}

	int dir = make_dir(AT_FDCWD, path, uid, gid);

	if (dir < 0) {
		*why = explain("cannot make or open the directory: ", strerror(errno), "");
		return -1;
	}

	int fd = take_lock(dir, why);

	if (fd >= 0 && make_inside(dir, uid, gid) < 0) {
		int error = errno;

		*why = explain("cannot make its directories: ", strerror(error), "");
		close(fd);
		fd = -1;
		errno = error;
	}
	close(dir);
	return fd;
}
