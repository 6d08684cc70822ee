/* SPDX-License-Identifier: ISC */
/*
 * load.c - postern-load: many SMTP clients in one cheap process, and what they saw, as JSON on
 * stdout. Exit status: 0 when every message was accepted, 1 when some were not, 2 for wrong usage
 * or set-up.
 */
#include "load.h"

#include <err.h>
#include <event2/event.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/parse.h"
#include "base/xalloc.h"
#include "load_stats.h"

enum {
	BAD_USAGE = 2,
	COMING = 4, /* clients that connect at a time: servers with a short queue would leave others
		       without a word */
};

static const char usage_text[] =
    "usage: postern-load [options] HOST PORT\n"
    "  --clients N         clients at once (20)\n"
    "  --messages N        messages in all (1000); 0: until the time is up\n"
    "  --time DURATION     begin no message after that\n"
    "  --size SIZE         content of each message (4K)\n"
    "  --recipients N      of each message (1)\n"
    "  --per-connection N  messages before QUIT; 0: no limit (0)\n"
    "  --pipelining        use it where it is offered (step by step otherwise)\n"
    "  --sender ADDRESS    (sender@load.example)\n"
    "  --senders N         that many, a number before each; they take turns (1)\n"
    "  --domain NAME       of the recipients (load.example)\n"
    "  --id-prefix TEXT    of the X-Test-Id of each message (from time and process)\n"
    "  --ack-log FILE      append the X-Test-Id of each accepted message, a line each\n"
    "  --stall DURATION    give up when no reply comes for that long (60s)\n";

uint64_t
now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

bool
run_is_over(const struct run *r)
{
	return r->stalled || (r->options->messages > 0 && r->started >= r->options->messages) ||
	       (r->deadline > 0 && now_us() >= r->deadline);
}

void
run_leave(struct run *r)
{
	if (--r->live == 0)
		event_base_loopbreak(r->base);
}

static void
on_watch(evutil_socket_t fd, short what, void *arg)
{
	struct run *r = arg;

	(void)fd;
	(void)what;
	if (now_us() - r->moved_at < r->options->stall_ms * 1000)
		return;
	r->stalled = true;
	event_base_loopbreak(r->base);
}

/* ---- options ---- */

enum kind { TEXT, NUMBER, SIZE, DURATION, FLAG };

struct option_row {
	const char *name;
	enum kind kind;
	void *to;
	uint64_t min;
};

static void
set_option(const struct option_row *row, const char *value)
{
	int failed = 0;

	switch (row->kind) {
	case TEXT:
		*(const char **)row->to = value;
		break;
	case NUMBER:
		failed = parse_number(value, row->min, 100000000, row->to);
		break;
	case SIZE:
		failed = parse_size(value, row->to);
		break;
	case DURATION:
		failed = parse_duration(value, row->to);
		break;
	case FLAG:
		*(bool *)row->to = true;
		break;
	}
	if (failed != 0)
		errx(BAD_USAGE, "--%s: bad value: %s", row->name, value);
}

static void
parse_options(int argc, char **argv, struct options *o)
{
	const struct option_row rows[] = {
		{ "clients", NUMBER, &o->clients, 1 },
		{ "messages", NUMBER, &o->messages, 0 },
		{ "time", DURATION, &o->time_ms, 0 },
		{ "size", SIZE, &o->size, 0 },
		{ "recipients", NUMBER, &o->recipients, 1 },
		{ "per-connection", NUMBER, &o->per_connection, 0 },
		{ "pipelining", FLAG, &o->pipelining, 0 },
		{ "sender", TEXT, &o->sender, 0 },
		{ "senders", NUMBER, &o->senders, 1 },
		{ "domain", TEXT, &o->domain, 0 },
		{ "id-prefix", TEXT, &o->id_prefix, 0 },
		{ "ack-log", TEXT, &o->ack_log, 0 },
		{ "stall", DURATION, &o->stall_ms, 0 },
	};
	enum { ROWS = sizeof rows / sizeof *rows };
	struct option longs[ROWS + 1] = { 0 };
	int at;

	for (size_t i = 0; i < ROWS; i++) {
		longs[i].name = rows[i].name;
		longs[i].has_arg = rows[i].kind == FLAG ? no_argument : required_argument;
	}
	at = -1;
	for (int c; (c = getopt_long(argc, argv, "", longs, &at)) != -1;) {
		if (c != 0) {
			fputs(usage_text, stderr);
			exit(BAD_USAGE);
		}
		set_option(&rows[at], optarg);
	}
	if (argc - optind != 2 || (o->messages == 0 && o->time_ms == 0)) {
		fputs(usage_text, stderr);
		exit(BAD_USAGE);
	}
	o->host = argv[optind];
	o->port = argv[optind + 1];
}

/* ---- the run ---- */

static struct addrinfo *
resolve(const struct options *o)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct addrinfo *address = NULL;
	int error = getaddrinfo(o->host, o->port, &hints, &address);

	if (error != 0)
		errx(BAD_USAGE, "%s %s: %s", o->host, o->port, gai_strerror(error));
	return address;
}

/* As many sockets as the system lets us have. */
static void
raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

void
run_begin_next(struct run *r)
{
	if (r->begun == r->options->clients)
		return;
	r->clients[r->begun] = client_start(r);
	r->begun++;
}

static void
run_all(struct run *r)
{
	const struct options *o = r->options;
	const struct timeval second = { .tv_sec = 1 };

	r->moved_at = now_us();
	r->deadline = o->time_ms > 0 ? r->moved_at + o->time_ms * 1000 : 0;
	r->watch = event_new(r->base, -1, EV_PERSIST, on_watch, r);
	event_add(r->watch, &second);
	r->clients = xcalloc((size_t)o->clients, sizeof(struct client *));
	r->live = o->clients;
	for (int i = 0; i < COMING; i++)
		run_begin_next(r);
	event_base_dispatch(r->base);
}

static double
cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void
print_report(struct run *r)
{
	json_t *report = stats_report(r->stats);

	uint64_t answered = stats_accepted(r->stats) + stats_failed(r->stats);

	json_object_set_new(
	    report, "unanswered", json_integer((json_int_t)(r->started - answered)));
	json_object_set_new(report, "stalled", json_boolean(r->stalled));
	json_object_set_new(report, "load_cpu_seconds", json_real(cpu_seconds()));
	json_dumpf(report, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(9));
	putchar('\n');
	json_decref(report);
}

/* Line by line, so that it is whole whenever somebody reads it. */
static void
open_ack_log(struct run *r)
{
	const char *path = r->options->ack_log;

	if (path == NULL)
		return;
	r->ack_log = fopen(path, "ae");
	if (r->ack_log == NULL)
		err(BAD_USAGE, "%s", path);
	setvbuf(r->ack_log, NULL, _IOLBF, BUFSIZ);
}

static void
run_close(struct run *r)
{
	for (uint64_t i = 0; i < r->options->clients; i++)
		client_free(&r->clients[i]);
	free(r->clients);
	freeaddrinfo(r->address);
	content_free(&r->content);
	stats_free(&r->stats);
	event_free(r->watch);
	event_base_free(r->base);
}

int
main(int argc, char **argv)
{
	struct options o = {
		.clients = 20,
		.messages = 1000,
		.size = 4096,
		.recipients = 1,
		.senders = 1,
		.stall_ms = 60000,
		.sender = "sender@load.example",
		.domain = "load.example",
	};
	struct run r = { .options = &o };
	char id_prefix[ID_SIZE];
	bool complete;

	snprintf(id_prefix, sizeof id_prefix, "%" PRIx64 "-%d", clock_real_ms(), (int)getpid());
	o.id_prefix = id_prefix;
	parse_options(argc, argv, &o);
	raise_file_limit();
	r.address = resolve(&o);
	r.base = event_base_new();
	r.stats = stats_new();
	open_ack_log(&r);
	content_init(&r.content, &o);
	run_all(&r);
	if (r.ack_log != NULL && fclose(r.ack_log) != 0)
		err(BAD_USAGE, "%s", o.ack_log);
	print_report(&r);
	complete = !r.stalled && stats_failed(r.stats) == 0 && stats_accepted(r.stats) > 0;
	run_close(&r);
	return complete ? EXIT_SUCCESS : EXIT_FAILURE;
}
