/* SPDX-License-Identifier: ISC */
/* worker.c - what both kinds of worker have in common. */
#include "daemon/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config.h"
#include "daemon/background.h"
#include "daemon/channel.h"
#include "daemon/privileges.h"

/* A worker that is told to leave and hangs ends all the same, should its master be dead as well. */
enum { HANG_SECONDS = 60 };

const char *
worker_role_name(enum worker_role role)
{
	static const char *const names[WORKER_ROLES] = { "listener", "outbound" };

	return names[role];
}

/* A terminal's signals go to the master, who tells us.  SIGPIPE: net/transport.c.  SIGXFSZ: a file
 * that may not grow is the spool's trouble, like a full disk. */
static void
ignore_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGPIPE, SIGXFSZ };
	sigset_t none;

	for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
		signal(ignored[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

void
worker_begin(const struct worker_setup *setup)
{
	const struct config_log *log = &setup->config->log;

	ignore_signals();
	/* Nothing is to hold the terminal or the pipe of whoever started us. */
	if (setup->is_background)
		background_detach();
	/* syslog(3) writes local times, and cannot read the zone later. */
	tzset();
	log_open(setup->log_target, log->format, log->level, worker_role_name(setup->role));
}

int
worker_become(const struct worker_setup *setup)
{
	const char *step = "drop privileges";

	if (privileges_drop(setup->identity) == 0) {
		step = "harden";
		if (privileges_harden(setup->master) == 0)
			return 0;
	}
	log_error("worker_failed", log_s("step", step), log_s("why", strerror(errno)));
	return EX_OSERR;
}

static void
leave(struct worker *worker, bool stops, uint32_t ms)
{
	alarm(HANG_SECONDS + ms / 1000);
	worker->on_leave(worker->ctx, stops, ms);
}

static void
on_channel(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;
	struct channel_message message;

	(void)what;
	switch (channel_receive(fd, &message)) {
	case CHANNEL_EMPTY:
		return;
	case CHANNEL_CLOSED:
		log_warning("master_gone", log_d("pid", worker->setup->master));
		event_del(worker->channel);
		event_del(worker->heartbeat);
		leave(worker, true, worker->stop_ms);
		return;
	case CHANNEL_MESSAGE:
		break;
	}
	if (message.type == CHANNEL_LEAVE || message.type == CHANNEL_STOP)
		leave(worker, message.type == CHANNEL_STOP, message.ms);
	else if (message.type == CHANNEL_RELOADED && worker->on_reloaded != NULL)
		worker->on_reloaded(worker->ctx, message.text[0] == '\0' ? NULL : message.text);
}

static void
on_heartbeat(evutil_socket_t fd, short what, void *arg)
{
	struct worker *worker = arg;

	(void)fd;
	(void)what;
	channel_send(worker->setup->channel, CHANNEL_HEARTBEAT, 0, "");
}

/* Somebody wants this one process to end; the master will start another. */
static void
on_terminate(evutil_socket_t signal_number, short what, void *arg)
{
	struct worker *worker = arg;

	(void)signal_number;
	(void)what;
	leave(worker, true, worker->stop_ms);
}

/* What libevent has to say would go to stderr, which is nobody's in the background. */
static void
on_libevent(int severity, const char *words)
{
	static const enum log_level levels[] = {
		[EVENT_LOG_DEBUG] = LOG_LEVEL_DEBUG,
		[EVENT_LOG_MSG] = LOG_LEVEL_DEBUG,
		[EVENT_LOG_WARN] = LOG_LEVEL_INFO, /* of name servers, mostly */
		[EVENT_LOG_ERR] = LOG_LEVEL_ERROR,
	};

	log_at(levels[severity], "libevent", log_s("words", words));
}

int
worker_loop_init(struct worker *worker, const struct worker_setup *setup)
{
	struct timeval second = { .tv_sec = 1 };

	memset(worker, 0, sizeof *worker);
	worker->setup = setup;
	worker->stop_ms = 3000;
	event_set_log_callback(on_libevent);
	worker->base = event_base_new();
	if (worker->base == NULL)
		return EX_OSERR;
	worker->channel =
	    event_new(worker->base, setup->channel, EV_READ | EV_PERSIST, on_channel, worker);
	worker->heartbeat = event_new(worker->base, -1, EV_PERSIST, on_heartbeat, worker);
	worker->terminate = evsignal_new(worker->base, SIGTERM, on_terminate, worker);
	if (worker->channel == NULL || worker->heartbeat == NULL || worker->terminate == NULL ||
	    event_add(worker->channel, NULL) != 0 || event_add(worker->heartbeat, &second) != 0 ||
	    event_add(worker->terminate, NULL) != 0) {
		worker_loop_free(worker, 0);
		return EX_OSERR;
	}
	return 0;
}

void
worker_loop_run(struct worker *worker)
{
	channel_send(worker->setup->channel, CHANNEL_READY, 0, "");
	event_base_dispatch(worker->base);
}

void
worker_loop_end(struct worker *worker)
{
	event_base_loopbreak(worker->base);
}

static void
free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

/* Turn the loop until no event but our tick is left. */
static void
finish(struct event_base *base, unsigned ms)
{
	struct timeval interval = { .tv_usec = 20 * 1000 };
	struct event *tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	int64_t end = clock_mono_ms() + ms;

	if (tick == NULL)
		return;
	if (event_add(tick, &interval) == 0)
		while (event_base_get_num_events(base, EVENT_BASE_COUNT_ADDED) > 1 &&
		       clock_mono_ms() < end)
			event_base_loop(base, EVLOOP_ONCE);
	event_free(tick);
}

void
worker_loop_free(struct worker *worker, unsigned ms)
{
	free_event(&worker->channel);
	free_event(&worker->heartbeat);
	free_event(&worker->terminate);
	if (ms > 0)
		finish(worker->base, ms);
	event_base_free(worker->base);
	worker->base = NULL;
}
