/* SPDX-License-Identifier: ISC */
/* test_thread.c - a thread takes no signals, and its maker goes on to take them. */
#include "base/thread.h"

#include <signal.h>
#include <stdbool.h>

#include "unit.h"

static void *
look(void *ctx)
{
	sigset_t blocked;

	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	*(bool *)ctx = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGHUP) == 1;
	return NULL;
}

START_TEST(signals_are_blocked_in_it_alone)
{
	bool is_blocked = false;
	sigset_t blocked;
	pthread_t thread;

	ck_assert_int_eq(thread_start(&thread, look, &is_blocked), 0);
	pthread_join(thread, NULL);
	ck_assert(is_blocked);
	pthread_sigmask(SIG_SETMASK, NULL, &blocked);
	ck_assert_int_eq(sigismember(&blocked, SIGTERM), 0);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "thread", signals_are_blocked_in_it_alone);
}

UNIT_MAIN("thread")
