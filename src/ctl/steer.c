/* SPDX-License-Identifier: ISC */
/* steer.c - posternctl retry, hold, release, delete and reload. */
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"
#include "ctl/arguments.h"
#include "ctl/call.h"
#include "ctl/commands.h"

static const struct words {
	const char *name, *done, *none;
	bool minds_busy; /* a message that is being sent is not what was asked for */
} verbs[] = {
	{ "retry", "due now", "No message matches that is not held.", false },
	{ "hold", "held", "No message matches that is not held already.", true },
	{ "release", "released", "No held message matches.", true },
	{ "delete", "deleted", "No message matches.", true },
};

static const struct words *
find_words(const char *name)
{
	size_t i = 0;

	while (strcmp(verbs[i].name, name) != 0)
		i++;
	return &verbs[i];
}

/* What became of an order for a selection. */
static int
tell(const struct words *words, const json_t *json)
{
	long long done = json_integer_value(json_object_get(json, "done"));
	long long busy = json_integer_value(json_object_get(json, "busy"));
	const char *error = json_string_value(json_object_get(json, "error"));

	if (done > 0)
		printf("%lld message%s %s\n", done, done == 1 ? "" : "s", words->done);
	else if (busy == 0 && error == NULL)
		puts(words->none);
	if (busy > 0)
		fprintf(words->minds_busy ? stderr : stdout, "%lld %s being sent right now%s\n",
		    busy, busy == 1 ? "is" : "are", words->minds_busy ? ": ask again" : "");
	if (error != NULL) {
		fprintf(stderr, "posternctl: %s\n", error);
		return EX_TEMPFAIL;
	}
	return busy > 0 && words->minds_busy ? EX_TEMPFAIL : EX_OK;
}

static int
order_selected(const char *socket, const struct words *words, const char *query)
{
	struct str path = STR_EMPTY;
	json_t *json;
	int code;

	str_printf(&path, "/queue/%s?%s", words->name, query);
	if (str_is_bad(&path))
		return EX_OSERR;
	if ((code = ctl_call(socket, "POST", path.data, &json)) == EX_OK)
		code = tell(words, json);
	json_decref(json);
	str_free(&path);
	return code;
}

static int
order_one(const char *socket, const struct words *words, const char *id)
{
	struct str path = STR_EMPTY;
	json_t *json;
	int code;

	str_printf(&path, "/queue/%s/%s", id, words->name);
	if (str_is_bad(&path))
		return EX_OSERR;
	if ((code = ctl_call(socket, "POST", path.data, &json)) == EX_OK)
		printf("%s: done\n", id);
	json_decref(json);
	str_free(&path);
	return code;
}

static void
put_due(json_int_t n)
{
	printf("%lld waiting message%s due now, and held upstreams are probed\n", (long long)n,
	    n == 1 ? " is" : "s are");
}

static int
retry_all(const char *socket)
{
	json_t *json;
	int code = ctl_call(socket, "POST", "/retry", &json);

	if (code == EX_OK)
		put_due(json_integer_value(json_object_get(json, "messages")));
	json_decref(json);
	return code;
}

int
ctl_order(const char *socket, const char *name, const struct ctl_arguments *arguments)
{
	const struct words *of = find_words(name);
	int first = EX_OK;

	if (strcmp(name, "retry") == 0 && arguments->ids == 0 && !arguments->is_selection)
		return retry_all(socket);
	if (arguments->ids == 0)
		return order_selected(socket, of, arguments->query);
	for (size_t i = 0; i < arguments->ids; i++) {
		int code = order_one(socket, of, arguments->id[i]);

		first = first == EX_OK ? code : first;
	}
	return first;
}

int
ctl_reload(const char *socket, const char *name, const struct ctl_arguments *arguments)
{
	json_t *json;
	int code = ctl_call(socket, "POST", "/reload", &json);

	(void)arguments;
	if (code == EX_OK)
		printf("%s: done\n", name);
	json_decref(json);
	return code;
}
