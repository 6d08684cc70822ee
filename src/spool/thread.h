/* SPDX-License-Identifier: ISC */
/* thread.h - threads of the spool take no signals: those are the event loop's.  Only for src/spool.
 */
#ifndef SPOOL_THREAD_H
#define SPOOL_THREAD_H

#include <pthread.h>

/* 0, or -1 and errno. */
int thread_start(pthread_t *thread, void *(*run)(void *), void *ctx);

#endif
