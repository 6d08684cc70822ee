/* SPDX-License-Identifier: ISC */
/* arguments.h - what stands behind a command of posternctl: options, a selection, ids. */
#ifndef CTL_ARGUMENTS_H
#define CTL_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

enum ctl_takes {
	CTL_JSON = 1 << 0,      /* --json */
	CTL_SELECTION = 1 << 1, /* --from, --to, --older, --reason, --state */
	CTL_ALL = 1 << 2,       /* --all */
	CTL_ID = 1 << 3,        /* one id */
	CTL_IDS = 1 << 4,       /* or several */
	CTL_NEEDS = 1 << 5,     /* one of the last four */
};

struct ctl_arguments {
	bool json;
	bool is_selection; /* by at least one criterion */
	char *query;       /* of the selection or of --all; NULL: neither */
	char **id;         /* in argv */
	size_t ids;
};

/*
 * Read argv, argv[0] being the command's name, which may be put into another order.  Returns 0, or
 * a status of sysexits.h after saying what is wrong.
 */
int ctl_arguments_read(struct ctl_arguments *out, unsigned takes, int argc, char **argv);
void ctl_arguments_free(struct ctl_arguments *arguments);

/* Only the names of options; what each takes is in the man page.  Into a usage's line. */
const char *ctl_arguments_help(unsigned takes);

#endif
