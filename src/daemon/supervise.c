/* SPDX-License-Identifier: ISC */
/*
 * supervise.c - the workers' lives: start them when they are due, hear them, bury them, and start
 * them again. A worker that dies takes nobody along: the other one lives on, and the spool keeps
 * what they share.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "config/secret.h"
#include "daemon/background.h"
#include "daemon/master_private.h"
#include "daemon/shared.h"

enum { STALE_MIN_MS = 5000, STARTING_MAX_MS = 60 * 1000 };

/* What a child of a generation must know to close what is not its own. */
struct detaching {
	struct master *master;
	struct generation *generation;
	enum worker_role role;
};

/*
 * In the child.  The other ends of the channels above all: as long as any process has them, no
 * worker notices that the master is gone.
 */
static void
detach(void *ctx)
{
	struct detaching *d = ctx;
	struct master *master = d->master;

	close(master->signals);
	notify_close(&master->notify);
	if (master->launcher >= 0)
		close(master->launcher);
	for (int i = 0; i < master->inherited.count; i++)
		close(master->inherited.fd[i]);
	for (struct generation *g = master->generations; g != NULL; g = g->older) {
		for (int role = 0; role < WORKER_ROLES; role++)
			if (g->process[role].channel > 0)
				close(g->process[role].channel);
		if (g != d->generation)
			sockets_close(&g->sockets);
		if (g != d->generation || d->role != WORKER_OUTBOUND)
			secrets_free(&g->secrets);
	}
	if (d->role == WORKER_LISTENER)
		close(d->generation->sockets.control);
	else
		for (size_t i = 0; i < d->generation->sockets.count; i++)
			if (d->generation->sockets.fd[i] >= 0)
				close(d->generation->sockets.fd[i]);
}

static void
put_off(struct generation *g, enum worker_role role, int64_t lived_ms, int64_t now_ms)
{
	uint64_t wait = backoff_next(&g->backoff[role], (uint64_t)lived_ms);

	g->start_at_ms[role] = now_ms + (int64_t)wait;
	log_info("worker_restart", log_s("worker", worker_role_name(role)), log_d("in_ms", wait));
}

static void
start_worker(struct master *master, struct generation *g, enum worker_role role, int64_t now_ms)
{
	struct detaching detaching = { master, g, role };
	struct worker_setup setup = {
		.role = role,
		.config = g->config,
		.log_target = master_log_target(master, g->config),
		.sockets = &g->sockets,
		.secrets = role == WORKER_OUTBOUND ? g->secrets : NULL,
		.is_background = !master->is_foreground,
		.identity = &master->identity,
		.shared = master->shared,
		.generation = g->number,
		.started_ms = master->started_ms,
		.wake_fd = master->wake,
		.master = getpid(),
	};

	g->start_at_ms[role] = INT64_MAX;
	if (process_start(&g->process[role], &setup, detach, &detaching, now_ms) == 0) {
		if (role == WORKER_OUTBOUND)
			secrets_free(&g->secrets);
		log_info("worker_started", log_s("worker", worker_role_name(role)),
		    log_d("pid", g->process[role].pid), log_d("generation", g->number));
		return;
	}
	log_error("worker_failed", log_s("worker", worker_role_name(role)), log_s("step", "fork"),
	    log_s("why", strerror(errno)));
	put_off(g, role, 0, now_ms);
}

/* There is one outbound at a time, or mail would be sent twice. */
static bool
is_outbound_alive(const struct master *master)
{
	for (const struct generation *g = master->generations; g != NULL; g = g->older)
		if (g->process[WORKER_OUTBOUND].pid != 0)
			return true;
	return false;
}

static void
start_due(struct master *master, int64_t now_ms)
{
	for (struct generation *g = master->generations; g != NULL; g = g->older)
		for (int role = 0; role < WORKER_ROLES; role++)
			if (now_ms >= g->start_at_ms[role] &&
			    (role != WORKER_OUTBOUND || !is_outbound_alive(master)))
				start_worker(master, g, role, now_ms);
}

static void
serve(struct master *master)
{
	master->phase = MASTER_RUNNING;
	background_ready(&master->launcher);
	log_info("serving", log_d("generation", master->current->number));
	notify_send(&master->notify, "READY=1\nSTATUS=serving, config %s (generation %d)",
	    master->config_file, (int)master->current->number);
}

/* Something has become ready: whether a step is complete. */
static void
advance(struct master *master, int64_t now_ms)
{
	const struct generation *current = master->current;

	if (master->phase == MASTER_RELOADING && master->next != NULL) {
		if (master->next->process[WORKER_LISTENER].is_ready)
			reload_commit(master, now_ms);
		return;
	}
	if (!current->process[WORKER_LISTENER].is_ready ||
	    !current->process[WORKER_OUTBOUND].is_ready)
		return;
	if (master->phase == MASTER_STARTING || master->phase == MASTER_RELOADING) {
		serve(master);
		reload_finish(master, now_ms);
	}
}

void
supervise_hear(struct master *master, int64_t now_ms, struct process *p)
{
	struct channel_message message;

	/* One at a time: a worker that goes mad does not keep us from the others. */
	switch (channel_receive(p->channel, &message)) {
	case CHANNEL_EMPTY:
		return;
	case CHANNEL_CLOSED:
		process_unhook(p, now_ms);
		return;
	case CHANNEL_MESSAGE:
		break;
	}
	p->heartbeat_ms = now_ms;
	if (message.type == CHANNEL_READY && !p->is_ready) {
		p->is_ready = true;
		advance(master, now_ms);
	} else if (message.type == CHANNEL_RELOAD && p->role == WORKER_OUTBOUND) {
		/* One that leaves will not see the end of it, and turns its clients away itself. */
		if (!p->is_leaving)
			reload_begin(master, now_ms);
	}
}

static void
log_death(const struct process *p, int status, bool was_asked)
{
	char name[16];
	const char *signal_name = process_signal(status, name);
	const char *worker = worker_role_name(p->role);

	if (signal_name != NULL)
		log_error("worker_died", log_s("worker", worker), log_d("pid", p->pid),
		    log_s("signal", signal_name));
	else if (!was_asked)
		log_error("worker_died", log_s("worker", worker), log_d("pid", p->pid),
		    log_d("status", WEXITSTATUS(status)));
	else
		log_info("worker_finished", log_s("worker", worker), log_d("pid", p->pid),
		    log_d("status", WEXITSTATUS(status)));
}

/* What a death means depends on whose it was. */
static void
bury(struct master *master, struct generation *g, struct process *p, int status, int64_t now_ms)
{
	enum worker_role role = p->role;
	int64_t lived_ms = now_ms - p->started_ms;
	bool was_asked = p->is_leaving || master->phase == MASTER_STOPPING;
	bool was_ready = p->is_ready;

	log_death(p, status, was_asked);
	board_release(&master->shared->board, p->pid);
	if (!was_asked)
		counter_add(&master->shared->counters.worker_deaths, 1);
	process_gone(p);
	/* What it wrote last has an end now: the reader may go on. */
	if (write(master->wake, &(uint64_t){ 1 }, sizeof(uint64_t)) < 0 && errno != EAGAIN)
		log_warning("wake_failed", log_s("why", strerror(errno)));
	if (was_asked)
		return;
	if (g == master->next)
		reload_refuse(master, "the new listener died at its start", now_ms);
	else if (master->phase == MASTER_STARTING && !was_ready && WIFEXITED(status) &&
		 WEXITSTATUS(status) != 0)
		/* It has told why, and would say the same again. */
		master_stop(master, now_ms, WEXITSTATUS(status));
	else if (g == master->current)
		put_off(g, role, lived_ms, now_ms);
	/* A new outbound that does not come up: the reload is over, so that another one may mend
	 * it. */
	if (g == master->current && master->phase == MASTER_RELOADING && master->next == NULL) {
		serve(master);
		reload_finish(master, now_ms);
	}
}

static struct generation *
find(const struct master *master, pid_t pid, enum worker_role *role)
{
	for (struct generation *g = master->generations; g != NULL; g = g->older)
		for (*role = 0; *role < WORKER_ROLES; (*role)++)
			if (g->process[*role].pid == pid)
				return g;
	return NULL;
}

void
supervise_reap(struct master *master, int64_t now_ms)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		enum worker_role role = WORKER_LISTENER;
		struct generation *g = find(master, pid, &role);

		if (g != NULL)
			bury(master, g, &g->process[role], status, now_ms);
	}
}

/* Forget the generations that nobody lives by any more. */
static void
sweep(struct master *master)
{
	struct generation **link = &master->generations;

	while (*link != NULL) {
		struct generation *g = *link;

		if (g != master->current && g != master->next && generation_count(g) == 0) {
			*link = g->older;
			log_info("generation_gone", log_d("generation", g->number));
			generation_free(&g);
		} else {
			link = &g->older;
		}
	}
}

/* A worker that is being started anew is looked after already: the watchdog is for one that hangs.
 */
static bool
is_responsive(const struct process *p, int64_t now_ms, int64_t stale_ms)
{
	if (p->pid == 0)
		return true;
	return now_ms - p->heartbeat_ms < (p->is_ready ? stale_ms : STARTING_MAX_MS);
}

static void
ping(struct master *master, int64_t now_ms)
{
	int64_t interval = (int64_t)master->notify.watchdog_ms / 2;
	int64_t stale_ms = interval > STALE_MIN_MS ? interval : STALE_MIN_MS;
	const struct process *p = master->current->process;

	if (now_ms < master->ping_at_ms)
		return;
	master->ping_at_ms = now_ms + interval;
	if (is_responsive(&p[WORKER_LISTENER], now_ms, stale_ms) &&
	    is_responsive(&p[WORKER_OUTBOUND], now_ms, stale_ms))
		notify_send(&master->notify, "WATCHDOG=1");
	else
		log_error("worker_hangs", log_s("what", "the watchdog is not fed"));
}

void
supervise_tick(struct master *master, int64_t now_ms)
{
	if (master->phase == MASTER_RELOADING && now_ms >= master->reload_limit_ms &&
	    master->next != NULL)
		reload_refuse(master, "the new listener did not become ready in time", now_ms);
	for (struct generation *g = master->generations; g != NULL; g = g->older)
		for (int role = 0; role < WORKER_ROLES; role++)
			process_kill_if_due(&g->process[role], now_ms);
	sweep(master);
	start_due(master, now_ms);
	ping(master, now_ms);
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

int64_t
supervise_next(const struct master *master)
{
	int64_t next = earlier(master->ping_at_ms, master->stop_limit_ms);

	if (master->next != NULL)
		next = earlier(next, master->reload_limit_ms);
	for (const struct generation *g = master->generations; g != NULL; g = g->older)
		for (int role = 0; role < WORKER_ROLES; role++) {
			if (g->process[role].kill_at_ms != 0)
				next = earlier(next, g->process[role].kill_at_ms);
			/* The death of the other outbound wakes us, not the clock. */
			if (role != WORKER_OUTBOUND || !is_outbound_alive(master))
				next = earlier(next, g->start_at_ms[role]);
		}
	return next;
}
