/* SPDX-License-Identifier: ISC */
/* posternctl.c - talk to a running postern: commands[] is the table of contents.  See
 * posternctl(8). */
#include "config.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/id.h"
#include "base/str.h"
#include "config/config.h"
#include "control/client.h"
#include "control/render.h"
#include "ctl/spool.h"

struct command {
	const char *name, *argument, *help;
	int (*run)(const struct command *, const char *socket, const char *argument);
	const char *method, *path; /* %s is the argument */
};

static int
collect(void *ctx, const char *data, size_t len)
{
	str_add(ctx, data, len);
	return str_is_bad(ctx) ? -1 : 0;
}

static int
complain(const struct str *why, int code)
{
	fprintf(stderr, "posternctl: %s\n", why->data != NULL ? why->data : "failed");
	return code;
}

/* Call, and turn an error in the answer into words; *json is the answer when 0 is returned. */
static int
call(const char *socket, const char *method, const char *path, json_t **json)
{
	struct str body = STR_EMPTY, why = STR_EMPTY;
	int code;
	long status = client_call(socket, method, path, collect, &body, &why, &code);

	*json =
	    status != -1 ? json_loadb(body.data != NULL ? body.data : "", body.len, 0, NULL) : NULL;
	if (status != -1) {
		const char *error = json_string_value(json_object_get(*json, "error"));

		code = client_exit_code(status);
		str_puts(&why, error != NULL ? error : "the daemon's answer makes no sense");
		if (code == EX_OK && *json == NULL)
			code = EX_PROTOCOL;
	}
	if (code != EX_OK || status == -1) {
		code = complain(&why, code);
		json_decref(*json);
		*json = NULL;
	}
	str_free(&body);
	str_free(&why);
	return code;
}

static int
write_out(void *ctx, const char *data, size_t len)
{
	return fwrite(data, 1, len, ctx) == len ? 0 : -1;
}

static int
run_json(const char *socket, const char *path)
{
	struct str why = STR_EMPTY;
	int code;
	long status = client_call(socket, "GET", path, write_out, stdout, &why, &code);

	code = status == -1 ? complain(&why, code) : client_exit_code(status);
	str_free(&why);
	return code;
}

static int
run_status(const struct command *command, const char *socket, const char *argument)
{
	json_t *json;
	int code;

	if (argument != NULL)
		return run_json(socket, command->path);
	if ((code = call(socket, command->method, command->path, &json)) == EX_OK)
		render_status(stdout, json);
	json_decref(json);
	return code;
}

static int
run_queue(const struct command *command, const char *socket, const char *argument)
{
	struct str why = STR_EMPTY;
	struct render_list *list;
	int code;

	if (argument != NULL)
		return run_json(socket, command->path);
	if ((list = render_list_begin(stdout)) == NULL)
		return EX_OSERR;

	long status = client_call(
	    socket, command->method, command->path, render_list_feed, list, &why, &code);

	if (status == -1)
		code = complain(&why, code);
	else
		code = render_list_end(list) == 0 ? client_exit_code(status) : EX_PROTOCOL;
	render_list_free(&list);
	str_free(&why);
	return code;
}

static int
run_show(const struct command *command, const char *socket, const char *argument)
{
	struct str path = STR_EMPTY;
	json_t *json;
	int code;

	str_printf(&path, "%s%s", command->path, argument);
	if ((code = call(socket, command->method, path.data, &json)) == EX_OK)
		render_message(stdout, json);
	json_decref(json);
	str_free(&path);
	return code;
}

static int
run_order(const struct command *command, const char *socket, const char *argument)
{
	struct str path = STR_EMPTY;
	json_t *json;
	int code;

	if (argument != NULL && strcmp(argument, "--all") != 0)
		str_printf(&path, "/queue/%s/%s", argument, command->name);
	else
		str_puts(&path, command->path);
	if ((code = call(socket, command->method, path.data, &json)) == EX_OK) {
		const json_t *messages = json_object_get(json, "messages");

		if (messages != NULL)
			printf("%lld messages are due now, and held upstreams are probed\n",
			    (long long)json_integer_value(messages));
		else
			printf("%s: done\n", argument != NULL ? argument : command->name);
	}
	json_decref(json);
	str_free(&path);
	return code;
}

static const struct command commands[] = {
	{ "status", "[--json]", "the queue, the upstreams, the counters", run_status, "GET",
	    "/status" },
	{ "queue", "[--json]", "the messages that wait", run_queue, "GET", "/queue" },
	{ "show", "ID", "one message: envelope, recipients, history", run_show, "GET", "/queue/" },
	{ "retry", "[ID|--all]", "try again now; without ID, all, and probe held upstreams",
	    run_order, "POST", "/retry" },
	{ "hold", "ID", "keep, but do not send", run_order, "POST", NULL },
	{ "release", "ID", "send what was held", run_order, "POST", NULL },
	{ "delete", "ID", "remove without telling the sender", run_order, "POST", NULL },
	{ "reload", NULL, "read the config again; a bad one changes nothing", run_order, "POST",
	    "/reload" },
};

static int
usage(FILE *out, int code)
{
	fputs("usage: posternctl [-c FILE] [-s SOCKET] COMMAND\n", out);
	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
		fprintf(out, "  %-8s %-10s  %s\n", commands[i].name,
		    commands[i].argument != NULL ? commands[i].argument : "", commands[i].help);
	fputs(
	    "  spool check|export ...      an idle spool: what is damaged, its messages as files\n"
	    "  -c FILE    the config that names the control socket (default " CONFIG_DEFAULT_FILE
	    ")\n  -s SOCKET  the control socket itself\n  -V         the version\n",
	    out);
	return code;
}

/* Whether the argument is one that the command takes. */
static bool
accepts(const struct command *command, const char *argument)
{
	const char *takes = command->argument;

	if (argument == NULL)
		return takes == NULL || *takes == '[';
	if (takes == NULL)
		return false;
	if (*argument == '-')
		return strstr(takes, argument) != NULL && strlen(argument) > 2;
	return strstr(takes, "ID") != NULL;
}

/* Whether the argument, if there is one, is an option or may be an id: it becomes part of a path.
 */
static bool
is_plausible(const char *argument)
{
	uint64_t id;

	if (argument == NULL || *argument == '-' || id_parse(argument, &id) == 0)
		return true;
	fprintf(stderr, "posternctl: `%.40s` is not a message id; `posternctl queue` lists them\n",
	    argument);
	return false;
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

static int
run(const char *file, const char *socket, const char *name, const char *argument)
{
	char *found = NULL;
	int code = EX_CONFIG;

	for (size_t i = 0; i < sizeof commands / sizeof *commands; i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (!accepts(&commands[i], argument))
			return usage(stderr, EX_USAGE);
		if (!is_plausible(argument))
			return EX_NOINPUT;
		if (socket == NULL)
			socket = found = find_socket(file);
		if (socket != NULL)
			code = commands[i].run(&commands[i], socket, argument);
		free(found);
		return code;
	}
	fprintf(stderr, "posternctl: there is no command `%s`\n", name);
	return usage(stderr, EX_USAGE);
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
	if (optind == argc || argc - optind > 2)
		return usage(stderr, EX_USAGE);
	return run(file, socket, argv[optind], argv[optind + 1]);
}
