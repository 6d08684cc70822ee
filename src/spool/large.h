/* SPDX-License-Identifier: ISC */
/* large.h - the files of large/ that nothing names any more. */
#ifndef SPOOL_LARGE_H
#define SPOOL_LARGE_H

#include <stdbool.h>
#include <stdint.h>

struct spool_outcomes;

/*
 * Remove ID.msg files that no message knows and that were last changed before older_ms (real time):
 * left by a crash between the naming of a file and the commit of its record, or between an outcome
 * and the unlinking.  Call it when the reader has read everything that was there; older_ms lies
 * well before the start of any message that is still being committed.
 * They go on the outcomes' thread, when all outcomes have been synced: a message may be unknown
 * for outcomes that a power cut would take back.
 * As long as something lies in damaged/ they are moved there instead: one may be the content of a
 * record that was lost. When something could not be read or set aside in this life nothing is
 * swept.  How many there are to be removed or moved, or -1 and errno.
 */
int spool_large_sweep(struct spool_outcomes *outcomes, bool (*is_known)(void *ctx, uint64_t id),
    void *ctx, int64_t older_ms);

#endif
