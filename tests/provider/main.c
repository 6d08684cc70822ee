/* SPDX-License-Identifier: ISC */
/* main.c - postern-provider: an SMTP provider for tests. README.md tells how to use it. */
#include <sys/resource.h>

#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "capture.h"
#include "certs.h"
#include "eventlog.h"
#include "faults.h"
#include "listener.h"
#include "options.h"
#include "server.h"
#include "session.h"
#include "stats.h"
#include "tls.h"

unsigned
server_drop_all(struct server *server)
{
	unsigned n = 0;

	while (!TAILQ_EMPTY(&server->sessions)) {
		struct session *s = TAILQ_FIRST(&server->sessions);

		session_free(&s);
		n++;
	}
	return n;
}

/* A bucket that holds one second's worth. */
int
server_take_token(struct server *server)
{
	double rate = (double)server->options->rate;
	double now = now_seconds();

	if (server->options->rate == 0)
		return 1;
	server->tokens += (now - server->tokens_at) * rate;
	server->tokens_at = now;
	if (server->tokens > rate)
		server->tokens = rate;
	if (server->tokens < 1)
		return 0;
	server->tokens -= 1;
	return 1;
}

json_t *
server_report(const struct server *server)
{
	json_t *object = stats_json(server->stats);

	json_object_set_new(object, "faults", faults_json(server->faults));
	return object;
}

static void
on_end(evutil_socket_t signal, short what, void *ctx)
{
	(void)signal;
	(void)what;
	event_base_loopbreak(ctx);
}

/* As many connections as the system allows. */
static void
raise_limits(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
	signal(SIGPIPE, SIG_IGN);
}

/* Open what the options name; -1 with the trouble on stderr. */
static int
open_all(struct server *server)
{
	const struct options *options = server->options;

	server->base = event_base_new();
	server->stats = stats_new();
	server->tls = tls_new(options);
	if (server->base == NULL || server->stats == NULL || server->tls == NULL)
		return -1;
	server->capture = capture_new(options->maildir);
	if (server->capture == NULL) {
		perror(options->maildir);
		return -1;
	}
	if (options->log_file != NULL && (server->log = eventlog_open(options->log_file)) == NULL) {
		perror(options->log_file);
		return -1;
	}
	server->listener = listener_new(server);
	return server->listener != NULL ? 0 : -1;
}

static void
run(struct server *server)
{
	struct timeval life = { (time_t)server->options->exit_after, 0 };
	struct event *events[] = {
		evsignal_new(server->base, SIGTERM, on_end, server->base),
		evsignal_new(server->base, SIGINT, on_end, server->base),
		evtimer_new(server->base, on_end, server->base),
	};

	event_add(events[0], NULL);
	event_add(events[1], NULL);
	if (server->options->exit_after != 0)
		event_add(events[2], &life);
	event_base_dispatch(server->base);
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		event_free(events[i]);
}

static void
report(const struct server *server)
{
	json_t *object = server_report(server);

	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static void
close_all(struct server *server)
{
	server_drop_all(server);
	listener_free(&server->listener);
	/* libevent frees what was closed in the loop's next round. */
	if (server->base != NULL)
		event_base_loop(server->base, EVLOOP_NONBLOCK);
	eventlog_close(&server->log);
	capture_free(&server->capture);
	tls_free(&server->tls);
	stats_free(&server->stats);
	faults_free(&server->faults);
	if (server->base != NULL)
		event_base_free(server->base);
	OPENSSL_cleanse(server->options->password, sizeof(server->options->password));
}

static int
serve(struct server *server)
{
	if (server->options->seed != 0)
		faults_seed(server->faults, server->options->seed);
	raise_limits();
	if (open_all(server) < 0)
		return 1;
	run(server);
	if (server->options->report)
		report(server);
	return 0;
}

int
main(int argc, char **argv)
{
	struct options options;
	struct server server = { .options = &options, .faults = faults_new((unsigned)time(NULL)) };
	int status = options_parse(&options, server.faults, argc, argv);

	TAILQ_INIT(&server.sessions);
	if (status < 0)
		status = options.make_ca != NULL ? certs_make(options.make_ca) < 0 : serve(&server);
	close_all(&server);
	return status;
}
