/* SPDX-License-Identifier: ISC */
/* process.h - one worker process as the master sees it: fork, tell, kill. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <stdbool.h>

#include "daemon/channel.h"
#include "daemon/worker.h"

/* All zero: no such process.  Times are monotonic ms. */
struct process {
	pid_t pid;   /* 0: none */
	int channel; /* 0 or -1: none */
	enum worker_role role;
	bool is_ready;
	bool is_leaving; /* was told to */
	int64_t started_ms, heartbeat_ms;
	int64_t kill_at_ms; /* 0: never */
};

/*
 * Fork; the child calls detach(ctx) to close what is not its own and then lives in worker_*_run().
 * -1 and errno.
 */
int process_start(struct process *process, const struct worker_setup *setup,
    void (*detach)(void *ctx), void *ctx, int64_t now_ms);

/* Tell it to finish within ms (CHANNEL_LEAVE or CHANNEL_STOP); somewhat later it is killed. */
void process_leave(struct process *process, enum channel_type how, uint32_t ms, int64_t now_ms);

/* It has closed its channel: it is about to end, or will be killed for it. */
void process_unhook(struct process *process, int64_t now_ms);

/* SIGKILL, if the time has come. */
void process_kill_if_due(struct process *process, int64_t now_ms);

/* It was reaped: close the channel and forget it. */
void process_gone(struct process *process);

/* "SIGSEGV" if a signal ended it; else NULL. */
const char *process_signal(int wait_status, char out[16]);

#endif
