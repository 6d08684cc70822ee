/* SPDX-License-Identifier: ISC */
/* test_counters.c - what a worker adds, the master sees. */
#include "base/counters.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

START_TEST(a_child_adds_to_the_shared_page)
{
	struct counters *page =
	    mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status;

	ck_assert_ptr_ne(page, MAP_FAILED);
	counter_add(&page->delivered, 2);

	pid_t child = fork();

	if (child == 0) {
		counter_add(&page->delivered, 5);
		gauge_set(&page->queued, 9);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_uint_eq(counter_get(&page->delivered), 7);
	ck_assert_uint_eq(counter_get(&page->queued), 9);
	munmap(page, sizeof *page);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "counters", a_child_adds_to_the_shared_page);
}

UNIT_MAIN("base/counters")
