/* SPDX-License-Identifier: ISC */
/* tree.h - remove a directory that a test made, with all that is in it. */
#ifndef TREE_H
#define TREE_H

#include <ftw.h>
#include <stdio.h>

static inline int
tree_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static inline void
tree_remove(const char *path)
{
	enum { OPEN_MAX_DEPTH = 16 };

	nftw(path, tree_remove_one, OPEN_MAX_DEPTH, FTW_DEPTH | FTW_PHYS);
}

#endif
