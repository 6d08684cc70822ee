/* SPDX-License-Identifier: ISC */
/* fuzz.h - the spool of a random life, to be damaged at random and restored. */
#ifndef TESTS_SPOOL_FUZZ_H
#define TESTS_SPOOL_FUZZ_H

#include "rig.h"

enum {
	LIFE_MAX = 40, /* messages */
	FILES = 64,
	HITS = 3,
};

/* A file as the life left it. */
struct file {
	char name[64]; /* in the spool */
	unsigned char *data;
	size_t size;
};

/* Octets that were changed, or cut off, of a file. */
struct hit {
	const struct file *file;
	uint64_t from, to;
	bool is_cut;
};

struct world {
	struct rig rig;
	unsigned seed;
	struct sent sent[LIFE_MAX];
	size_t sizes[LIFE_MAX], count;
	struct spool_record record[LIFE_MAX]; /* of each, in order of id */
	struct file file[FILES];
	size_t files;
	struct hit hit[HITS];
	size_t hits;
};

void fuzz_live(struct world *world);

/* As the life left it. */
void fuzz_restore(struct world *world);

/* Damage some files, and perhaps add what nobody made. */
void fuzz_hurt(struct world *world);

void fuzz_forget(struct world *world);

#endif
