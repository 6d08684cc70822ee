/* SPDX-License-Identifier: ISC */
/* posternd.c - the relay: options, and then the master of daemon/. */
#include "config.h"

#include <stdio.h>
#include <sysexits.h>

#include "daemon/master.h"
#include "daemon/options.h"

int
main(int argc, char **argv)
{
	struct options options;

	if (options_parse(&options, argc, argv) != 0)
		return EX_USAGE;
	if (options.shows_usage) {
		options_usage(stdout);
		return EX_OK;
	}
	if (options.shows_version) {
		puts(PACKAGE_STRING);
		return EX_OK;
	}
	if (options.checks_only)
		return master_check(&options);
	return master_run(&options);
}
