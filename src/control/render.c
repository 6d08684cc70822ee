/* SPDX-License-Identifier: ISC */
/*
 * render.c - messages, one or many; see render.h.  A listing has one message on each line, so it is
 * shown while it comes.
 */
#include "control/render.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "control/render_internal.h"

static void
put_recipients(FILE *out, const json_t *message)
{
	const json_t *to = json_object_get(message, "to");
	size_t count = json_array_size(to);

	render_put(out, count > 0 ? json_string_value(json_array_get(to, 0)) : "");
	if (count > 1)
		fprintf(out, " and %zu more", count - 1);
}

/* A default route, in parentheses, goes without saying. */
static void
put_routes(FILE *out, const json_t *message)
{
	const json_t *routes = json_object_get(message, "routes"), *route;
	const char *separator = "  by ";
	size_t i;

	json_array_foreach(routes, i, route)
	{
		const char *name = json_string_value(route);

		if (name == NULL || (*name == '(' && json_array_size(routes) == 1))
			continue;
		fputs(separator, out);
		render_put(out, name);
		separator = ", ";
	}
}

static void
render_row(FILE *out, const json_t *message)
{
	fprintf(out, "%s  ", render_get(message, "id"));
	render_age(out, render_number(message, "age_s"));
	fprintf(out, "  %8lld  %-7s  <", (long long)render_number(message, "size"),
	    render_get(message, "state"));
	render_put(out, render_get(message, "from"));
	fputs("> -> ", out);
	put_recipients(out, message);
	put_routes(out, message);
	fputc('\n', out);
	if (*render_get(message, "reason") == '\0')
		return;
	json_int_t tries = render_number(message, "attempts");

	fprintf(out, "    (%lld %s, next %s) ", (long long)tries, tries == 1 ? "try" : "tries",
	    *render_get(message, "next_try") != '\0' ? render_get(message, "next_try") : "now");
	render_put(out, render_get(message, "reason"));
	fputc('\n', out);
}

static void
render_history(FILE *out, const json_t *history)
{
	size_t i;
	const json_t *event;

	json_array_foreach(history, i, event)
	{
		bool deferred = strcmp(render_get(event, "event"), "deferred") == 0;

		fprintf(out, "  %s %s%s ", render_get(event, "event"), deferred ? "until " : "",
		    render_get(event, deferred ? "until" : "time"));
		render_put(out, render_get(event, "to"));
		fputc(' ', out);
		render_put(out, render_get(event, "reply"));
		fputc('\n', out);
	}
}

static void
put_way(FILE *out, const json_t *rcpt)
{
	if (json_is_true(json_object_get(rcpt, "done")))
		fputs(" (done)\n", out);
	else if (*render_get(rcpt, "route") == '\0')
		fputc('\n', out);
	else if (*render_get(rcpt, "upstream") == '\0')
		fprintf(out, " (route %s: all upstreams are held)\n", render_get(rcpt, "route"));
	else
		fprintf(out, " (route %s, now upstream %s)\n", render_get(rcpt, "route"),
		    render_get(rcpt, "upstream"));
}

void
render_message(FILE *out, const json_t *message)
{
	static const char *const keys[] = { "id", "state", "received", "client", "helo", "listener",
		"from", "next_try", "release", "reason" };
	const json_t *recipients = json_object_get(message, "recipients"), *rcpt;
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		fprintf(out, "%-10s", keys[i]);
		render_put(out, render_get(message, keys[i]));
		fputc('\n', out);
	}
	fprintf(out, "%-10s%lld\n%-10s%lld\n", "size", (long long)render_number(message, "size"),
	    "attempts", (long long)render_number(message, "attempts"));
	if (json_is_true(json_object_get(message, "outcome_unknown")))
		fputs("the last attempt's outcome is unknown: it may have been delivered\n", out);
	json_array_foreach(recipients, i, rcpt)
	{
		fprintf(out, "%-10s", "to");
		render_put(out, render_get(rcpt, "address"));
		put_way(out, rcpt);
	}
	fputs("history:\n", out);
	render_history(out, json_object_get(message, "history"));
}

struct render_list {
	FILE *out;
	struct str line;
	unsigned long long count;
	int error;
};

struct render_list *
render_list_begin(FILE *out)
{
	struct render_list *list = calloc(1, sizeof *list);

	if (list != NULL)
		list->out = out;
	return list;
}

/* "[{...}," or "{...}]": one message, without what stands around it. */
static int
render_line(struct render_list *list, const char *line, size_t len)
{
	const char *begin = memchr(line, '{', len), *end = memrchr(line, '}', len);
	json_t *message;

	if (begin == NULL || end == NULL)
		return 0;
	if ((message = json_loadb(begin, (size_t)(end - begin) + 1, 0, NULL)) == NULL)
		return -1;
	render_row(list->out, message);
	json_decref(message);
	list->count++;
	return 0;
}

static int
push(struct render_list *list)
{
	if (fflush(list->out) == 0 && !ferror(list->out))
		return 0;
	list->error = errno;
	return -1;
}

int
render_list_feed(void *ctx, const char *data, size_t len)
{
	struct render_list *list = ctx;
	const char *nl;

	while ((nl = memchr(data, '\n', len)) != NULL) {
		str_add(&list->line, data, (size_t)(nl - data));
		if (str_is_bad(&list->line) ||
		    (list->line.len > 0 &&
			render_line(list, list->line.data, list->line.len) == -1))
			return -1;
		str_cut(&list->line, 0);
		len -= (size_t)(nl - data) + 1;
		data = nl + 1;
	}
	str_add(&list->line, data, len);
	return str_is_bad(&list->line) ? -1 : push(list);
}

int
render_list_end(struct render_list *list, bool is_selection)
{
	const char *plural = list->count == 1 ? "" : "s";

	if (list->line.len > 0 && render_line(list, list->line.data, list->line.len) == -1)
		return -1;
	if (list->count == 0)
		fputs(is_selection ? "No message matches.\n" : "The queue is empty.\n", list->out);
	else if (is_selection)
		fprintf(list->out, "%llu message%s match%s\n", list->count, plural,
		    list->count == 1 ? "es" : "");
	else
		fprintf(list->out, "%llu message%s\n", list->count, plural);
	return push(list);
}

int
render_list_error(const struct render_list *list)
{
	return list->error;
}

void
render_list_free(struct render_list **list)
{
	if (*list == NULL)
		return;
	str_free(&(*list)->line);
	free(*list);
	*list = NULL;
}
