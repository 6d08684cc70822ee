/* SPDX-License-Identifier: ISC */
/* options.c - the command line of posternd(8). */
#include "daemon/options.h"

#include <stdio.h>
#include <unistd.h>

#include "config/config.h"

static int
usage(void)
{
	fprintf(stderr, "usage: posternd [-ftV] [-c file]\n");
	return -1;
}

int
options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){ .file = CONFIG_DEFAULT_FILE };
	while ((option = getopt(argc, argv, "c:ftV")) != -1) {
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 'f':
			options->is_foreground = true;
			break;
		case 't':
			options->checks_only = true;
			break;
		case 'V':
			options->shows_version = true;
			break;
		default:
			return usage();
		}
	}
	return optind == argc ? 0 : usage();
}
