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
#include "spool/name.h"

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

/* But a spool stays one, whatever lies beside its directories. */
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
	ck_assert_int_ge(rig.lock, 0);
	close(rig.lock);
	snprintf(path, sizeof path, "%s/large", rig.path);
	ck_assert_int_eq(rmdir(path), 0);
	rig.lock = spool_lock(rig.path, getuid(), getgid(), &why);
	ck_assert_int_eq(rig.lock, -1);
	ck_assert_ptr_nonnull(strstr(why, "holiday.jpg"));
	rig_close(&rig);
}
END_TEST

/* Not through a link, which the owner may have put there. */
START_TEST(root_gives_the_rights_back)
{
	struct rig rig;
	const char *why = "";
	struct stat st;
	char path[128];

	if (geteuid() != 0)
		return;
	rig_open(&rig, 1 << 20);
	close(rig.lock);
	snprintf(path, sizeof path, "%s/large", rig.path);
	ck_assert_int_eq(chmod(path, 0), 0);
	ck_assert_int_eq(chown(path, 12, 34), 0);
	rig.lock = spool_lock(rig.path, getuid(), getgid(), &why);
	ck_assert_int_ge(rig.lock, 0);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0700);
	ck_assert_uint_eq(st.st_uid, getuid());
	ck_assert_uint_eq(st.st_gid, getgid());
	close(rig.lock);
	ck_assert_int_eq(rmdir(path), 0);
	ck_assert_int_eq(mkdir("./elsewhere", 0500), 0);
	ck_assert_int_eq(symlinkat("../elsewhere", AT_FDCWD, path), 0);
	rig.lock = spool_lock(rig.path, 12, 34, &why);
	ck_assert_int_ge(rig.lock, 0);
	ck_assert_int_eq(stat("./elsewhere", &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0500);
	ck_assert_uint_eq(st.st_uid, getuid());
	ck_assert_int_eq(rmdir("./elsewhere"), 0);
	rig_close(&rig);
}
END_TEST

START_TEST(a_file_in_the_place_of_a_directory_is_named)
{
	static const char *const dirs[] = { "log", "large", "damaged" };

	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++) {
		struct rig rig;
		const char *why = "";
		char path[128];

		rig_open(&rig, 1 << 20);
		close(rig.lock);
		snprintf(path, sizeof path, "%s/%s", rig.path, dirs[i]);
		ck_assert_int_eq(rmdir(path), 0);
		ck_assert_int_ge(open(path, O_CREAT | O_WRONLY, 0600), 0);
		rig.lock = spool_lock(rig.path, getuid(), getgid(), &why);
		ck_assert_int_eq(rig.lock, -1);
		ck_assert_int_eq(errno, ENOTDIR);
		ck_assert_ptr_nonnull(strstr(why, dirs[i]));
		ck_assert_ptr_nonnull(strstr(why, "must be a directory or a link to one"));
		ck_assert_int_eq(access(path, F_OK), 0);
		ck_assert_int_eq(unlink(path), 0);
		ck_assert_int_eq(mkdir(path, 0700), 0);
		rig_close(&rig);
	}
}
END_TEST

START_TEST(opening_nothing_fails)
{
	struct board board = { .next_segment = 1 };
	uint64_t last;

	ck_assert_ptr_null(spool_open("./does-not-exist", &board));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_int_eq(spool_last_segment("./does-not-exist", &last), -1);
	ck_assert_int_eq(errno, ENOENT);
}
END_TEST

static uint64_t
last_segment(const struct rig *rig)
{
	uint64_t last;

	ck_assert_int_eq(spool_last_segment(rig->path, &last), 0);
	return last;
}

START_TEST(every_file_keeps_its_number_from_being_used_again)
{
	static const char *const suffixes[] = { "seg", "out", "spare" };
	struct rig rig;

	rig_open(&rig, 1 << 20);
	ck_assert_uint_eq(last_segment(&rig), 0);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		ck_assert_int_ge(
		    open(rig_file(&rig, "log", 0x10 + i, suffixes[i]), O_CREAT | O_WRONLY, 0600),
		    0);
		ck_assert_uint_eq(last_segment(&rig), 0x10 + i);
	}
	rig_close(&rig);
}
END_TEST

static void
make_file(const struct rig *rig, uint64_t number, const char *suffix)
{
	int fd = open(rig_file(rig, "log", number, suffix), O_CREAT | O_WRONLY, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

/* The number after the highest must never be a low one that is in use. */
START_TEST(a_stray_file_takes_no_numbers_away)
{
	static const uint64_t far[] = { UINT64_MAX, UINT64_MAX >> 1, UINT64_C(1) << 63 };
	static const char *const suffixes[] = { "seg", "out", "spare", "garbage" };

	for (size_t i = 0; i < sizeof far / sizeof *far; i++)
		for (size_t k = 0; k < sizeof suffixes / sizeof *suffixes; k++) {
			struct rig rig;

			rig_open(&rig, 1 << 20);
			rig_writer(&rig);
			ck_assert_int_eq(rig_put(&rig, 1, 100), 0);
			rig_writer_free(&rig);
			make_file(&rig, far[i], suffixes[k]);
			rig_restart(&rig);
			rig_writer(&rig);
			ck_assert_int_eq(rig_put(&rig, 2, 100), 0);
			rig_writer_free(&rig);

			static struct found found;

			rig_read(&rig, &found);
			ck_assert_uint_eq(found.count, 2);
			rig_close(&rig);
		}
}
END_TEST

/* As if it were not there: it is named, and set aside, whatever it is; for who only looks it stays.
 */
START_TEST(a_stray_number_is_set_aside)
{
	static const struct {
		uint64_t number;
		const char *suffix;
	} strays[] = {
		{ NAME_NUMBER_START_MAX + 1, "seg" },
		{ NAME_NUMBER_MAX, "seg" },
		{ NAME_NUMBER_MAX - 1, "out" },
		{ NAME_NUMBER_MAX + 1, "spare" },
		{ UINT64_C(1) << SPOOL_NUMBER_BITS, "seg" },
		{ UINT64_C(0x4000000000000000), "seg" },
		{ UINT64_MAX, "seg" },
		{ UINT64_MAX, "out.bak" },
	};
	enum { STRAYS = sizeof strays / sizeof *strays };
	static struct found found;
	struct rig rig;
	uint64_t last;

	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
	rig_open(&rig, 1 << 20);
	make_file(&rig, 7, "seg");
	for (size_t i = 0; i < STRAYS; i++)
		make_file(&rig, strays[i].number, strays[i].suffix);
	ck_assert_int_eq(spool_last_segment(rig.path, &last), 0);
	ck_assert_uint_eq(last, 7);
	rig_restart(&rig);

	struct spool_outcomes *outcomes = spool_outcomes_new(rig.spool);

	rig_read(&rig, &found);
	spool_outcomes_free(&outcomes);
	ck_assert_uint_eq(found.segments, 1);
	ck_assert_uint_ge(rig.counters.spool_damaged, STRAYS);
	for (size_t i = 0; i < STRAYS; i++) {
		ck_assert_int_ne(
		    access(rig_file(&rig, "log", strays[i].number, strays[i].suffix), F_OK), 0);
		ck_assert_int_eq(
		    access(rig_file(&rig, "damaged", strays[i].number, strays[i].suffix), F_OK), 0);
	}
	rig_close(&rig);
}
END_TEST

static void
see_missing(const char *path, const char *name)
{
	(void)path;
	ck_assert_str_eq(name, "large");
}

/* A copy of a spool lacks what nobody thought of. */
START_TEST(a_tool_does_without_lock_and_directories)
{
	struct rig rig;
	const char *why;
	char path[128];
	int lock;

	rig_open(&rig, 1 << 20);
	snprintf(path, sizeof path, "%s/lock", rig.path);
	ck_assert_int_eq(unlink(path), 0);
	snprintf(path, sizeof path, "%s/large", rig.path);
	ck_assert_int_eq(rmdir(path), 0);
	lock = spool_lock_idle(rig.path, &why);
	ck_assert_int_ge(lock, 0);
	close(lock);
	ck_assert_ptr_null(spool_open(rig.path, rig.board));

	struct spool *spool = spool_open_found(rig.path, rig.board, see_missing);

	ck_assert_ptr_nonnull(spool);
	ck_assert_int_eq(spool->large, -1);
	spool_close(&spool);
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "lock", makes_a_private_directory, refuses_a_second_instance,
	    a_living_child_keeps_the_lock, workers_of_a_dead_master_are_told_from_another_instance,
	    refuses_a_directory_with_other_things, root_gives_the_rights_back,
	    a_file_in_the_place_of_a_directory_is_named);
	add_tests(suite, "open", opening_nothing_fails,
	    every_file_keeps_its_number_from_being_used_again, a_stray_file_takes_no_numbers_away,
	    a_stray_number_is_set_aside, a_tool_does_without_lock_and_directories);
}

UNIT_MAIN("spool/spool")
