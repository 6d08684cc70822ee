/* SPDX-License-Identifier: ISC */
/* options.h - the command line of posternd(8). */
#ifndef DAEMON_OPTIONS_H
#define DAEMON_OPTIONS_H

#include <stdbool.h>
#include <stdio.h>

struct options {
	const char *file;   /* the config */
	bool is_foreground; /* -f: stay, and log to stderr */
	bool checks_only;   /* -t */
	bool shows_version; /* -V, --version */
	bool shows_usage;   /* -h, --help */
};

/* 0, or -1 when the usage was printed. */
int options_parse(struct options *options, int argc, char **argv);

void options_usage(FILE *out);

#endif
