/* SPDX-License-Identifier: ISC */
/* background.c - to go to the background: for machines without a service manager. */
#include "daemon/background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

/* The parent's rest: wait for the word or the end of the child. */
static _Noreturn void
wait_for(int fd, pid_t child)
{
	char word;
	int status;

	while (read(fd, &word, 1) != 1) {
		if (waitpid(child, &status, 0) == child)
			_exit(WIFEXITED(status) ? WEXITSTATUS(status) : EX_SOFTWARE);
		if (errno != EINTR)
			_exit(EX_OSERR);
	}
	_exit(EX_OK);
}

int
background_enter(void)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return -1;
	pid_t child = fork();
	if (child < 0)
		return -1;
	if (child > 0) {
		close(fds[1]);
		wait_for(fds[0], child);
	}
	close(fds[0]);
	setsid();
	return fds[1];
}

void
background_detach(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = STDIN_FILENO; fd >= 0 && i <= STDERR_FILENO; i++)
		dup2(fd, i);
	if (fd > STDERR_FILENO)
		close(fd);
}

void
background_ready(int *launcher)
{
	if (*launcher < 0)
		return;
	background_detach();
	/* It may have been killed: that is no trouble of ours. */
	if (write(*launcher, "", 1) < 0)
		errno = 0;
	close(*launcher);
	*launcher = -1;
}
