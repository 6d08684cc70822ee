/* SPDX-License-Identifier: ISC */
/*
 * space.h - whether the spool's file system has room for new mail: free bytes and free inodes,
 * looked at every second.  Begin and end of a shortage are logged and shown by the gauge
 * spool_full.
 */
#ifndef LISTENER_SPACE_H
#define LISTENER_SPACE_H

#include <stdbool.h>
#include <stdint.h>

struct counters;
struct event_base;
struct space;
struct statvfs;

/* As fstatvfs(3); a table entry of its own so that tests can fill the disk. */
typedef int space_probe_fn(int fd, struct statvfs *out);

/* Looks at once, then every second.  dir is borrowed.  NULL: out of memory. */
struct space *space_new(struct event_base *base, int dir, uint64_t min_free,
    struct counters *counters, space_probe_fn *probe);
void space_free(struct space **space);

/* Whether a message of this size (0: not known) may come. */
bool space_has_room(const struct space *space, uint64_t size);

#endif
