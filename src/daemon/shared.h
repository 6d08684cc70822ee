/* SPDX-License-Identifier: ISC */
/* shared.h - the one page that all processes share: how far the log is committed, and the counters.
 */
#ifndef DAEMON_SHARED_H
#define DAEMON_SHARED_H

#include "base/counters.h"
#include "spool/board.h"

struct shared {
	struct board board;
	struct counters counters;
};

/* For the master, before it forks: zeroed, for good.  NULL and errno. */
struct shared *shared_new(void);

#endif
