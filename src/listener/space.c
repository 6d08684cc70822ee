/* SPDX-License-Identifier: ISC */
/*
 * space.c - the watch over the spool's file system; see space.h.
 * A file system that cannot be asked counts as having room: the commit will tell.
 */
#include "listener/space.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

#include "base/counters.h"
#include "base/log.h"

/* Below this not even a segment and its outcomes are sure of their inodes; large messages fail by
 * themselves. */
enum { SPACE_MIN_INODES = 16 };

struct space {
	struct event *timer;
	space_probe_fn *probe;
	struct counters *counters;
	int dir;
	uint64_t min_free; /* bytes */
	uint64_t spare;    /* bytes free beyond min_free */
	bool full, failing;
};

static void
set_full(struct space *space, bool full, uint64_t bytes, uint64_t inodes)
{
	if (full && !space->full)
		log_warning("spool_full", log_d("free", bytes), log_d("free_inodes", inodes),
		    log_d("min_free", space->min_free));
	else if (!full && space->full)
		log_info("spool_has_room", log_d("free", bytes), log_d("free_inodes", inodes));
	space->full = full;
	gauge_set(&space->counters->spool_full, full);
}

static void
look(struct space *space)
{
	struct statvfs fs;

	if (space->probe(space->dir, &fs) < 0) {
		if (!space->failing)
			log_warning("spool_space_unknown", log_s("why", strerror(errno)));
		space->failing = true;
		space->spare = UINT64_MAX;
		set_full(space, false, 0, 0);
		return;
	}
	space->failing = false;

	uint64_t bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	bool has_bytes = bytes >= space->min_free;
	/* No inodes at all means that the file system does not count them (btrfs). */
	bool has_inodes = fs.f_files == 0 || fs.f_favail >= SPACE_MIN_INODES;

	space->spare = has_bytes ? bytes - space->min_free : 0;
	set_full(space, !has_bytes || !has_inodes, bytes, fs.f_favail);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	(void)fd;
	(void)what;
	look(ctx);
}

struct space *
space_new(struct event_base *base, int dir, uint64_t min_free, struct counters *counters,
    space_probe_fn *probe)
{
	static const struct timeval every = { .tv_sec = 1 };
	struct space *space = calloc(1, sizeof *space);

	if (space == NULL)
		return NULL;
	space->probe = probe;
	space->counters = counters;
	space->dir = dir;
	space->min_free = min_free;
	space->timer = event_new(base, -1, EV_PERSIST, on_timer, space);
	if (space->timer == NULL || event_add(space->timer, &every) < 0) {
		space_free(&space);
		return NULL;
	}
	look(space);
	return space;
}

void
space_free(struct space **space)
{
	if (*space == NULL)
		return;
	if ((*space)->timer != NULL)
		event_free((*space)->timer);
	free(*space);
	*space = NULL;
}

bool
space_has_room(const struct space *space, uint64_t size)
{
	return !space->full && size <= space->spare;
}
