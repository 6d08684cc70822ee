/* SPDX-License-Identifier: ISC */
/*
 * worker_outbound.c - assemble the outbound worker: the secrets while it may still read them, a
 * spool, the queue with its upstreams, and the control socket.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"
#include "config/config.h"
#include "config/secret.h"
#include "control/control.h"
#include "daemon/channel.h"
#include "daemon/report.h"
#include "daemon/sandbox.h"
#include "daemon/shared.h"
#include "daemon/sockets.h"
#include "daemon/worker.h"
#include "outbound/outbound.h"
#include "spool/spool.h"

enum {
	LINGER_MS = 1000, /* for QUITs */
	ANSWER_MS = 100,  /* for the control socket's last answers */
};

struct relay {
	struct worker worker;
	struct spool *spool;
	struct outbound *outbound;
	struct control *control;
	struct event *limit;
	bool is_leaving, is_done;
};

static void
on_limit(evutil_socket_t fd, short what, void *arg)
{
	struct relay *relay = arg;

	(void)fd;
	(void)what;
	if (!relay->is_done)
		log_warning("drain_limit", log_s("what", "transactions are cut off"));
	worker_loop_end(&relay->worker);
}

static void
on_done(void *ctx)
{
	struct relay *relay = ctx;
	struct timeval limit = { .tv_usec = ANSWER_MS * 1000 };

	relay->is_done = true;
	control_leave(relay->control);
	evtimer_add(relay->limit, &limit);
}

/* The upstreams have ms to answer; what hangs after that is cut off a little later. */
static void
on_leave(void *ctx, bool stops, uint32_t ms)
{
	struct relay *relay = ctx;
	struct timeval limit = { .tv_sec = ms / 1000 + 1, .tv_usec = ms % 1000 * 1000 };

	(void)stops;
	if (relay->is_done)
		return;
	evtimer_add(relay->limit, &limit);
	if (!relay->is_leaving)
		outbound_drain(relay->outbound, ms, on_done, relay);
	relay->is_leaving = true;
}

static void
request_reload(void *ctx)
{
	struct relay *relay = ctx;

	channel_send(relay->worker.setup->channel, CHANNEL_RELOAD, 0, "");
}

static void
on_reloaded(void *ctx, const char *error)
{
	struct relay *relay = ctx;

	control_reload_answered(relay->control, error);
}

/* 0, or -1 and errno.  Takes the secrets. */
static int
assemble(struct relay *relay, const struct worker_setup *setup, struct secrets *secrets)
{
	struct event_base *base = relay->worker.base;
	struct counters *counters = &setup->shared->counters;

	relay->worker.on_leave = on_leave;
	relay->worker.on_reloaded = on_reloaded;
	relay->worker.ctx = relay;
	relay->worker.stop_ms = 5000;
	relay->limit = evtimer_new(base, on_limit, relay);
	relay->spool = spool_open(setup->config->spool, &setup->shared->board);
	if (relay->limit == NULL || relay->spool == NULL) {
		secrets_free(&secrets);
		return -1;
	}
	sandbox_enter(WORKER_OUTBOUND, setup->config);
	/* Its threads are locked in as well. */
	relay->outbound = outbound_new(base, setup->config, secrets, relay->spool, counters,
	    &setup->shared->sizes, setup->wake_fd);
	if (relay->outbound == NULL)
		return -1;
	struct control_context context = {
		.base = base,
		.config = setup->config,
		.outbound = relay->outbound,
		.counters = counters,
		.generation = setup->generation,
		.started_ms = setup->started_ms,
		.request_reload = request_reload,
		.ctx = relay,
	};
	relay->control = control_new(&context, setup->sockets->control);
	return relay->control == NULL ? -1 : 0;
}

static void
take_apart(struct relay *relay)
{
	control_free(&relay->control);
	outbound_free(&relay->outbound);
	spool_close(&relay->spool);
	if (relay->limit != NULL)
		event_free(relay->limit);
	worker_loop_free(&relay->worker, LINGER_MS);
}

/* Those that the master has read; or, when one like us has died, anew. */
static struct secrets *
get_secrets(const struct worker_setup *setup)
{
	struct str errors = STR_EMPTY;
	struct secrets *secrets =
	    setup->secrets != NULL ? setup->secrets : secrets_load(setup->config, &errors);

	if (secrets == NULL)
		report_lines(LOG_LEVEL_ERROR, "password_missing",
		    str_is_bad(&errors) ? "out of memory" : errors.data);
	str_free(&errors);
	return secrets;
}

int
worker_outbound_run(const struct worker_setup *setup)
{
	struct relay relay = { 0 };

	worker_begin(setup);
	struct secrets *secrets = get_secrets(setup);
	secrets_scrub_environment(setup->config);
	if (secrets == NULL)
		return EX_CONFIG;
	int status = worker_become(setup);
	if (status == 0)
		status = worker_loop_init(&relay.worker, setup);
	if (status != 0) {
		secrets_free(&secrets);
		return status;
	}
	if (assemble(&relay, setup, secrets) == 0) {
		worker_loop_run(&relay.worker);
	} else {
		log_error(
		    "worker_failed", log_s("step", "assemble"), log_s("why", strerror(errno)));
		status = EX_OSERR;
	}
	take_apart(&relay);
	return status;
}
