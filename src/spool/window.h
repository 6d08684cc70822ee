/* SPDX-License-Identifier: ISC */
/* window.h - a stretch of a file in memory, so that one pread serves many records.  Only for
 * src/spool. */
#ifndef SPOOL_WINDOW_H
#define SPOOL_WINDOW_H

#include <stddef.h>
#include <stdint.h>

struct disk_ops;
struct window;

struct window *window_new(const struct disk_ops *disk);
void window_free(struct window **window);

/* Forget what is in memory: the file may have changed, or another one is to be read. */
void window_reset(struct window *window);

/*
 * The len octets at offset, which may be read ahead up to `limit` but not beyond.  Valid until the
 * next call.  `ahead`: how much to read at once at the least.  NULL and errno on failure; errno is
 * 0 when the file ends before.
 */
const unsigned char *
window_at(struct window *window, int fd, uint32_t offset, size_t len, uint32_t limit, size_t ahead);

#endif
