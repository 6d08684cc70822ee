/* SPDX-License-Identifier: ISC */
/* thread.c - start a thread with every signal blocked. */
#include "config.h"

#include "base/thread.h"

#include <errno.h>
#include <signal.h>

int
thread_start(pthread_t *thread, void *(*run)(void *), void *ctx)
{
	sigset_t all, old;

	sigfillset(&all);
	pthread_sigmask(SIG_BLOCK, &all, &old);

	int error = pthread_create(thread, NULL, run, ctx);

	pthread_sigmask(SIG_SETMASK, &old, NULL);
	errno = error;
	return error == 0 ? 0 : -1;
}
