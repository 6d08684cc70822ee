/* SPDX-License-Identifier: ISC */
/*
 * master.c - the master's loop: signals, the workers' channels, the clock; and the end of it all.
 * poll(2) alone: the process that may hold root has no use for an event library.
 */
#include "daemon/master.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/config.h"
#include "daemon/master_private.h"

enum {
	LISTENER_STOP_MS = 10 * 1000,
	OUTBOUND_STOP_MS = 20 * 1000,
	STOP_MS = 30 * 1000, /* for all of it; then SIGKILL */
	POLL_MAX = 64,       /* more than the workers of all generations */
};

/* Whom a poll entry belongs to; the first one is the signals'. */
struct watch {
	struct pollfd poll[POLL_MAX];
	struct process *process[POLL_MAX];
	nfds_t count;
};

static void
add_watch(struct watch *watch, int fd, struct process *p)
{
	if (watch->count == POLL_MAX)
		return;
	watch->poll[watch->count] = (struct pollfd){ .fd = fd, .events = POLLIN };
	watch->process[watch->count] = p;
	watch->count++;
}

static void
kill_all(struct master *master)
{
	for (struct generation *g = master->generations; g != NULL; g = g->older)
		for (int role = 0; role < WORKER_ROLES; role++)
			if (g->process[role].pid != 0)
				kill(g->process[role].pid, SIGKILL);
	master->stop_limit_ms = INT64_MAX;
}

void
master_stop(struct master *master, int64_t now_ms, int exit_status)
{
	if (master->phase == MASTER_STOPPING) {
		log_warning("stopping_at_once", log_s("why", "asked a second time"));
		kill_all(master);
		return;
	}
	log_info("stopping");
	notify_send(&master->notify, "STOPPING=1\nSTATUS=stopping");
	master->phase = MASTER_STOPPING;
	master->exit_status = exit_status;
	master->next = NULL;
	master->ping_at_ms = INT64_MAX;
	master->stop_limit_ms = now_ms + STOP_MS;
	for (struct generation *g = master->generations; g != NULL; g = g->older)
		generation_stop(g, LISTENER_STOP_MS, OUTBOUND_STOP_MS, now_ms);
}

static void
on_signal(struct master *master, int64_t now_ms)
{
	struct signalfd_siginfo info;

	while (read(master->signals, &info, sizeof info) == (ssize_t)sizeof info) {
		switch (info.ssi_signo) {
		case SIGHUP:
			reload_begin(master, now_ms);
			break;
		case SIGCHLD:
			supervise_reap(master, now_ms);
			break;
		default:
			master_stop(master, now_ms, 0);
			break;
		}
	}
}

static int
poll_timeout(const struct master *master)
{
	int64_t next = supervise_next(master), now = clock_mono_ms();

	if (next == INT64_MAX)
		return -1;
	if (next <= now)
		return 0;
	return next - now < INT_MAX ? (int)(next - now) : INT_MAX;
}

/* Deaths are handled last, so that no entry of this turn names a process that is gone. */
static void
turn(struct master *master)
{
	struct watch watch = { .count = 0 };

	add_watch(&watch, master->signals, NULL);
	for (struct generation *g = master->generations; g != NULL; g = g->older)
		for (int role = 0; role < WORKER_ROLES; role++)
			if (g->process[role].pid != 0)
				add_watch(&watch, g->process[role].channel, &g->process[role]);
	int n = poll(watch.poll, watch.count, poll_timeout(master));
	int64_t now = clock_mono_ms();
	for (nfds_t i = 1; n > 0 && i < watch.count; i++)
		if (watch.poll[i].revents != 0)
			supervise_hear(master, now, watch.process[i]);
	if (n > 0 && watch.poll[0].revents != 0)
		on_signal(master, now);
	supervise_tick(master, now);
	if (now >= master->stop_limit_ms) {
		log_warning("stop_limit", log_s("what", "workers that did not finish are killed"));
		kill_all(master);
	}
}

static bool
has_workers(const struct master *master)
{
	for (const struct generation *g = master->generations; g != NULL; g = g->older)
		if (generation_count(g) > 0)
			return true;
	return false;
}

static void
finish(struct master *master)
{
	sockets_unlink(master->current->config, NULL, &master->inherited);
	log_info("stopped", log_d("status", master->exit_status));
	while (master->generations != NULL) {
		struct generation *g = master->generations;
		master->generations = g->older;
		generation_free(&g);
	}
	notify_close(&master->notify);
	close(master->lock);
}

int
master_run(const struct options *options)
{
	char *absolute = realpath(options->file, NULL);
	struct master master = { .options = options };

	/* A reload finds the file again, wherever we are by then. */
	master.config_file = absolute != NULL ? absolute : options->file;
	int status = master_start(&master);
	if (status == 0) {
		supervise_tick(&master, clock_mono_ms());
		while (master.phase != MASTER_STOPPING || has_workers(&master))
			turn(&master);
		status = master.exit_status;
		finish(&master);
	}
	free(absolute);
	return status;
}
