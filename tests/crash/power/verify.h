/* SPDX-License-Identifier: ISC */
/* verify.h - recover a spool and hold what is found against what was promised until a moment. */
#ifndef CRASH_POWER_VERIFY_H
#define CRASH_POWER_VERIFY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct letters;

/* What recovery found of each letter, by its number. */
struct finding {
	uint32_t live; /* a bit for each recipient that is still to be served */
	bool has_report;
};

enum {
	VERIFY_MAY_REPEAT = 1, /* outcomes may have been lost, for the disk had failed */
	VERIFY_MAY_REFUSE = 2, /* what was refused may be there, for the power failed as well */
};

/*
 * Recover the spool at path, as it may be after the power failed just before operation `cut`. Abort
 * when a promise is broken.  finding has room for each letter.  How many letters are there without
 * their content and may be: never acknowledged, on a disk that had failed.
 */
size_t verify(const struct letters *letters, const char *path, size_t cut, uint64_t segment_size,
    unsigned flags, struct finding *finding);

/* From now on what was found is what is promised, before the first operation of another trace. */
void verify_adopt(struct letters *letters, size_t cut, const struct finding *finding);

#endif
