/* SPDX-License-Identifier: ISC */
/*
 * image.h - what a disk may hold when the power fails in the middle of a trace.  The model is the
 * harshest that a journaling file system allows:
 *   - of a file that is durable which a completed fdatasync of it covers, begun after the write;
 * its name is not;
 *   - of what is not durable each sector of 512 octets holds any of its versions since, the size
 *     any of its values, independent of the data: between them are zeros, never another file's
 * data;
 *   - after a sync that failed, a later one makes durable only the sectors written since;
 *   - names are durable after the fsync of their directory; of the others either those up to some
 *     moment hold, or any subset; a rename is atomic.
 */
#ifndef CRASH_POWER_IMAGE_H
#define CRASH_POWER_IMAGE_H

#include <stddef.h>

#include "trace.h"

struct image;

/* The state before the first operation; the trace is borrowed. */
struct image *image_new(const struct trace *trace);
void image_free(struct image **image);

/* The power fails just before this operation, which lies behind that of the last call. */
void image_advance(struct image *image, size_t op);

/* Write one of the possible disks to a new directory. */
void image_write(const struct image *image, const char *path, unsigned seed);

void image_make_spool(const char *path);
void image_remove(const char *path);

#endif
