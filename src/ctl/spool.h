/* SPDX-License-Identifier: ISC */
/* spool.h - posternctl's commands for a spool that no postern uses. */
#ifndef CTL_SPOOL_H
#define CTL_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ctl/commands.h"

struct spool_options {
	bool json, repair, all;
	const char *to;     /* directory for the messages */
	const uint64_t *id; /* only these, if any */
	size_t ids;
};

/* Behind "posternctl [-c FILE] ". */
#define SPOOL_USAGE                                       \
	"spool check [--spool DIR] [--repair] [--json]\n" \
	"       posternctl [-c FILE] spool export [--spool DIR] [--id ID]... [--all] DIR"

ctl_tool_fn spool_command;

int spool_check(const char *path, const struct spool_options *options);
int spool_export(const char *path, const struct spool_options *options);

#endif
