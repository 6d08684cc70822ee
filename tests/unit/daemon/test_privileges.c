/* SPDX-License-Identifier: ISC */
/* Tests of src/daemon/privileges.c; those that need root are skipped without it. */
#include "daemon/privileges.h"

#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

START_TEST(test_no_user_means_who_we_are)
{
	struct identity identity;
	const char *why = NULL;

	ck_assert_int_eq(identity_find(NULL, &identity, &why), 0);
	ck_assert_uint_eq(identity.uid, getuid());
	ck_assert_str_eq(identity.user, "");
}
END_TEST

static const struct {
	const char *user, *why;
} wrong[] = {
	{ "no-such-user-here", "no such user" },
	{ "root", "the workers must not run as root" },
};

START_TEST(test_refuses_a_user)
{
	struct identity identity;
	const char *why = NULL;

	ck_assert_int_eq(identity_find(wrong[_i].user, &identity, &why), -1);
	ck_assert_str_eq(why, wrong[_i].why);
}
END_TEST

/* In a process of its own: 0 when all is as it should be. */
static int
become_nobody(void)
{
	struct identity identity;
	const char *why;
	gid_t groups[64];

	if (identity_find("nobody", &identity, &why) != 0 || privileges_drop(&identity) != 0)
		return 1;
	if (getuid() != identity.uid || geteuid() != identity.uid || getegid() != identity.gid)
		return 2;
	if (setuid(0) == 0 || setgid(0) == 0)
		return 3;
	for (int i = 0, n = getgroups(64, groups); i < n; i++)
		if (groups[i] == 0)
			return 4;
	return 0;
}

static int
in_child(int (*run)(void))
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(run());
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

START_TEST(test_drops_for_good)
{
	if (getuid() == 0)
		ck_assert_int_eq(in_child(become_nobody), 0);
}
END_TEST

static int
harden(void)
{
	int death_signal = 0;

	if (privileges_harden(getppid()) != 0)
		return 1;
	if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1)
		return 2;
	if (prctl(PR_GET_PDEATHSIG, &death_signal) != 0 || death_signal != SIGTERM)
		return 3;
	return 0;
}

START_TEST(test_hardens)
{
	ck_assert_int_eq(in_child(harden), 0);
}
END_TEST

static int
harden_for_a_dead_master(void)
{
	return privileges_harden(getppid() + 1) == -1 && errno == ESRCH ? 0 : 1;
}

START_TEST(test_notices_a_dead_master)
{
	ck_assert_int_eq(in_child(harden_for_a_dead_master), 0);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("privileges");

	tcase_add_test(tcase, test_no_user_means_who_we_are);
	tcase_add_loop_test(tcase, test_refuses_a_user, 0, 2);
	tcase_add_test(tcase, test_drops_for_good);
	tcase_add_test(tcase, test_hardens);
	tcase_add_test(tcase, test_notices_a_dead_master);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("privileges")
