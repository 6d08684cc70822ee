/* SPDX-License-Identifier: ISC */
/* test_spool.c - making, locking and numbering a spool. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../unit.h"
#include "rig.h"

START_TEST(makes_a_private_directory)
{
	static const char *const dirs[] = { "", "/log", "/large", "/damaged" };
	struct rig rig;

	rig_open(&rig, 1 << 20);
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		char path[128];
		struct stat st;

		snprintf(path, sizeof path, "%s%s", rig.path, dirs[i]);
		ck_assert_int_eq(stat(path, &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0700);
	}
	rig_close(&rig);
}
END_TEST

START_TEST(refuses_a_second_instance)
{
	struct rig rig;
	const char *why = "";
	char said[64];

	rig_open(&rig, 1 << 20);
	ck_assert_int_eq(spool_lock(rig.path, getuid(), getgid(), &why), -1);
	ck_assert_int_eq(errno, EWOULDBLOCK);
	snprintf(said, sizeof said, "another postern (pid %d) uses this spool", (int)getpid());
	ck_assert_str_eq(why, said);
	rig_close(&rig);
}
END_TEST

START_TEST(a_living_child_keeps_the_lock)
{
	struct rig rig;
	const char *why;
	int go[2];

	rig_open(&rig, 1 << 20);
	ck_assert_int_eq(pipe(go), 0);

	pid_t child = fork();

	if (child == 0) {
		char byte;

		close(go[1]);
		_exit(read(go[0], &byte, 1) < 0);
	}
	close(go[0]);
	close(rig.lock);
	ck_assert_int_eq(spool_lock(rig.path, getuid(), getgid(), &why), -1);
	close(go[1]);
	ck_assert_int_eq(waitpid(child, NULL, 0), child);
	rig.lock = spool_lock(rig.path, getuid(), getgid(), &why);
	ck_assert_int_ge(rig.lock, 0);
	rig_close(&rig);
}
END_TEST

START_TEST(workers_of_a_dead_master_are_told_from_another_instance)
{
	struct rig rig;
	const char *why = "";
	int go[2];

	rig_open(&rig, 1 << 20);
	close(rig.lock);
	ck_assert_int_eq(pipe(go), 0);

	pid_t master = fork();

	if (master == 0) {
		char byte;

		close(go[1]);
		if (spool_lock(rig.path, getuid(), getgid(), &why) < 0 || fork() != 0)
			_exit(0);
		_exit(read(go[0], &byte, 1) < 0); /* the worker */
	}
	close(go[0]);
	ck_assert_int_eq(waitpid(master, NULL, 0), master);
	ck_assert_int_eq(spool_lock(rig.path, getuid(), getgid(), &why), -1);
	ck_assert_int_eq(errno, EBUSY);
	close(go[1]);
	while ((rig.lock = spool_lock(rig.path, getuid(), getgid(), &why)) < 0)
		ck_assert_int_eq(errno, EBUSY);
	rig_close(&rig);
}
END_TEST

START_TEST(refuses_a_directory_with_other_things)
{
	struct rig rig;
	const char *why = "";
	char path[128];

	rig_open(&rig, 1 << 20);
	close(rig.lock);
	snprintf(path, sizeof path, "%s/holiday.jpg", rig.path);
	ck_assert_int_ge(open(path, O_CREAT | O_WRONLY, 0600), 0);
	rig.lock = spool_lock(rig.path, getuid(), getgid(), &why);
	ck_assert_int_eq(rig.lock, -1);
	ck_assert_ptr_nonnull(strstr(why, "holiday.jpg"));
	rig_close(&rig);
}
END_TEST

START_TEST(opening_nothing_fails)
{
	struct board board = { .next_segment = 1 };

	ck_assert_ptr_null(spool_open("./does-not-exist", &board));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(spool_last_segment("./does-not-exist"), 0);
}
END_TEST

START_TEST(every_file_keeps_its_number_from_being_used_again)
{
	static const char *const suffixes[] = { "seg", "out", "spare" };
	struct rig rig;

	rig_open(&rig, 1 << 20);
	ck_assert_uint_eq(spool_last_segment(rig.path), 0);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		ck_assert_int_ge(
		    open(rig_file(&rig, "log", 0x10 + i, suffixes[i]), O_CREAT | O_WRONLY, 0600),
		    0);
		ck_assert_uint_eq(spool_last_segment(rig.path), 0x10 + i);
	}
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "lock", makes_a_private_directory, refuses_a_second_instance,
	    a_living_child_keeps_the_lock, workers_of_a_dead_master_are_told_from_another_instance,
	    refuses_a_directory_with_other_things);
	add_tests(suite, "open", opening_nothing_fails,
	    every_file_keeps_its_number_from_being_used_again);
}

UNIT_MAIN("spool/spool")
