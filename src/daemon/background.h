/* SPDX-License-Identifier: ISC */
/* background.h - to go to the background: for machines without a service manager. */
#ifndef DAEMON_BACKGROUND_H
#define DAEMON_BACKGROUND_H

/*
 * Fork; the parent waits and exits with 0 once background_ready() was called, or with the child's
 * status if that ends before.  In the child: a descriptor for background_ready(), or -1 and errno.
 */
int background_enter(void);

/* We serve: let the parent go, and let go of the terminal.  *launcher is closed and -1 afterwards;
 * so may it be before. */
void background_ready(int *launcher);

/* Point stdin, stdout and stderr to /dev/null. */
void background_detach(void);

#endif
