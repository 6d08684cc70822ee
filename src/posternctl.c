/* SPDX-License-Identifier: ISC */
/* posternctl.c - talk to a running postern: commands[] is the table of contents.  See
 * posternctl(8). */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
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

/* Either run asks the daemon, and takes tells what for, or tool reads the whole line by itself. */
static const struct command {
	const char *name, *help;
	ctl_command_fn *run;
	unsigned takes;
	ctl_tool_fn *tool;
	const char *synopsis, *usage; /* of a tool */
} commands[] = {
	{ "status", "the queue, the upstreams, the counters", .run = ctl_status,
	    .takes = CTL_JSON },
	{ "queue", "the messages that wait", .run = ctl_queue, .takes = CTL_SELECTION | CTL_JSON },
	{ "show", "one message: envelope, recipients, history", .run = ctl_show,
	    .takes = CTL_ID | CTL_NEEDS },
	{ "retry", "try again now; without any, all, and probe held upstreams", .run = ctl_order,
	    .takes = WHICH },
	{ "hold", "keep, but do not send", .run = ctl_order, .takes = WHICH | CTL_NEEDS },
	{ "release", "send what was held", .run = ctl_order, .takes = WHICH | CTL_NEEDS },
	{ "delete", "remove without telling the sender", .run = ctl_order,
	    .takes = WHICH | CTL_NEEDS },
	{ "reload", "read the config again; a bad one changes nothing", .run = ctl_reload },
	{ "spool", "an idle spool: what is damaged, its messages as files", .tool = spool_command,
	    .synopsis = "check|export ...", .usage = SPOOL_USAGE },
	{ "check-relay", "whether a stranger's mail is relayed: 0 no, 1 yes", .tool = relay_command,
	    .synopsis = "[ADDRESS[:PORT]]", .usage = RELAY_USAGE },
	{ "passwd", "a line for a users_file; asks for the password", .tool = passwd_command,
	    .synopsis = "NAME", .usage = PASSWD_USAGE },
};

static const char selection_help[] =
    "  SELECTION  --from PATTERN --to PATTERN --older DURATION --reason TEXT --state STATE:\n"
    "             what meets all that are given; a PATTERN is an address, or like "
    "*@example.com\n";

static int
usage(FILE *out, int code)
{
	fputs("usage: posternctl [-c FILE] [-s SOCKET] COMMAND\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		const struct command *at = &commands[i];
		int width = fprintf(out, "  %-8s %s", at->name,
		    at->tool != NULL ? at->synopsis : ctl_arguments_help(at->takes));

		fprintf(out, "%*s  %s\n", width < 32 ? 32 - width : 0, "", at->help);
	}
	fputs(selection_help, out);
	fputs("  -c FILE    the config that names the control socket (default " CONFIG_DEFAULT_FILE
	      ")\n  -s SOCKET  the control socket itself\n  -V         the version\n"
	      "  --help     this; behind a command, what that one takes\n",
	    out);
	return code;
}

static int
usage_of(const struct command *command, FILE *out, int code)
{
	if (command->tool != NULL)
		fprintf(out, "usage: posternctl [-c FILE] %s\n", command->usage);
	else
		fprintf(out, "usage: posternctl [-c FILE] [-s SOCKET] %s %s\n", command->name,
		    ctl_arguments_help(command->takes));
	if (command->takes & CTL_SELECTION)
		fputs(selection_help, out);
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
		fprintf(stderr, "%s", str_is_bad(&errors) ? "out of memory\n" : errors.data);
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
ask(const struct command *command, const char *file, const char *socket, int argc, char **argv)
{
	struct ctl_arguments arguments = { 0 };
	char *found = NULL;
	int code = ctl_arguments_read(&arguments, command->takes, argc, argv);

	if (code == EX_OK && socket == NULL && (socket = found = find_socket(file)) == NULL)
		code = EX_CONFIG;
	if (code == EX_OK)
		code = command->run(socket, command->name, &arguments);
	free(found);
	ctl_arguments_free(&arguments);
	return code;
}

static bool
wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0)
			return true;
	return false;
}

static int
run(const char *file, const char *socket, int argc, char **argv)
{
	const struct command *command = find_command(argv[0]);
	int code;

	if (command == NULL)
		return usage(stderr, EX_USAGE);
	if (wants_help(argc, argv)) {
		printf("%s: %s\n", command->name, command->help);
		return usage_of(command, stdout, EX_OK);
	}
	code = command->tool != NULL ? command->tool(file, argc, argv)
				     : ask(command, file, socket, argc, argv);
	if (fflush(stdout) != 0 && code == EX_OK)
		code = ctl_output_failed(errno);
	return code == EX_USAGE ? usage_of(command, stderr, code) : code;
}

int
main(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	const char *file = NULL, *socket = NULL;
	int option;

	while ((option = getopt_long(argc, argv, "+c:s:Vh", long_options, NULL)) != -1) {
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
	if (optind == argc)
		return usage(stderr, EX_USAGE);
	return run(file, socket, argc - optind, argv + optind);
}
