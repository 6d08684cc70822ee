/* SPDX-License-Identifier: ISC */
/*
 * sandbox_files.c - Landlock (landlock(7)), without a library: there is none in Debian 12.
 * Descriptors that are open already are not concerned.  The first version cannot rename from folder
 * to folder, which the spool does: a kernel that has only that one goes without.
 */
#include "daemon/sandbox.h"

#include "config.h"

#include <errno.h>

#ifdef HAVE_LINUX_LANDLOCK_H
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef LANDLOCK_ACCESS_FS_REFER
#define LANDLOCK_ACCESS_FS_REFER (1ULL << 13)
#endif
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14) /* since version 3 */
#endif

enum { VERSION_REFER = 2, VERSION_TRUNCATE = 3 };

static const uint64_t file_read = LANDLOCK_ACCESS_FS_READ_FILE;
static const uint64_t tree_read = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR;
static const uint64_t tree_write = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
				   LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
				   LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_REFER |
				   LANDLOCK_ACCESS_FS_TRUNCATE;

/* Everything about files that the version can forbid. */
static uint64_t
all_access(int version)
{
	uint64_t all = (LANDLOCK_ACCESS_FS_REFER << 1) - 1;

	return version >= VERSION_TRUNCATE ? all | LANDLOCK_ACCESS_FS_TRUNCATE : all;
}

/* A path that does not exist needs no rule. */
static int
allow(int ruleset, const char *path, uint64_t access)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = access };
	struct stat st;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return errno == ENOENT || errno == EACCES || errno == ENOTDIR ? 0 : -1;
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= file_read;
	long result = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	int error = errno;
	close(rule.parent_fd);
	errno = error;
	return (int)result;
}

static int
restrict_to(int ruleset, uint64_t all, const char *spool, const char *const *readable, size_t count)
{
	if (allow(ruleset, spool, tree_write & all) != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (allow(ruleset, readable[i], tree_read) != 0)
			return -1;
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}

int
sandbox_files(const char *spool, const char *const *readable, size_t count)
{
	long version =
	    syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct landlock_ruleset_attr attr = { 0 };

	if (version < VERSION_REFER)
		return 1;
	attr.handled_access_fs = all_access((int)version);
	int ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (ruleset < 0)
		return -1;
	int result = restrict_to(ruleset, attr.handled_access_fs, spool, readable, count);
	int error = errno;
	close(ruleset);
	errno = error;
	return result;
}

#else

int
sandbox_files(const char *spool, const char *const *readable, size_t count)
{
	(void)spool;
	(void)readable;
	(void)count;
	return 1;
}

#endif
