/* SPDX-License-Identifier: ISC */
/* thread.h - threads take no signals: those are the event loop's. */
#ifndef BASE_THREAD_H
#define BASE_THREAD_H

#include <pthread.h>

/* 0, or -1 and errno. */
int thread_start(pthread_t *thread, void *(*run)(void *), void *ctx);

#endif
