/* SPDX-License-Identifier: ISC */
/* rig_sample.h - one segment whose octets are known, to be damaged and restored. */
#ifndef TESTS_SPOOL_RIG_SAMPLE_H
#define TESTS_SPOOL_RIG_SAMPLE_H

#include "rig.h"

enum { SAMPLE_SEGMENT = 64 * 1024, SAMPLE_MESSAGES = 5 };

/* A segment of SAMPLE_MESSAGES messages, each in a group of its own, in memory; and the file it
 * came from.
 */
struct sample {
	struct rig rig;
	struct sent sent[SAMPLE_MESSAGES];
	unsigned char *bytes;
	size_t size, end;
	int fd;
};

/* Make it, with or without its seal; the log goes nowhere. */
void sample_make(struct sample *sample, bool is_sealed);

/* As it was. */
void sample_restore(const struct sample *sample);
void sample_close(struct sample *sample);

/* The path of what was set aside of this place: valid until the next call. */
const char *sample_copy(const struct sample *sample, uint32_t offset);

/* How many copies were made in damaged/; they are gone then. */
unsigned rig_take_copies(const struct rig *rig);

#endif
