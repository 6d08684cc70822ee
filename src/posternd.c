/* SPDX-License-Identifier: ISC */
/* posternd.c - the relay: options, and then the master of daemon/. */
#include "config.h"

#include <signal.h>
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
	/* Whoever starts us may ignore this signal, and that is inherited: then the kernel would
	 * tell us of no child's end. */
	(void)signal(SIGCHLD, SIG_DFL);
	if (options.checks_only)
		return master_check(&options);
	return master_run(&options);
}
