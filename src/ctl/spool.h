/* SPDX-License-Identifier: ISC */
/* spool.h - posternctl's commands for a spool that no postern uses. */
#ifndef CTL_SPOOL_H
#define CTL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct spool_options {
	bool json, repair, all;
	const char *to;     /* directory for the messages */
	const uint64_t *id; /* only these, if any */
	size_t ids;
};

/* `spool check|export ...`, argv[0] being "spool"; file: the config, NULL: the usual one.  Returns
 * a status of sysexits.h. */
int spool_command(const char *file, int argc, char **argv);

int spool_check(const char *path, const struct spool_options *options);
int spool_export(const char *path, const struct spool_options *options);

#endif
