/* SPDX-License-Identifier: ISC */
/* look.c - posternctl status, queue and show: nothing changes. */
#include <stdio.h>
#include <sysexits.h>

#include "base/str.h"
#include "control/client.h"
#include "control/render.h"
#include "ctl/arguments.h"
#include "ctl/call.h"
#include "ctl/commands.h"

int
ctl_status(const char *socket, const char *name, const struct ctl_arguments *arguments)
{
	json_t *json;
	int code;

	(void)name;
	if (arguments->json)
		return ctl_copy(socket, "/status");
	if ((code = ctl_call(socket, "GET", "/status", &json)) == EX_OK)
		render_status(stdout, json);
	json_decref(json);
	return code;
}

static int
list(const char *socket, const char *path, bool is_selection)
{
	struct str why = STR_EMPTY;
	struct render_list *list = render_list_begin(stdout);
	int code;

	if (list == NULL)
		return EX_OSERR;
	code = client_call(socket, "GET", path, render_list_feed, list, &why);
	if (code == EX_OK && render_list_end(list, is_selection) == -1)
		code = CLIENT_GAVE_UP;
	if (code == CLIENT_GAVE_UP && render_list_error(list) != 0) {
		code = ctl_output_failed(render_list_error(list));
	} else if (code != EX_OK) {
		if (code == CLIENT_GAVE_UP)
			str_puts(&why, "the daemon's answer makes no sense");
		code = ctl_complain(&why, code == CLIENT_GAVE_UP ? EX_PROTOCOL : code);
	}
	render_list_free(&list);
	str_free(&why);
	return code;
}

/* What no listing can tell; beside JSON it goes to stderr. */
static int
tell_unread(const char *socket, FILE *out)
{
	json_t *status;
	int code = ctl_call(socket, "GET", "/status", &status);

	if (code == EX_OK)
		render_unread(out, status);
	json_decref(status);
	return code;
}

int
ctl_queue(const char *socket, const char *name, const struct ctl_arguments *arguments)
{
	struct str path = STR_EMPTY;
	int code;

	(void)name;
	str_printf(&path, "/queue%s%s", arguments->query != NULL ? "?" : "",
	    arguments->query != NULL ? arguments->query : "");
	if (str_is_bad(&path))
		return EX_OSERR;
	code = arguments->json ? ctl_copy(socket, path.data)
			       : list(socket, path.data, arguments->is_selection);
	if (code == EX_OK)
		code = tell_unread(socket, arguments->json ? stderr : stdout);
	str_free(&path);
	return code;
}

int
ctl_show(const char *socket, const char *name, const struct ctl_arguments *arguments)
{
	struct str path = STR_EMPTY;
	json_t *json;
	int code;

	(void)name;
	str_printf(&path, "/queue/%s", arguments->id[0]);
	if (str_is_bad(&path))
		return EX_OSERR;
	if ((code = ctl_call(socket, "GET", path.data, &json)) == EX_OK)
		render_message(stdout, json);
	json_decref(json);
	str_free(&path);
	return code;
}
