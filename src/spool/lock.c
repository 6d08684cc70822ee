/* SPDX-License-Identifier: ISC */
/*
 * lock.c - the master's first look at the spool: make it, own it, lock it.
 * A directory that is no spool and holds anything else is refused, for a mistyped path must not end
 * in a chown of somebody's files.
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

enum { OPEN_DIR = O_RDONLY | O_DIRECTORY | O_CLOEXEC };

/* For *why: the one text that is not constant names a process. */
static const char *
explain(const char *before, const char *word, const char *after)
{
	static char text[256];

	snprintf(text, sizeof text, "%s%s%s", before, word, after);
	return text;
}

struct look {
	bool has_log, has_large;
	char foreign[NAME_SIZE]; /* one of them; "": there is none */
};

static bool
look_at(void *ctx, const char *name)
{
	static const char *const known[] = { ".", "..", "lock", "log", "large", "damaged", "names",
		"names.new", "lost+found" };
	struct look *look = ctx;
	bool is_known = false;

	look->has_log |= strcmp(name, "log") == 0;
	look->has_large |= strcmp(name, "large") == 0;
	for (size_t i = 0; i < sizeof known / sizeof *known; i++)
		is_known |= strcmp(name, known[i]) == 0;
	if (!is_known)
		snprintf(look->foreign, NAME_SIZE, "%s", name);
	return true;
}

/* For root: what is lost by a restore or a slip of the hand is given back.  0, or -1 and errno. */
static int
give_rights(int fd, unsigned uid, unsigned gid)
{
	struct stat st;

	if (geteuid() != 0 || fstat(fd, &st) < 0)
		return 0;
	if ((st.st_uid != uid || st.st_gid != gid) && fchown(fd, uid, gid) < 0)
		return -1;
	return (st.st_mode & S_IRWXU) == S_IRWXU ? 0 : fchmod(fd, S_IRWXU);
}

/* Make the directory if need be, own it, and open it; -1 and errno.  With O_NOFOLLOW a link may
 * lead to it, but what that leads to is not chowned. */
static int
make_dir(int at, const char *name, int nofollow, unsigned uid, unsigned gid)
{
	if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
		return -1;

	int fd = openat(at, name, OPEN_DIR | nofollow);

	if (fd < 0)
		return nofollow != 0 ? openat(at, name, OPEN_DIR) : -1;
	if (give_rights(fd, uid, gid) < 0) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* What is in the way is not moved, for it may be somebody's. */
static const char *
explain_inside(const char *name, int error)
{
	static char text[160];

	snprintf(text, sizeof text,
	    "cannot make or open %s/ in it, which must be a directory or a link to one: %s", name,
	    strerror(error));
	return text;
}

/* The workers own `dir`, and may put a link there: root must not give away where that leads. */
static int
make_inside(int dir, unsigned uid, unsigned gid, const char **why)
{
	static const char *const name[] = { "log", "large", "damaged" };

	for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
		int fd = make_dir(dir, name[i], O_NOFOLLOW, uid, gid);

		if (fd < 0) {
			*why = explain_inside(name[i], errno);
			return -1;
		}
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
	int dir = open(path, OPEN_DIR);
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

/* 0; -1 if the directory is no spool and holds what is none of ours, or cannot be read.  Beside
 * both of `log` and `large` a foreign name is only litter. */
static int
refuse_foreign(int dir, const char **why)
{
	struct look look = { false };

	if (name_walk(dir, look_at, &look) < 0) {
		*why = explain("cannot list it: ", strerror(errno), "");
		return -1;
	}
	if (look.foreign[0] == '\0' || (look.has_log && look.has_large))
		return 0;
	*why = explain("the directory is no spool of postern: it holds \"", look.foreign, "\"");
	errno = ENOTEMPTY;
	return -1;
}

int
spool_lock(const char *path, unsigned uid, unsigned gid, const char **why)
{
	int check = open(path, OPEN_DIR);

	/* Before anything is made or chowned. */
	if (check >= 0) {
		int refused = refuse_foreign(check, why);

		close(check);
		if (refused < 0)
			return -1;
	}

	int dir = make_dir(AT_FDCWD, path, 0, uid, gid);

	if (dir < 0) {
		*why = explain("cannot make or open the directory: ", strerror(errno), "");
		return -1;
	}

	int fd = take_lock(dir, why);

	if (fd >= 0 && make_inside(dir, uid, gid, why) < 0) {
		int error = errno;

		close(fd);
		fd = -1;
		errno = error;
	}
	close(dir);
	return fd;
}
