/* SPDX-License-Identifier: ISC */
/* test_disk.c - whole writes and reads out of calls that do less. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "../unit.h"
#include "rig.h"

static int
open_scratch(void)
{
	return openat(AT_FDCWD, ".", O_RDWR | O_TMPFILE, 0600);
}

START_TEST(writes_more_pieces_than_one_call_takes)
{
	enum { PIECES = 3 * IOV_MAX + 7 };
	static struct iovec iov[PIECES];
	static char in[PIECES], out[PIECES];
	int fd = open_scratch();

	for (int i = 0; i < PIECES; i++) {
		in[i] = (char)('a' + i % 26);
		iov[i] = (struct iovec){ &in[i], 1 };
	}
	ck_assert_int_eq(disk_write_all(&disk_os, fd, iov, PIECES, 5), 0);
	ck_assert_int_eq(disk_read_all(fd, out, PIECES, 5), 0);
	ck_assert_int_eq(memcmp(in, out, PIECES), 0);
	close(fd);
}
END_TEST

START_TEST(goes_on_after_short_writes_and_interruptions)
{
	static const struct {
		int error;
	} cases[] = { { 0 }, { EINTR } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char text[] = "one,,two", out[9] = "";
		struct iovec iov[] = { { text, 4 }, { text, 0 }, { text + 4, 4 } };
		int fd = open_scratch();

		rig_break(CALL_PWRITEV, 0, 2, cases[i].error);
		ck_assert_int_eq(disk_write_all(&rig_disk, fd, iov, 3, 0), 0);
		ck_assert_int_eq(disk_read_all(fd, out, 8, 0), 0);
		ck_assert_str_eq(out, "one,,two");
		close(fd);
	}
}
END_TEST

START_TEST(an_error_is_an_error)
{
	struct iovec iov = { (char[]){ "x" }, 1 };
	int fd = open_scratch();

	rig_break(CALL_PWRITEV, 0, 1, ENOSPC);
	ck_assert_int_eq(disk_write_all(&rig_disk, fd, &iov, 1, 0), -1);
	ck_assert_int_eq(errno, ENOSPC);
	close(fd);
}
END_TEST

START_TEST(reading_tells_the_end)
{
	char out[4];
	int fd = open_scratch();

	ck_assert_int_eq(pwrite(fd, "abc", 3, 0), 3);
	ck_assert_int_eq(disk_read_all(fd, out, 3, 0), 0);
	ck_assert_int_eq(disk_read_all(fd, out, 4, 0), 1);
	close(fd);
	ck_assert_int_eq(disk_read_all(fd, out, 1, 0), -1);
}
END_TEST

START_TEST(renaming_never_replaces)
{
	int one = open("./rename-one", O_CREAT | O_WRONLY, 0600);
	int two = open("./rename-two", O_CREAT | O_WRONLY, 0600);

	ck_assert(one >= 0 && two >= 0);
	close(one);
	close(two);
	ck_assert_int_eq(disk_os.renameat(AT_FDCWD, "./rename-one", AT_FDCWD, "./rename-two"), -1);
	ck_assert_int_eq(errno, EEXIST);
	ck_assert_int_eq(unlink("./rename-two"), 0);
	ck_assert_int_eq(disk_os.renameat(AT_FDCWD, "./rename-one", AT_FDCWD, "./rename-two"), 0);
	ck_assert_int_eq(unlink("./rename-two"), 0);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "disk", writes_more_pieces_than_one_call_takes,
	    goes_on_after_short_writes_and_interruptions, an_error_is_an_error,
	    reading_tells_the_end, renaming_never_replaces);
}

UNIT_MAIN("spool/disk")
