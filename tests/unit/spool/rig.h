/* SPDX-License-Identifier: ISC */
/* rig.h - a spool in a directory of its own, a board, a loop, and a disk that can be told to fail.
 */
#ifndef TESTS_SPOOL_RIG_H
#define TESTS_SPOOL_RIG_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counters.h"
#include "spool/board.h"
#include "spool/envelope.h"
#include "spool/outcome.h"
#include "spool/reader.h"
#include "spool/spool.h"
#include "spool/writer.h"

struct event_base;

struct rig {
	char path[64];
	int lock;
	struct board *board; /* shared with forked children */
	struct spool *spool;
	struct counters counters;
	struct event_base *base;
	struct spool_writer *writer; /* NULL until rig_writer() */
};

/* Make and open; segments are of this size, and contents over SPOOL_INLINE_SURE are large.  Spares
 * are not made ahead unless they are there. */
void rig_open(struct rig *rig, uint64_t segment_size);
void rig_close(struct rig *rig);

/* Open the spool again as a master would after a crash: a new board, no writer. */
void rig_restart(struct rig *rig);

void rig_writer(struct rig *rig);
void rig_writer_free(struct rig *rig);

/* One message on its way. */
struct sent {
	uint64_t id;
	int error; /* -1: no answer yet */
	struct spool_place place;
};

/* Begin, append `size` octets that follow from the id, commit: the answer comes later. */
void rig_send(struct rig *rig, uint64_t id, size_t size, struct sent *sent);

/* The same with a callback of one's own. */
void rig_send_to(struct rig *rig, uint64_t id, size_t size, spool_commit_fn *on_commit, void *ctx);

/* Run the loop until none of the answers is outstanding. */
void rig_wait(struct rig *rig, const struct sent *sent, size_t count);

/* Send one and wait: the error. */
int rig_put(struct rig *rig, uint64_t id, size_t size);

/* The i-th octet of the content of a message. */
unsigned char rig_octet(uint64_t id, size_t i);

/* Fill with the content. */
void rig_fill(uint64_t id, char *out, size_t size);

/* All that a reader gives until it has to wait; contents are read and compared with what they
 * should be. */
struct found {
	struct spool_record record[512]; /* without envelopes */
	size_t count;
	size_t segments, sealed; /* callbacks */
	uint64_t last_sealed;
	size_t damaged; /* contents that were refused */
};
void rig_read(struct rig *rig, struct found *found);

/* From now on the outcomes of every segment tell of a record at this offset; 0: of none;
 * RIG_REACH_READ: they are read. */
#define RIG_REACH_READ UINT32_MAX
void rig_tell_reach(uint32_t reach);

/* Read the content and compare it with what its id says: false if it was refused as damaged. */
bool rig_check(struct rig *rig, const struct spool_record *record);
bool rig_has(const struct found *found, uint64_t id);
size_t rig_times(const struct found *found, uint64_t id);

/* Path of a file of the spool: valid until the next call. */
const char *rig_file(const struct rig *rig, const char *dir, uint64_t segment, const char *suffix);

/* How far the blocks of a segment have been written, from its start on. */
int64_t rig_written(const struct rig *rig, uint64_t segment);

const char *rig_large_file(const struct rig *rig, uint64_t id);

/* How many names in SPOOL/dir end so. */
unsigned rig_count(const struct rig *rig, const char *dir, const char *suffix);

/* The operations that can be broken. */
enum disk_call {
	CALL_OPENAT,
	CALL_PWRITEV,
	CALL_FDATASYNC,
	CALL_FSYNC_DIR,
	CALL_FALLOCATE,
	CALL_FTRUNCATE,
	CALL_RENAMEAT,
	CALL_UNLINKAT,
	CALLS
};

/* From the (after+1)-th call on, `times` of them fail with error (0: pwritev writes short). */
void rig_break(enum disk_call call, int after, int times, int error);
void rig_mend(void);
int rig_calls(enum disk_call call);

/* The disk whose calls are counted and broken; `slow` delays writes and syncs by so many ms. */
extern const struct disk_ops rig_disk;
void rig_slow(int ms);

/* The reader gets EIO for these octets of every file; to = 0 ends it. */
void rig_spoil(off_t from, off_t to);

/* A disk whose power fails after so many calls (-1: never); then all of them fail and change
 * nothing. */
extern const struct disk_ops rig_power_disk;
void rig_power_plan(int calls);
bool rig_power_is_cut(void);

/* Lose some of what was not synced when the power was cut, as the seed has it; the power is back
 * then. */
void rig_power_lose(unsigned seed);

#endif
