/* SPDX-License-Identifier: ISC */
/*
 * control.c - the control port: a command a line, an answer a line.  "ok",
 * "ok N", "error: why", or for stats one line of JSON.
 */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "faults.h"
#include "listener.h"
#include "options.h"
#include "server.h"
#include "stats.h"
#include "tls.h"

#define LINE_OCTETS 4096

struct answer {
	struct server *server;
	struct evbuffer *out;
};

static void
ok(const struct answer *a)
{
	evbuffer_add_printf(a->out, "ok\n");
}

static void
error(const struct answer *a, const char *why)
{
	evbuffer_add_printf(a->out, "error: %s\n", why);
}

static void
on_fault(const struct answer *a, char *arg)
{
	const char *why;

	if (faults_add(a->server->faults, arg, &why) < 0)
		error(a, why);
	else
		ok(a);
}

static void
on_faults(const struct answer *a, char *arg)
{
	if (strcmp(arg, "clear") != 0) {
		error(a, "faults clear");
		return;
	}
	faults_clear(a->server->faults);
	ok(a);
}

static void
on_stats(const struct answer *a, char *arg)
{
	json_t *object = server_report(a->server);
	char *text = json_dumps(object, JSON_COMPACT);

	(void)arg;
	if (text != NULL)
		evbuffer_add_printf(a->out, "%s\n", text);
	free(text);
	json_decref(object);
}

static void
on_reset(const struct answer *a, char *arg)
{
	(void)arg;
	stats_reset(a->server->stats);
	ok(a);
}

static void
on_cert(const struct answer *a, char *arg)
{
	if (tls_choose(a->server->tls, arg) < 0)
		error(a, "no such certificate");
	else
		ok(a);
}

static void
on_stop_listening(const struct answer *a, char *arg)
{
	(void)arg;
	listener_stop(a->server->listener);
	ok(a);
}

static void
on_start_listening(const struct answer *a, char *arg)
{
	(void)arg;
	if (listener_resume(a->server->listener) < 0)
		error(a, "cannot bind");
	else
		ok(a);
}

static void
on_drop_all(const struct answer *a, char *arg)
{
	(void)arg;
	evbuffer_add_printf(a->out, "ok %u\n", server_drop_all(a->server));
}

static void
on_set(const struct answer *a, char *arg)
{
	char *value = strchr(arg, ' ');

	if (value != NULL)
		*value++ = '\0';
	if (value == NULL || option_set(a->server->options, arg, value) < 0)
		error(a, "set NAME NUMBER");
	else
		ok(a);
}

static void
on_with(const struct answer *a, char *arg)
{
	unsigned bit = extension_find(arg);

	a->server->options->extensions |= bit;
	if (bit == 0)
		error(a, "no such extension");
	else
		ok(a);
}

static void
on_without(const struct answer *a, char *arg)
{
	unsigned bit = extension_find(arg);

	a->server->options->extensions &= ~bit;
	if (bit == 0)
		error(a, "no such extension");
	else
		ok(a);
}

static const struct {
	const char *name;
	void (*run)(const struct answer *a, char *arg);
} commands[] = {
	{ "fault", on_fault },
	{ "faults", on_faults },
	{ "stats", on_stats },
	{ "reset", on_reset },
	{ "cert", on_cert },
	{ "stop-listening", on_stop_listening },
	{ "start-listening", on_start_listening },
	{ "drop-all", on_drop_all },
	{ "set", on_set },
	{ "with", on_with },
	{ "without", on_without },
};

static void
run(const struct answer *a, char *line)
{
	char *arg = line + strcspn(line, " ");

	if (*arg != '\0')
		*arg++ = '\0';
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(line, commands[i].name) == 0) {
			commands[i].run(a, arg);
			return;
		}
	}
	error(a, "unknown command");
}

static void
on_readable(struct bufferevent *bev, void *ctx)
{
	struct evbuffer *input = bufferevent_get_input(bev);
	struct answer a = { ctx, bufferevent_get_output(bev) };
	char *line;

	while ((line = evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF)) != NULL) {
		run(&a, line);
		free(line);
	}
	if (evbuffer_get_length(input) > LINE_OCTETS)
		bufferevent_free(bev);
}

static void
on_event(struct bufferevent *bev, short what, void *ctx)
{
	(void)what;
	(void)ctx;
	bufferevent_free(bev);
}

void
control_start(struct server *server, evutil_socket_t fd)
{
	struct bufferevent *bev = bufferevent_socket_new(server->base, fd, BEV_OPT_CLOSE_ON_FREE);

	if (bev == NULL) {
		evutil_closesocket(fd);
		return;
	}
	bufferevent_setcb(bev, on_readable, NULL, on_event, server);
	bufferevent_enable(bev, EV_READ);
}
