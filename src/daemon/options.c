/* SPDX-License-Identifier: ISC */
/* options.c - the command line of posternd(8). */
#include "daemon/options.h"

#include <getopt.h>

#include "config/config.h"

static const struct option long_options[] = {
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

void
options_usage(FILE *out)
{
	fputs("usage: posternd [-fhtV] [-c file]\n"
	      "  -c file  the config (default " CONFIG_DEFAULT_FILE ")\n"
	      "  -f       stay in the foreground, and log to stderr\n"
	      "  -h       this\n"
	      "  -t       only check the config and the files that it names\n"
	      "  -V       the version\n",
	    out);
}

static int
refuse(void)
{
	options_usage(stderr);
	return -1;
}

int
options_parse(struct options *options, int argc, char **argv)
{
	int option;

	*options = (struct options){ .file = CONFIG_DEFAULT_FILE };
	while ((option = getopt_long(argc, argv, "c:fhtV", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			options->file = optarg;
			break;
		case 'f':
			options->is_foreground = true;
			break;
		case 'h':
			options->shows_usage = true;
			break;
		case 't':
			options->checks_only = true;
			break;
		case 'V':
			options->shows_version = true;
			break;
		default:
			return refuse();
		}
	}
	return optind == argc ? 0 : refuse();
}
