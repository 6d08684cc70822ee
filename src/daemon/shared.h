/* SPDX-License-Identifier: ISC */
/* shared.h - the one page that all processes share: how far the log is committed, the counters, and
 * what upstreams take. */
#ifndef DAEMON_SHARED_H
#define DAEMON_SHARED_H

#include "base/counters.h"
#include "base/sizes.h"
#include "spool/board.h"

struct shared {
	struct board board;
	struct counters counters;
	struct sizes sizes; /* SIZE (RFC 1870) of each upstream, as outbound learns it */
};

/* For the master, before it forks: zeroed, for good.  NULL and errno. */
struct shared *shared_new(void);

#endif
