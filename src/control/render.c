/* SPDX-License-Identifier: ISC */
/*
 * render.c - see render.h.  What peers said is stripped of control octets before it reaches a
 * terminal. A listing has one message on each line, so it is shown while it comes.
 */
#include "control/render.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"

static const char *
get(const json_t *json, const char *key)
{
	const char *text = json_string_value(json_object_get(json, key));

	return text != NULL ? text : "";
}

static json_int_t
number(const json_t *json, const char *key)
{
	return json_integer_value(json_object_get(json, key));
}

static void
put(FILE *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (text[0] == '\xc2' && (unsigned char)text[1] >= 0x80 &&
		    (unsigned char)text[1] < 0xa0)
			text++; /* U+0080 to U+009F */
		else
			fputc(iscntrl((unsigned char)*text) ? ' ' : *text, out);
	}
}

/* "42s", "17m", "3h", "5d". */
static void
put_age(FILE *out, json_int_t seconds)
{
	if (seconds < 120)
		fprintf(out, "%3llds", (long long)seconds);
	else if (seconds < 2 * 3600)
		fprintf(out, "%3lldm", (long long)seconds / 60);
	else if (seconds < 2 * 86400)
		fprintf(out, "%3lldh", (long long)seconds / 3600);
	else
		fprintf(out, "%3lldd", (long long)seconds / 86400);
}

static void
render_upstreams(FILE *out, const json_t *upstreams)
{
	size_t i;
	const json_t *upstream;

	json_array_foreach(upstreams, i, upstream)
	{
		fprintf(out, "upstream %s (%s:%lld): %s, %lld connections, %lld busy\n",
		    get(upstream, "name"), get(upstream, "host"),
		    (long long)number(upstream, "port"), get(upstream, "state"),
		    (long long)number(upstream, "connections"),
		    (long long)number(upstream, "busy"));
		if (strcmp(get(upstream, "state"), "held") != 0)
			continue;
		fputs("    held because: ", out);
		put(out, get(upstream, "reason"));
		fprintf(out, "\n    held since %s, next probe %s\n", get(upstream, "held_since"),
		    get(upstream, "next_probe"));
	}
}

void
render_status(FILE *out, const json_t *status)
{
	const json_t *queue = json_object_get(status, "queue");
	const json_t *counters = json_object_get(status, "counters");

	fprintf(out, "postern %s on %s, started %s, config generation %lld\n",
	    get(status, "version"), get(status, "hostname"), get(status, "started"),
	    (long long)number(status, "generation"));
	if (!json_is_true(json_object_get(status, "recovered")))
		fputs("the spool is still being read after the start: the numbers grow\n", out);
	fprintf(out,
	    "queue: %lld messages: %lld ready, %lld waiting, %lld sending, %lld held; oldest ",
	    (long long)number(queue, "messages"), (long long)number(queue, "ready"),
	    (long long)number(queue, "waiting"), (long long)number(queue, "sending"),
	    (long long)number(queue, "held"));
	put_age(out, number(queue, "oldest_s"));
	fputc('\n', out);
	if (number(counters, "spool_full") != 0)
		fputs("NEW MAIL IS REFUSED: the spool's disk is full (limits.min_free)\n", out);
	render_upstreams(out, json_object_get(status, "upstreams"));
	fprintf(out,
	    "clients: %lld now; accepted %lld messages, delivered %lld, deferred %lld, failed %lld "
	    "recipients\n",
	    (long long)number(counters, "clients"),
	    (long long)number(counters, "accepted_messages"),
	    (long long)number(counters, "delivered"), (long long)number(counters, "deferred"),
	    (long long)number(counters, "failed"));
}

static void
put_recipients(FILE *out, const json_t *message)
{
	const json_t *to = json_object_get(message, "to");
	size_t count = json_array_size(to);

	put(out, count > 0 ? json_string_value(json_array_get(to, 0)) : "");
	if (count > 1)
		fprintf(out, " and %zu more", count - 1);
}

static void
render_row(FILE *out, const json_t *message)
{
	fprintf(out, "%s  ", get(message, "id"));
	put_age(out, number(message, "age_s"));
	fprintf(out, "  %8lld  %-7s  <", (long long)number(message, "size"), get(message, "state"));
	put(out, get(message, "from"));
	fputs("> -> ", out);
	put_recipients(out, message);
	fputc('\n', out);
	if (*get(message, "reason") == '\0')
		return;
	fprintf(out, "    (%lld tries, next %s) ", (long long)number(message, "attempts"),
	    *get(message, "next_try") != '\0' ? get(message, "next_try") : "now");
	put(out, get(message, "reason"));
	fputc('\n', out);
}

static void
render_history(FILE *out, const json_t *history)
{
	size_t i;
	const json_t *event;

	json_array_foreach(history, i, event)
	{
		bool deferred = strcmp(get(event, "event"), "deferred") == 0;

		fprintf(out, "  %s %s%s ", get(event, "event"), deferred ? "until " : "",
		    get(event, deferred ? "until" : "time"));
		put(out, get(event, "to"));
		fputc(' ', out);
		put(out, get(event, "reply"));
		fputc('\n', out);
	}
}

void
render_message(FILE *out, const json_t *message)
{
	static const char *const keys[] = { "id", "state", "received", "client", "helo", "listener",
		"from", "next_try", "reason" };
	const json_t *recipients = json_object_get(message, "recipients"), *rcpt;
	size_t i;

	for (i = 0; i < sizeof keys / sizeof *keys; i++) {
		fprintf(out, "%-10s", keys[i]);
		put(out, get(message, keys[i]));
		fputc('\n', out);
	}
	fprintf(out, "%-10s%lld\n%-10s%lld\n", "size", (long long)number(message, "size"),
	    "attempts", (long long)number(message, "attempts"));
	if (json_is_true(json_object_get(message, "outcome_unknown")))
		fputs("the last attempt's outcome is unknown: it may have been delivered\n", out);
	json_array_foreach(recipients, i, rcpt)
	{
		fprintf(out, "%-10s", "to");
		put(out, get(rcpt, "address"));
		fputs(json_is_true(json_object_get(rcpt, "done")) ? " (done)\n" : "\n", out);
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
