/* SPDX-License-Identifier: ISC */
/* worker_listener.c - assemble the inbound worker: a spool, its writer, the listener. */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"
#include "config/config.h"
#include "config/secret.h"
#include "daemon/report.h"
#include "daemon/sandbox.h"
#include "daemon/shared.h"
#include "daemon/sockets.h"
#include "daemon/worker.h"
#include "listener/gate.h"
#include "listener/listener.h"
#include "spool/spool.h"
#include "spool/writer.h"

/* For the last replies, once all sessions are over; longer than any of them lingers. */
enum { LINGER_MS = 2500 };

struct inbound {
	struct worker worker;
	struct spool *spool;
	struct spool_writer *writer;
	struct gates *gates;
	struct listener *listener;
	struct event *limit;
	bool is_leaving;
};

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct inbound *inbound = arg;

	(void)fd;
	(void)what;
	log_warning("drain_limit", log_s("what", "clients are cut off"));
	worker_loop_end(&inbound->worker);
}

static void
on_done(void *ctx)
{
	struct inbound *inbound = ctx;

	worker_loop_end(&inbound->worker);
}

static void
on_leave(void *ctx, bool stops, uint32_t ms)
{
	struct inbound *inbound = ctx;
	const struct sockets *sockets = inbound->worker.setup->sockets;
	struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	listener_drain(
	    inbound->listener, stops ? LISTENER_STOP : LISTENER_RELOAD, on_done, inbound);
	evtimer_add(inbound->limit, &limit);
	/* Clients of an address that nobody else listens on are refused now, rather than left
	 * waiting. */
	for (size_t i = 0; i < sockets->count && !inbound->is_leaving; i++)
		if (sockets->fd[i] >= 0)
			close(sockets->fd[i]);
	inbound->is_leaving = true;
}

/* 0, or -1 and errno. */
static int
assemble(struct inbound *inbound, const struct worker_setup *setup)
{
	struct event_base *base = inbound->worker.base;
	struct counters *counters = &setup->shared->counters;

	inbound->worker.on_leave = on_leave;
	inbound->worker.ctx = inbound;
	inbound->worker.stop_ms = 3000;
	inbound->limit = evtimer_new(base, on_limit, inbound);
	inbound->spool = spool_open(setup->config->spool, &setup->shared->board);
	if (inbound->limit == NULL || inbound->spool == NULL)
		return -1;
	sandbox_enter(WORKER_LISTENER, setup->config);
	/* Its threads are locked in as well. */
	inbound->writer = spool_writer_new(inbound->spool, base, setup->wake_fd, counters);
	if (inbound->writer == NULL)
		return -1;
	inbound->listener = listener_new(base, setup->config, inbound->gates, setup->sockets->fd,
	    inbound->spool, inbound->writer, counters, &setup->shared->sizes);
	return inbound->listener == NULL ? -1 : 0;
}

static void
take_apart(struct inbound *inbound)
{
	listener_free(&inbound->listener);
	spool_writer_free(&inbound->writer);
	spool_close(&inbound->spool);
	gates_free(&inbound->gates);
	if (inbound->limit != NULL)
		event_free(inbound->limit);
	worker_loop_free(&inbound->worker, LINGER_MS);
}

/* With the master's rights still; 0 or an exit status. */
static int
read_gates(struct inbound *inbound, const struct config *config)
{
	struct str errors = STR_EMPTY, warnings = STR_EMPTY;

	inbound->gates = gates_load(config, &errors, &warnings);
	if (inbound->gates == NULL)
		report_lines(LOG_LEVEL_ERROR, "worker_failed",
		    str_is_bad(&errors) ? "out of memory" : errors.data);
	if (warnings.len > 0)
		report_lines(LOG_LEVEL_WARNING, "listener_warning", warnings.data);
	str_free(&errors);
	str_free(&warnings);
	return inbound->gates == NULL ? EX_CONFIG : 0;
}

int
worker_listener_run(const struct worker_setup *setup)
{
	struct inbound inbound = { 0 };

	worker_begin(setup);
	secrets_scrub_environment(setup->config);
	int status = read_gates(&inbound, setup->config);
	if (status == 0)
		status = worker_become(setup);
	if (status == 0)
		status = worker_loop_init(&inbound.worker, setup);
	if (status != 0) {
		gates_free(&inbound.gates);
		return status;
	}
	if (assemble(&inbound, setup) == 0) {
		worker_loop_run(&inbound.worker);
	} else {
		log_error(
		    "worker_failed", log_s("step", "assemble"), log_s("why", strerror(errno)));
		status = EX_OSERR;
	}
	take_apart(&inbound);
	return status;
}
