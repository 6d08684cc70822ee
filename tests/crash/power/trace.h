/* SPDX-License-Identifier: ISC */
/*
 * trace.h - the spool's file operations, done for real and written down in order, so that image.h
 * can tell what a disk may hold if the power fails between any two of them.  One trace at a time;
 * any thread.  It can make operations fail as well.
 */
#ifndef CRASH_POWER_TRACE_H
#define CRASH_POWER_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "spool/disk.h"

enum trace_dir { TRACE_LOG, TRACE_LARGE, TRACE_DAMAGED, TRACE_DIRS };

enum trace_kind {
	TRACE_FOUND,  /* a file that was there at the start, with all that it held */
	TRACE_CREATE, /* dir, name, file */
	TRACE_WRITE,  /* file, offset, data, len */
	TRACE_SIZE,   /* file, offset: its new size */
	TRACE_RENAME, /* dir, name, to_dir, to, file */
	TRACE_UNLINK, /* dir, name, file */
	TRACE_SYNC,   /* file; what was written before `begin` is durable now */
	TRACE_SYNC_FAILED,
	TRACE_SYNC_DIR, /* dir, the same */
};

enum { TRACE_NAME = 48 };

struct trace_op {
	enum trace_kind kind;
	unsigned file; /* files are numbered from 0 in the order in which they appear */
	enum trace_dir dir, to_dir;
	char name[TRACE_NAME], to[TRACE_NAME];
	off_t offset;
	size_t len, begin;
	unsigned char *data;
};

struct trace {
	struct trace_op *op;
	size_t count, size;
	unsigned files;
	size_t start; /* the first operation behind those that found files */
};

/* The recording disk. */
extern const struct disk_ops trace_disk;

/* Begin: note what log/, large/ and damaged/ of the spool hold.  The seed chooses how long syncs
 * take and what fails. */
void trace_start(const char *path, unsigned seed);

/* How many operations there are so far. */
size_t trace_now(void);

/* End it: the caller's, to be freed with trace_free(). */
struct trace trace_stop(void);
void trace_free(struct trace *trace);

/* One operation of so many fails, with one of the errors that a disk has; 0: none does.  Cutting a
 * file always works: where neither that nor a seal does, what was refused may be read. */
void trace_fail(unsigned one_of);

/* Every one that needs room fails with this error; 0: none does. */
void trace_fail_all(int error);

/* The nth from now fails, once; if so, and is_lasting, all that need room fail from then on. */
void trace_fail_nth(size_t nth, int error, bool is_lasting);

/* How often a segment or large file was synced again after a sync of it had failed. */
unsigned trace_repeated_syncs(void);

#endif
