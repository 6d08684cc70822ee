/* SPDX-License-Identifier: ISC */
/*
 * worker.h - what both kinds of worker have in common: how they begin in a forked child, their
 * loop, their channel to the master.  A worker that hears nothing of its master any more finishes
 * quickly and exits.
 */
#ifndef DAEMON_WORKER_H
#define DAEMON_WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/log.h"

struct config;
struct event;
struct event_base;
struct identity;
struct secrets;
struct shared;
struct sockets;

enum worker_role { WORKER_LISTENER, WORKER_OUTBOUND, WORKER_ROLES };

/* What the master gives a child; all of it lives as long as the child. */
struct worker_setup {
	enum worker_role role;
	const struct config *config;
	enum log_target log_target;
	bool is_background;
	const struct sockets *sockets;
	struct secrets *secrets; /* for outbound, which takes them; NULL: it reads its own */
	const struct identity *identity;
	struct shared *shared;
	uint64_t generation; /* 1 for the first */
	int64_t started_ms;  /* real time at which the master started */
	int wake_fd;         /* the eventfd that says that the log has grown */
	int channel;
	pid_t master;
};

const char *worker_role_name(enum worker_role role);

/* The whole life of a worker: an exit status. */
int worker_listener_run(const struct worker_setup *setup);
int worker_outbound_run(const struct worker_setup *setup);

/* For the two: a loop and what arrives on the channel. */
struct worker {
	const struct worker_setup *setup;
	struct event_base *base;
	struct event *channel, *heartbeat, *terminate;
	uint32_t stop_ms; /* the bound when nobody tells another */
	/* Finish within ms.  May be called again, with stops true, to hurry. */
	void (*on_leave)(void *ctx, bool stops, uint32_t ms);
	/* The answer to CHANNEL_RELOAD; error NULL: done.  May be NULL. */
	void (*on_reloaded)(void *ctx, const char *error);
	void *ctx;
};

/* First: the signals and the log. */
void worker_begin(const struct worker_setup *setup);

/* Drop privileges, harden.  0 or an exit status, and the reason is logged. */
int worker_become(const struct worker_setup *setup);

/* Make the loop; fill in the callbacks afterwards.  0 or an exit status. */
int worker_loop_init(struct worker *worker, const struct worker_setup *setup);

/* Tell the master that we serve, and turn the loop until worker_loop_end(). */
void worker_loop_run(struct worker *worker);

/* End the loop at once. */
void worker_loop_end(struct worker *worker);

/*
 * Free our events, turn the loop until nothing is left that waits (connections that linger), for at
 * most ms, and free it.
 */
void worker_loop_free(struct worker *worker, unsigned ms);

#endif
