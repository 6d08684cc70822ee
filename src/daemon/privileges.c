/* SPDX-License-Identifier: ISC */
/* privileges.c - who the workers run as, and how they become that for good. */
#include "daemon/privileges.h"

#include "config.h"

#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

int
identity_find(const char *user, struct identity *identity, const char **why)
{
	const struct passwd *pw;

	*identity = (struct identity){ .uid = getuid(), .gid = getgid() };
	if (user == NULL)
		return 0;
	errno = 0;
	pw = getpwnam(user);
	if (pw == NULL) {
		*why = errno == 0 ? "no such user" : "cannot be looked up";
		return -1;
	}
	if (pw->pw_uid == 0) {
		*why = "the workers must not run as root";
		return -1;
	}
	identity->uid = pw->pw_uid;
	identity->gid = pw->pw_gid;
	snprintf(identity->user, sizeof identity->user, "%s", user);
	return 0;
}

/* Whether any of root is left. */
static bool
is_dropped(const struct identity *identity)
{
	uid_t r, e, s;

	if (getresuid(&r, &e, &s) != 0 || r != identity->uid || e != r || s != r)
		return false;
	return setuid(0) != 0 && seteuid(0) != 0 && setgid(0) != 0;
}

/* What a service manager gave us to bind low ports with is the master's alone. */
static int
drop_capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };

	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0 && errno != EINVAL)
		return -1;
	return (int)syscall(SYS_capset, &header, none);
}

int
privileges_drop(const struct identity *identity)
{
	if (identity->user[0] == '\0')
		return drop_capabilities();
	if (initgroups(identity->user, identity->gid) != 0 ||
	    setresgid(identity->gid, identity->gid, identity->gid) != 0 ||
	    setresuid(identity->uid, identity->uid, identity->uid) != 0 || drop_capabilities() != 0)
		return -1;
	if (is_dropped(identity))
		return 0;
	errno = EPERM;
	return -1;
}

int
privileges_harden(pid_t master)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return -1;
#ifndef WITH_SANITIZERS
	/* The leak sanitizer attaches to its own process. */
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return -1;
#endif
	/* Changing the uid has cleared this one. */
	if (prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0) != 0)
		return -1;
	if (getppid() == master)
		return 0;
	errno = ESRCH;
	return -1;
}
