/* SPDX-License-Identifier: ISC */
/* name.h - the names of files in log/ and large/, and walking over them.  Only for src/spool. */
#ifndef SPOOL_NAME_H
#define SPOOL_NAME_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "spool/writer.h"

enum { NAME_SIZE = 48 };

/* A counter from 1 on never comes there: a name with a higher number is none of ours.  Were it one,
 * a stray file could take the counter to numbers that a place in the log has no room for. */
#define NAME_NUMBER_MAX ((UINT64_C(1) << SPOOL_NUMBER_BITS) - 1)

/* Nor does it begin beyond this, so that numbers are left: such a name is a stray file's. */
#define NAME_NUMBER_START_MAX (NAME_NUMBER_MAX - (UINT64_C(1) << 32))

/* "000000000000002a.seg" */
void name_segment(uint64_t number, const char *suffix, char out[NAME_SIZE]);

/* Whether name is a number with this suffix. */
bool name_is_segment(const char *name, const char *suffix, uint64_t *number);

/* The number of anything in log/ that has one. */
bool name_has_number(const char *name, uint64_t *number);

/* Whether name has a number, but one with which no counter begins. */
bool name_is_stray(const char *name, uint64_t *number);

/* "000000000000002a.PID.prep", of a segment that is being made. */
void name_segment_prep(uint64_t number, char out[NAME_SIZE]);

/* "ID.msg", and "ID.PID.part" or "spare.PID.prep" for what is being made. */
void name_large(uint64_t id, char out[NAME_SIZE]);
bool name_is_large(const char *name, uint64_t *id);
void name_part(uint64_t id, char out[NAME_SIZE]);
void name_prep(char out[NAME_SIZE]);

/* The process that a .part or .prep belongs to. */
bool name_is_unfinished(const char *name, pid_t *owner);

/* Call fn for each name in the directory (-1: it is missing, there is none) until it says false. 0,
 * or -1 and errno. */
int name_walk(int dir, bool (*fn)(void *ctx, const char *name), void *ctx);

#endif
