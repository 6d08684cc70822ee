/* SPDX-License-Identifier: ISC */
/*
 * secret_command.c - see secret_command.h.  The command is in a process group of its own, which is
 * killed when its time is over; it has none of our descriptors, and its end is not waited for
 * beyond its own: what it leaves running may hold the pipes.
 */
#include "config/secret_command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"

enum { STDERR_MAX = 300, LOOK_MS = 10 };

struct run {
	pid_t pid;
	int status; /* of waitpid(2), once it has ended */
	bool has_ended;
	int64_t end_ms; /* monotonic */
	int out_fd, error_fd;
	char *out;
	size_t size, len;
	bool is_full;
	char error[STDERR_MAX];
	size_t error_len;
};

static int
set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, usual;

	sigemptyset(&none);
	sigfillset(&usual);
	if (posix_spawnattr_setsigmask(attributes, &none) != 0 ||
	    posix_spawnattr_setsigdefault(attributes, &usual) != 0)
		return -1;
	return posix_spawnattr_setflags(
	    attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
}

static int
set_descriptors(posix_spawn_file_actions_t *actions, int out, int error)
{
	int failed =
	    posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(actions, out, STDOUT_FILENO);
	if (failed == 0)
		failed = posix_spawn_file_actions_adddup2(actions, error, STDERR_FILENO);
	if (failed == 0)
		failed = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
	return failed;
}

/* 0, or an errno. */
static int
spawn(struct run *run, const char *command, int out, int error)
{
	char *argv[] = { (char *)(uintptr_t) "sh", (char *)(uintptr_t) "-c",
		(char *)(uintptr_t)command, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int failed = posix_spawn_file_actions_init(&actions);

	if (failed != 0)
		return failed;
	if ((failed = posix_spawnattr_init(&attributes)) == 0) {
		failed = set_descriptors(&actions, out, error);
		if (failed == 0)
			failed = set_attributes(&attributes);
		if (failed == 0)
			failed =
			    posix_spawn(&run->pid, "/bin/sh", &actions, &attributes, argv, environ);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	return failed;
}

/* Read what there is.  A descriptor that is at its end becomes -1. */
static void
drain(int *fd, char *buffer, size_t size, size_t *len)
{
	while (*fd >= 0 && *len < size) {
		ssize_t got = read(*fd, buffer + *len, size - *len);

		if (got > 0) {
			*len += (size_t)got;
		} else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
			close(*fd);
			*fd = -1;
		} else if (errno == EAGAIN) {
			break;
		}
	}
}

/* What is too much is read on, so that the command is not stuck. */
static void
drain_both(struct run *run)
{
	char rest[512];
	size_t len = 0;

	drain(&run->out_fd, run->out, run->size, &run->len);
	drain(&run->error_fd, run->error, sizeof run->error, &run->error_len);
	if (run->error_len == sizeof run->error)
		drain(&run->error_fd, rest, sizeof rest, &len);
}

/* Until the command has ended or printed too much; -1: its time is over. */
static int
attend(struct run *run)
{
	for (;;) {
		struct pollfd fds[] = { { run->out_fd, POLLIN, 0 }, { run->error_fd, POLLIN, 0 } };

		(void)poll(fds, 2, LOOK_MS);
		run->has_ended = waitpid(run->pid, &run->status, WNOHANG) == run->pid;
		drain_both(run);
		run->is_full = run->len == run->size;
		if (run->has_ended || run->is_full)
			return 0;
		if (clock_mono_ms() >= run->end_ms)
			return -1;
	}
}

static void
end(struct run *run)
{
	if (run->has_ended)
		return;
	kill(-run->pid, SIGKILL);
	while (waitpid(run->pid, &run->status, 0) < 0 && errno == EINTR)
		;
}

/* What it said on stderr, on one line. */
static void
quote(const struct run *run, struct str *why)
{
	size_t len = run->error_len;

	while (len > 0 && (run->error[len - 1] == '\n' || run->error[len - 1] == '\r'))
		len--;
	if (len == 0)
		return;
	str_puts(why, ": ");
	str_add(why, run->error, len);
}

static int
judge(const struct run *run, int attended, struct str *why)
{
	if (attended < 0)
		str_printf(why, "not ready within the %d s that all commands have together",
		    SECRET_COMMAND_MS / 1000);
	else if (run->is_full)
		str_puts(why, "it prints more than a password of 4096 octets");
	else if (WIFSIGNALED(run->status))
		str_printf(why, "ended by signal %d", WTERMSIG(run->status));
	else if (WEXITSTATUS(run->status) != 0)
		str_printf(why, "ended with status %d", WEXITSTATUS(run->status));
	else
		return 0;
	quote(run, why);
	return -1;
}

static int
run_with_pipes(struct run *run, const char *command, int out, int error, struct str *why)
{
	int failed = spawn(run, command, out, error);

	close(out);
	close(error);
	if (failed != 0) {
		str_puts(why, strerror(failed));
		return -1;
	}

	int attended = attend(run);

	end(run);
	return judge(run, attended, why);
}

/* Only our end is not waited for: the command must not meet EAGAIN. */
static int
open_pipe(int fds[2])
{
	if (pipe2(fds, O_CLOEXEC) < 0)
		return -1;
	return fcntl(fds[0], F_SETFL, O_NONBLOCK);
}

static void
close_pipe(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

int
secret_command_run(
    const char *command, int64_t end_ms, char *out, size_t size, size_t *ret_len, struct str *why)
{
	struct run run = { .end_ms = end_ms, .out = out, .size = size };
	int outputs[2] = { -1, -1 }, errors[2] = { -1, -1 }, result;

	*ret_len = 0;
	if (open_pipe(outputs) < 0 || open_pipe(errors) < 0) {
		str_puts(why, strerror(errno));
		close_pipe(outputs);
		close_pipe(errors);
		return -1;
	}
	run.out_fd = outputs[0];
	run.error_fd = errors[0];
	result = run_with_pipes(&run, command, outputs[1], errors[1], why);
	if (run.out_fd >= 0)
		close(run.out_fd);
	if (run.error_fd >= 0)
		close(run.error_fd);
	*ret_len = run.len;
	return result;
}
