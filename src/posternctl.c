/* SPDX-License-Identifier: ISC */
/* posternctl.c - talk to a running postern: commands[] is the table of contents.  See
 * posternctl(8). */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"
#include "config/config.h"
#include "ctl/arguments.h"
#include "ctl/call.h"
#include "ctl/commands.h"
#include "ctl/passwd.h"
#include "ctl/relay.h"
#include "ctl/spool.h"

enum { WHICH = CTL_IDS | CTL_SELECTION | CTL_ALL };

static const struct command {
	const char *name;
	ctl_command_fn *run;
	unsigned takes;
	const char *help;
} commands[] = {
	{ "status", ctl_status, CTL_JSON, "the queue, the upstreams, the counters" },
	{ "queue", ctl_queue, CTL_SELECTION | CTL_JSON, "the messages that wait" },
	{ "show", ctl_show, CTL_ID | CTL_NEEDS, "one message: envelope, recipients, history" },
	{ "retry", ctl_order, WHICH, "try again now; without any, all, and probe held upstreams" },
	{ "hold", ctl_order, WHICH | CTL_NEEDS, "keep, but do not send" },
	{ "release", ctl_order, WHICH | CTL_NEEDS, "send what was held" },
	{ "delete", ctl_order, WHICH | CTL_NEEDS, "remove without telling the sender" },
	{ "reload", ctl_reload, 0, "read the config again; a bad one changes nothing" },
};

static int
usage(FILE *out, int code)
{
	fputs("usage: posternctl [-c FILE] [-s SOCKET] COMMAND\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  %-8s %-21s  %s\n", commands[i].name,
		    ctl_arguments_help(commands[i].takes), commands[i].help);
	fputs(
	    "  spool check|export ...          an idle spool: what is damaged, its messages as "
	    "files\n"
	    "  check-relay [ADDRESS[:PORT]]    whether a stranger's mail is relayed: 0 no, 1 yes\n"
	    "  passwd NAME                     a line for a users_file; asks for the password\n"
	    "  SELECTION  --from PATTERN --to PATTERN --older DURATION --reason TEXT --state "
	    "STATE:\n"
	    "             what meets all that are given; a PATTERN is an address, or like "
	    "*@example.com\n"
	    "  -c FILE    the config that names the control socket (default " CONFIG_DEFAULT_FILE
	    ")\n  -s SOCKET  the control socket itself\n  -V         the version\n",
	    out);
	return code;
}

/* The socket that the config names; NULL when the config is broken, which was said then. */
static char *
find_socket(const char *file)
{
	struct str errors = STR_EMPTY;
	struct config *config;
	char *socket = NULL;

	if (file == NULL && access(CONFIG_DEFAULT_FILE, R_OK) == -1)
		return strdup(POSTERN_RUNDIR "/control.sock");
	config = config_load(file != NULL ? file : CONFIG_DEFAULT_FILE, &errors);
	if (config != NULL)
		socket = strdup(config->control);
	else
		fprintf(stderr, "%s", errors.data);
	config_free(&config);
	str_free(&errors);
	return socket;
}

static const struct command *
find_command(const char *name)
{
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
	fprintf(stderr, "posternctl: there is no command `%s`\n", name);
	return NULL;
}

static int
run(const char *file, const char *socket, int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	struct ctl_arguments arguments = { 0 };
	char *found = NULL;
	int code = EX_USAGE;

	if (command != NULL)
		code = ctl_arguments_read(&arguments, command->takes, argc, argv);
	if (code == EX_OK && socket == NULL && (socket = found = find_socket(file)) == NULL)
		code = EX_CONFIG;
	if (code == EX_OK)
		code = command->run(socket, command->name, &arguments);
	else if (code == EX_USAGE)
		usage(stderr, EX_USAGE);
	free(found);
	ctl_arguments_free(&arguments);
	if (fflush(stdout) != 0 && code == EX_OK)
		code = ctl_output_failed(errno);
	return code;
}

int
main(int argc, char **argv)
{
	const char *file = NULL, *socket = NULL;
	int option;

	while ((option = getopt(argc, argv, "+c:s:Vh")) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 's':
			socket = optarg;
			break;
		case 'V':
			puts("posternctl " PACKAGE_VERSION);
			return EX_OK;
		case 'h':
			return usage(stdout, EX_OK);
		default:
			return usage(stderr, EX_USAGE);
		}
	}
	if (optind < argc && strcmp(argv[optind], "spool") == 0)
		return spool_command(file, argc - optind, argv + optind);
	if (optind < argc && strcmp(argv[optind], "passwd") == 0)
		return passwd_command(argc - optind, argv + optind);
	if (optind < argc && strcmp(argv[optind], "check-relay") == 0)
		return relay_command(file, argc - optind, argv + optind);
	if (optind == argc)
		return usage(stderr, EX_USAGE);
	return run(file, socket, argc - optind, argv + optind);
}
