/* SPDX-License-Identifier: ISC */
/* privileges.h - who the workers run as, and how they become that for good. */
#ifndef DAEMON_PRIVILEGES_H
#define DAEMON_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

struct identity {
	uid_t uid;
	gid_t gid;
	char user[256]; /* empty: stay who we are */
};

/*
 * Look up the user whom the config names, or take who we are if it names none.
 * -1 with the reason in why (a static text); root is no user for a worker.
 */
int identity_find(const char *user, struct identity *identity, const char **why);

/*
 * Become the identity: groups, gid, uid, no capabilities; and make sure that there is no way back.
 * -1 and errno.
 */
int privileges_drop(const struct identity *identity);

/*
 * After that: no new privileges, no core file and no debugger of the same user, and a SIGTERM when
 * the master dies.  -1 and errno; ESRCH: the master is dead already.
 */
int privileges_harden(pid_t master);

#endif
