/* SPDX-License-Identifier: ISC */
/*
 * sectors.h - one file of image.h: what is durable of it, and for each sector and for the size
 * every version that came since.
 */
#ifndef CRASH_POWER_SECTORS_H
#define CRASH_POWER_SECTORS_H

#include <stdbool.h>
#include <stddef.h>

enum { SECTOR = 512 };

struct version {
	size_t at;     /* the operation */
	bool is_clean; /* a sync of it failed: none will take it to the disk any more */
	unsigned char data[SECTOR];
};

struct sector {
	struct version *version;
	size_t count;
};

struct size_version {
	size_t at, size;
};

struct file {
	unsigned char *base, *now; /* durable; as the kernel has it */
	size_t base_size, now_size, room;
	struct sector *sector;
	struct size_version *size;
	size_t nsizes;
};

/* Operations on it, the at-th of the trace. */
void file_write(struct file *file, size_t at, size_t offset, const void *data, size_t len);
void file_resize(struct file *file, size_t at, size_t size);

/* A sync that covers what came before the begin-th operation has ended; or it has failed. */
void file_sync(struct file *file, size_t begin);
void file_spoil(struct file *file, size_t begin);

/* Everything is durable. */
void file_settle(struct file *file);

/* What a disk may hold of it: its size; out has room for `room` octets.  Each sector has lost its
 * newest versions with a chance of lose in 16. */
size_t file_draw(const struct file *file, unsigned char *out, unsigned lose, unsigned *seed);

void file_clear(struct file *file);

#endif
