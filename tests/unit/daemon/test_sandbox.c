/* SPDX-License-Identifier: ISC */
/* Tests of src/daemon/sandbox.c and its parts: in a process of its own each, what is denied and
 * what still works. */
#include "daemon/sandbox.h"

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/config.h"
#include "unit.h"

static char spool[40], inside[64], other[64];

static void
set_up(void)
{
	snprintf(spool, sizeof spool, "/tmp/postern-sandbox-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(spool));
	snprintf(inside, sizeof inside, "%s/file", spool);
	snprintf(other, sizeof other, "%s/log/file", spool);
	char dir[64];
	snprintf(dir, sizeof dir, "%s/log", spool);
	ck_assert_int_eq(mkdir(dir, 0700), 0);
}

static void
tear_down(void)
{
	char dir[64];

	unlink(inside);
	unlink(other);
	snprintf(dir, sizeof dir, "%s/log", spool);
	rmdir(dir);
	rmdir(spool);
}

/* Lock in a child as this role and run it there, with an upstream: its status. */
static int
locked_with(struct config_upstream *upstream, enum worker_role role, int (*run)(void))
{
	struct config config = { .spool = spool, .upstream = upstream, .nupstream = 1 };
	int status;
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		sandbox_enter(role, &config);
		_exit(run());
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status;
}

static int
locked(enum worker_role role, int (*run)(void))
{
	return locked_with(&(struct config_upstream){ .name = NULL }, role, run);
}

/* Whether a call failed with this error. */
static bool
fails(long result, int error)
{
	return result < 0 && errno == error;
}

static int
use_spool(void)
{
	int fd = open(inside, O_CREAT | O_RDWR, 0600);

	if (fd < 0 || write(fd, "x", 1) != 1 || fdatasync(fd) != 0 || ftruncate(fd, 0) != 0 ||
	    posix_fallocate(fd, 0, 4096) != 0)
		return 1;
	close(fd);
	/* From one folder of the spool to another. */
	if (rename(inside, other) != 0)
		return 2;
	return unlink(other) == 0 ? 0 : 3;
}

static int
use_etc(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : errno;
}

static int
use_other_files(void)
{
	if (!fails(open("/tmp", O_RDONLY), EACCES) || !fails(open("/root", O_RDONLY), EACCES))
		return 1;
	return fails(open("/etc/postern-sandbox", O_CREAT | O_WRONLY, 0600), EACCES) ? 0 : 2;
}

static int
make_processes(void)
{
	char *const argv[] = { (char[]){ "true" }, NULL };

	if (!fails(fork(), EPERM) || !fails(vfork(), EPERM))
		return 1;
	return fails(execv("/bin/true", argv), EPERM) ? 0 : 2;
}

static int
harm_others(void)
{
	/* To ask whether one lives is allowed. */
	if (kill(getppid(), 0) != 0 || !fails(kill(getppid(), SIGCONT), EPERM))
		return 1;
	if (!fails(ptrace(PTRACE_ATTACH, getppid(), 0, 0), EPERM))
		return 2;
	if (!fails(mount("none", "/tmp", "tmpfs", 0, NULL), EPERM))
		return 3;
	return fails(ioctl(STDIN_FILENO, TIOCSTI, "x"), EPERM) ? 0 : 4;
}

static void *
in_thread(void *arg)
{
	*(int *)arg = open(inside, O_CREAT | O_RDWR, 0600) >= 0 &&
		      fails(open("/root", O_RDONLY), EACCES) &&
		      fails(socket(AF_PACKET, SOCK_RAW, 0), EPERM);
	return NULL;
}

static int
make_threads(void)
{
	pthread_t thread;
	int is_right = 0;

	if (pthread_create(&thread, NULL, in_thread, &is_right) != 0)
		return 1;
	return pthread_join(thread, NULL) == 0 && is_right ? 0 : 2;
}

static int
make_internet_sockets(void)
{
	int four = socket(AF_INET, SOCK_STREAM, 0), six = socket(AF_INET6, SOCK_DGRAM, 0);

	return four >= 0 && six >= 0 ? 0 : errno;
}

static int
make_local_sockets(void)
{
	return socket(AF_UNIX, SOCK_DGRAM, 0) >= 0 ? 0 : errno;
}

static int
bind_ports(void)
{
	struct sockaddr any = { .sa_family = AF_INET };
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds) != 0)
		return 1;
	return fails(bind(fds[0], &any, sizeof any), EPERM) && fails(listen(fds[0], 1), EPERM) ? 0
											       : 2;
}

static int
connect_from_a_source(void)
{
	struct sockaddr_in source = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	source.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &(int){ 1 }, sizeof(int)) != 0 ||
	    bind(fd, (struct sockaddr *)&source, sizeof source) != 0)
		return 1;
	return fails(listen(fd, 1), EPERM) ? 0 : 2;
}

static int
end_by_abort(void)
{
	abort();
}

#define BOTH 2

static const struct {
	int (*run)(void);
	int role; /* or BOTH */
	int status;
} cases[] = {
	{ use_spool, BOTH, 0 },
	{ use_etc, WORKER_OUTBOUND, 0 },
	{ use_etc, WORKER_LISTENER, W_EXITCODE(EACCES, 0) },
	{ use_other_files, BOTH, 0 },
	{ make_processes, BOTH, 0 },
	{ harm_others, BOTH, 0 },
	{ make_threads, BOTH, 0 },
	{ make_local_sockets, BOTH, 0 },
	{ make_internet_sockets, WORKER_OUTBOUND, 0 },
	{ make_internet_sockets, WORKER_LISTENER, W_EXITCODE(EPERM, 0) },
	{ bind_ports, BOTH, 0 },
	{ end_by_abort, BOTH, SIGABRT },
};

/* Only the files part may be missing, in an old kernel: then nothing is denied there. */
static bool
has_landlock(void)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
		_exit(sandbox_files(spool, NULL, 0));
	}
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	return status == 0;
}

START_TEST(test_locks_in)
{
#ifdef WITH_SANITIZERS
	/* Nothing is locked in. */
	ck_assert_int_eq(locked(WORKER_LISTENER, use_etc), 0);
	(void)has_landlock;
	(void)connect_from_a_source;
#else
	if (!has_landlock() && cases[_i].run != make_processes)
		return;
	for (int role = 0; role < WORKER_ROLES; role++)
		if (cases[_i].role == role || cases[_i].role == BOTH)
			ck_assert_int_eq(
			    locked(role, cases[_i].run) & ~WCOREFLAG, cases[_i].status);
#endif
}
END_TEST

START_TEST(test_source_addresses_need_bind)
{
#ifndef WITH_SANITIZERS
	struct config_upstream upstream = { .bind6 = (char[]){ "::1" } };

	ck_assert_int_eq(locked_with(&upstream, WORKER_OUTBOUND, connect_from_a_source), 0);
	ck_assert_int_eq(locked_with(&upstream, WORKER_LISTENER, bind_ports), 0);
#endif
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("sandbox");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test_locks_in, 0, (int)(sizeof cases / sizeof *cases));
	tcase_add_test(tcase, test_source_addresses_need_bind);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("sandbox")
