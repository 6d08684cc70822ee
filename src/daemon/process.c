/* SPDX-License-Identifier: ISC */
/* process.c - one worker process as the master sees it: fork, tell, kill. */
#include "daemon/process.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	KILL_SLACK_MS = 5000, /* a worker keeps its bounds itself: this is for one that hangs */
	EXIT_MS = 1000,       /* from the end of its channel to its death */
};

static int
run(const struct worker_setup *setup)
{
	return setup->role == WORKER_LISTENER ? worker_listener_run(setup)
					      : worker_outbound_run(setup);
}

int
process_start(struct process *process, const struct worker_setup *setup, void (*detach)(void *ctx),
    void *ctx, int64_t now_ms)
{
	int fds[2];

	if (channel_pair(fds) != 0)
		return -1;
	pid_t pid = fork();
	if (pid < 0) {
		int error = errno;
		close(fds[0]);
		close(fds[1]);
		errno = error;
		return -1;
	}
	if (pid == 0) {
		struct worker_setup own = *setup;
		own.channel = fds[1];
		close(fds[0]);
		detach(ctx);
		exit(run(&own));
	}
	close(fds[1]);
	*process = (struct process){
		.pid = pid,
		.channel = fds[0],
		.role = setup->role,
		.started_ms = now_ms,
		.heartbeat_ms = now_ms,
	};
	return 0;
}

void
process_leave(struct process *process, enum channel_type how, uint32_t ms, int64_t now_ms)
{
	if (process->pid == 0)
		return;
	process->is_leaving = true;
	process->kill_at_ms = now_ms + ms + KILL_SLACK_MS;
	/* It hangs or is dying: then the kill or the reaper comes. */
	if (channel_send(process->channel, how, ms, "") != 0)
		log_warning("worker_deaf", log_s("worker", worker_role_name(process->role)),
		    log_d("pid", process->pid), log_s("why", strerror(errno)));
}

void
process_unhook(struct process *process, int64_t now_ms)
{
	close(process->channel);
	process->channel = -1;
	process->kill_at_ms = now_ms + EXIT_MS;
}

void
process_kill_if_due(struct process *process, int64_t now_ms)
{
	if (process->pid == 0 || process->kill_at_ms == 0 || now_ms < process->kill_at_ms)
		return;
	log_warning("worker_killed", log_s("worker", worker_role_name(process->role)),
	    log_d("pid", process->pid), log_s("why", "it did not finish in time"));
	kill(process->pid, SIGKILL);
	process->kill_at_ms = 0;
}

void
process_gone(struct process *process)
{
	if (process->channel >= 0)
		close(process->channel);
	*process = (struct process){ .pid = 0 };
}

const char *
process_signal(int wait_status, char out[16])
{
	if (!WIFSIGNALED(wait_status))
		return NULL;
	const char *name = sigabbrev_np(WTERMSIG(wait_status));
	if (name != NULL)
		snprintf(out, 16, "SIG%s", name);
	else
		snprintf(out, 16, "%d", WTERMSIG(wait_status));
	return out;
}
