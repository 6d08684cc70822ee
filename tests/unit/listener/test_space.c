/* SPDX-License-Identifier: ISC */
/* test_space.c - when new mail is refused for lack of room. */
#include "unit.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/counters.h"
#include "listener/space.h"

enum { MIN_FREE = 1000 };

static struct statvfs disk;
static int disk_error;

static int
probe(int fd, struct statvfs *out)
{
	ck_assert_int_eq(fd, 42);
	*out = disk;
	errno = disk_error;
	return disk_error == 0 ? 0 : -1;
}

static const struct {
	const char *what;
	struct statvfs disk;
	int error;
	uint64_t size;
	bool has_room, is_full;
} cases[] = {
	{ "plenty", { .f_frsize = 10, .f_bavail = 1000 }, 0, 0, true, false },
	{ "just enough", { .f_frsize = 10, .f_bavail = 100 }, 0, 0, true, false },
	{ "too little", { .f_frsize = 10, .f_bavail = 99 }, 0, 0, false, true },
	{ "not for this one", { .f_frsize = 10, .f_bavail = 200 }, 0, 1001, false, false },
	{ "just for this one", { .f_frsize = 10, .f_bavail = 200 }, 0, 1000, true, false },
	{ "no inodes", { .f_frsize = 10, .f_bavail = 200, .f_files = 99 }, 0, 0, false, true },
	{ "some inodes", { .f_frsize = 10, .f_bavail = 200, .f_files = 99, .f_favail = 50 }, 0, 0,
	    true, false },
	{ "cannot tell", { .f_frsize = 0 }, EIO, 1 << 30, true, false },
};

START_TEST(test_room)
{
	struct event_base *base = event_base_new();
	struct counters counters = { 0 };

	disk = cases[_i].disk;
	disk_error = cases[_i].error;

	struct space *space = space_new(base, 42, MIN_FREE, &counters, probe);

	ck_assert_int_eq(space_has_room(space, cases[_i].size), cases[_i].has_room);
	ck_assert_uint_eq(counter_get(&counters.spool_full), cases[_i].is_full);
	space_free(&space);
	event_base_free(base);
}
END_TEST

/* It is looked at again within a second or two. */
START_TEST(test_it_ends_by_itself)
{
	struct event_base *base = event_base_new();
	struct counters counters = { 0 };

	disk = (struct statvfs){ .f_frsize = 1, .f_bavail = 1 };
	disk_error = 0;

	struct space *space = space_new(base, 42, MIN_FREE, &counters, probe);

	ck_assert(!space_has_room(space, 0));
	disk.f_bavail = MIN_FREE;
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert(space_has_room(space, 0));
	ck_assert_uint_eq(counter_get(&counters.spool_full), 0);
	space_free(&space);
	event_base_free(base);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("room");

	tcase_add_loop_test(table, test_room, 0, (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(suite, table);
	add_tests(suite, "time", test_it_ends_by_itself);
}

UNIT_MAIN("listener/space")
