/* SPDX-License-Identifier: ISC */
/* test_faults.c - the disk fails at each operation: refused messages are never read, later ones are
 * kept. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../unit.h"
#include "base/clock.h"
#include "base/log.h"
#include "rig.h"

enum { SMALL = 256 * 1024, MESSAGES = 12 };

static struct found found;

static void
quiet(void)
{
	ck_assert_ptr_nonnull(freopen("/dev/null", "w", stderr));
}

/* Everything that was answered 0 is there once, and nothing that was refused. */
static void
check_answers(struct rig *rig, const struct sent *sent, size_t count)
{
	rig_read(rig, &found);
	for (size_t i = 0; i < count; i++)
		ck_assert_msg(rig_times(&found, sent[i].id) == (sent[i].error == 0 ? 1 : 0),
		    "message %zu: answer %d, found %zu times", i, sent[i].error,
		    rig_times(&found, sent[i].id));
}

static const struct fault {
	enum disk_call call;
	int error;
	bool is_fatal; /* for what is being committed */
} faults[] = {
	{ CALL_OPENAT, ENOSPC, true },
	{ CALL_OPENAT, EMFILE, true },
	{ CALL_PWRITEV, ENOSPC, true },
	{ CALL_PWRITEV, EIO, true },
	{ CALL_PWRITEV, EDQUOT, true },
	{ CALL_PWRITEV, EROFS, true },
	{ CALL_PWRITEV, 0, false },
	{ CALL_PWRITEV, EINTR, false },
	{ CALL_FDATASYNC, EIO, true },
	{ CALL_FDATASYNC, ENOSPC, true },
	{ CALL_FSYNC_DIR, EIO, true },
	{ CALL_FALLOCATE, EOPNOTSUPP, false },
	{ CALL_FALLOCATE, ENOSPC, false },
	{ CALL_RENAMEAT, EIO, true },
};

/* Each operation fails at each of its first calls, under messages of both kinds, sent one by one.
 */
START_TEST(each_failure_is_told_and_overcome)
{
	static const size_t sizes[] = { 3000, 70000 };

	quiet();
	for (int after = 0; after < 8; after++) {
		const struct fault *fault = &faults[_i];
		struct sent sent[MESSAGES];
		struct rig rig;

		rig_open(&rig, SMALL);
		rig_writer(&rig);
		rig_break(fault->call, after, 1, fault->error);
		for (size_t i = 0; i < MESSAGES; i++) {
			rig_send(&rig, i + 1, sizes[i % 2], &sent[i]);
			rig_wait(&rig, &sent[i], 1);
			ck_assert(sent[i].error == 0 ||
				  (fault->is_fatal && sent[i].error == fault->error));
		}
		rig_mend();
		ck_assert_int_eq(rig_put(&rig, 1000, 100), 0);
		check_answers(&rig, sent, MESSAGES);
		ck_assert(rig_has(&found, 1000));
		rig_writer_free(&rig);
		rig_restart(&rig);
		check_answers(&rig, sent, MESSAGES);
		ck_assert_uint_eq(rig.counters.spool_damaged, 0);
		rig_close(&rig);
	}
}
END_TEST

/* Until the file thread has made its spare, so that it meets no fault that is meant for others. */
static void
wait_for_spare(const struct rig *rig)
{
	int64_t until = clock_mono_ms() + 10000;

	while (rig_count(rig, "log", ".spare") == 0) {
		ck_assert_int_lt(clock_mono_ms(), until);
		usleep(1000);
	}
}

/* The same under a crowd, so that groups of many fail. */
START_TEST(a_whole_group_is_refused)
{
	static struct sent sent[100];
	size_t refused = 0;
	struct rig rig;

	quiet();
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	wait_for_spare(&rig);
	ck_assert_int_eq(rig_put(&rig, 1000, 100), 0);
	rig_slow(20);
	rig_break(CALL_FDATASYNC, 0, 1, EIO);
	for (size_t i = 0; i < 100; i++)
		rig_send(&rig, i + 1, 1500, &sent[i]);
	rig_wait(&rig, sent, 100);
	for (size_t i = 0; i < 100; i++)
		refused += sent[i].error != 0;
	rig_slow(0);
	ck_assert_uint_gt(refused, 0);
	ck_assert_uint_eq(rig.counters.spool_failures, refused);
	check_answers(&rig, sent, 100);
	rig_close(&rig);
}
END_TEST

/* When even cutting off fails, the seal says where the segment ends. */
START_TEST(what_cannot_be_cut_off_is_sealed_off)
{
	struct sent sent[3];
	struct rig rig;

	quiet();
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	for (size_t i = 0; i < 3; i++) {
		if (i == 0)
			wait_for_spare(&rig);
		if (i == 1) {
			rig_break(CALL_FDATASYNC, 0, 1, EIO);
			rig_break(CALL_FTRUNCATE, 0, 1, EIO);
		}
		rig_send(&rig, i + 1, 1500, &sent[i]);
		rig_wait(&rig, &sent[i], 1);
	}
	ck_assert_int_eq(sent[1].error, EIO);
	ck_assert_int_eq(sent[2].error, 0);
	check_answers(&rig, sent, 3);
	rig_close(&rig);
}
END_TEST

/* Not even by who has the file open that is removed then. */
START_TEST(a_refused_first_group_is_read_by_nobody)
{
	struct spool_record record;
	struct sent sent;
	struct rig rig;

	quiet();
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	wait_for_spare(&rig);

	struct spool_reader *reader = spool_reader_new(rig.spool, &rig.counters);

	rig_slow(50);
	rig_break(CALL_FDATASYNC, 0, 1, EIO);
	rig_send(&rig, 1, 1500, &sent);
	while (access(rig_file(&rig, "log", 1, "seg"), F_OK) != 0)
		usleep(1000);
	ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_WAIT);
	rig_wait(&rig, &sent, 1);
	ck_assert_int_eq(sent.error, EIO);
	ck_assert_int_ne(access(rig_file(&rig, "log", 1, "seg"), F_OK), 0);
	ck_assert_int_eq(spool_reader_next(reader, &record), SPOOL_NEXT_WAIT);
	ck_assert_uint_eq(rig.counters.spool_damaged, 0);
	spool_reader_free(&reader);
	rig_close(&rig);
}
END_TEST

START_TEST(a_full_disk_refuses_until_there_is_room)
{
	struct sent sent[20];
	struct rig rig;

	quiet();
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	rig_break(CALL_PWRITEV, 0, 1000000, ENOSPC);
	for (size_t i = 0; i < 20; i++) {
		rig_send(&rig, i + 1, i % 2 == 0 ? 500 : 70000, &sent[i]);
		rig_wait(&rig, &sent[i], 1);
		ck_assert_int_eq(sent[i].error, ENOSPC);
	}
	rig_mend();
	ck_assert_int_eq(rig_put(&rig, 1000, 100), 0);
	check_answers(&rig, sent, 20);
	ck_assert_uint_eq(rig.counters.spool_failures, 20);
	ck_assert_uint_eq(rig_count(&rig, "log", ".seg"), 1);
	ck_assert_uint_eq(rig_count(&rig, "large", ""), 2);
	rig_close(&rig);
}
END_TEST

/* A file of the next number that nobody expected, and a spare that is none. */
START_TEST(no_file_of_others_is_touched)
{
	struct rig rig;
	struct stat st;

	quiet();
	rig_open(&rig, SMALL);
	rig_writer(&rig);

	int fd = open(rig_file(&rig, "log", 1, "seg"), O_CREAT | O_RDWR, 0600);

	ck_assert_int_eq(pwrite(fd, "mine", 4, 0), 4);
	ck_assert_int_eq(mkdir(rig_file(&rig, "log", 9, "spare"), 0700), 0);
	ck_assert_int_eq(close(open(rig_file(&rig, "log", 8, "spare"), O_CREAT | O_RDWR, 0600)), 0);
	ck_assert_int_eq(rig_put(&rig, 1, 100), EEXIST);
	ck_assert_int_eq(rig_put(&rig, 2, 100), 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	ck_assert_uint_eq(st.st_nlink, 1);
	ck_assert_int_eq(st.st_size, 4);
	close(fd);
	ck_assert_uint_eq(rig_count(&rig, "log", ".spare"), 2);
	rig_writer_free(&rig);
	ck_assert_int_eq(rmdir(rig_file(&rig, "log", 9, "spare")), 0);
	rig_close(&rig);
}
END_TEST

/* What the log says of the disk, from a message on that is too large for a segment's records. */
START_TEST(a_large_content_that_is_refused_is_told)
{
	char text[4096] = "";
	struct rig rig;
	int told[2];

	ck_assert_int_eq(pipe(told), 0);
	ck_assert_int_eq(dup2(told[1], STDERR_FILENO), STDERR_FILENO);
	log_open(LOG_TARGET_STDERR, LOG_FORMAT_TEXT, LOG_LEVEL_INFO, "test");
	rig_open(&rig, SMALL);
	rig_writer(&rig);
	rig_break(CALL_PWRITEV, 0, 1000000, ENOSPC); /* for a spare that is being made as well */
	ck_assert_int_eq(rig_put(&rig, 1, 70000), ENOSPC);
	rig_mend();
	ck_assert_int_gt(read(told[0], text, sizeof text - 1), 0);
	ck_assert_ptr_nonnull(strstr(text, "spool_failed"));
	ck_assert_ptr_nonnull(strstr(text, "in=large"));
	rig_close(&rig);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *each = tcase_create("each");

	tcase_add_loop_test(
	    each, each_failure_is_told_and_overcome, 0, sizeof faults / sizeof *faults);
	tcase_set_timeout(each, 60);
	suite_add_tcase(suite, each);
	add_tests(suite, "faults", a_whole_group_is_refused, no_file_of_others_is_touched,
	    a_large_content_that_is_refused_is_told, what_cannot_be_cut_off_is_sealed_off,
	    a_refused_first_group_is_read_by_nobody, a_full_disk_refuses_until_there_is_room);
}

UNIT_MAIN("spool/faults")
