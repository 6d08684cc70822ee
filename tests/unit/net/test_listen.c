/* SPDX-License-Identifier: ISC */
/* Tests of src/net/listen.c: bound sockets, stale ones, and those that systemd hands over. */
#include "net/listen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit.h"

/* _i: IPv4, IPv6 */
static const char *const loopback[] = { "127.0.0.1", "::1" };

START_TEST(test_listens_on_a_free_port)
{
	int fd = listen_tcp(loopback[_i], 0);

	ck_assert_int_ge(fd, 0);
	uint16_t port = listen_port(fd);
	ck_assert_uint_gt(port, 0);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_NONBLOCK, O_NONBLOCK);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	ck_assert_int_eq(listen_tcp(loopback[_i], port), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	close(fd);
}
END_TEST

START_TEST(test_matches_its_own_address_only)
{
	int fd = listen_tcp("127.0.0.1", 0), six = listen_tcp("::1", 0);
	uint16_t port = listen_port(fd);

	ck_assert(listen_matches(fd, "127.0.0.1", port));
	ck_assert(!listen_matches(fd, "127.0.0.1", (uint16_t)(port + 1)));
	ck_assert(!listen_matches(fd, "127.0.0.2", port));
	ck_assert(!listen_matches(fd, "::1", port));
	ck_assert(!listen_matches(fd, "nonsense", port));
	ck_assert(listen_matches(six, "::1", listen_port(six)));
	ck_assert(listen_matches(six, "0:0:0:0:0:0:0:1", listen_port(six)));
	close(fd);
	close(six);
}
END_TEST

START_TEST(test_a_unix_socket_matches_its_path)
{
	int fd = listen_unix("/tmp/postern-test-matches.sock", 0600);

	ck_assert_int_ge(fd, 0);
	ck_assert(listen_matches(fd, "/tmp/postern-test-matches.sock", 0));
	ck_assert(!listen_matches(fd, "/tmp/postern-test-matches", 0));
	ck_assert(!listen_matches(fd, "127.0.0.1", 0));
	close(fd);
	unlink("/tmp/postern-test-matches.sock");
}
END_TEST

START_TEST(test_a_socket_that_does_not_listen_matches_nothing)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert(!listen_matches(fd, "0.0.0.0", 0));
	ck_assert(!listen_matches(-1, "0.0.0.0", 0));
	close(fd);
}
END_TEST

START_TEST(test_both_families_share_a_port)
{
	int four = listen_tcp("0.0.0.0", 0);
	int six = listen_tcp("::", listen_port(four));

	ck_assert_int_ge(six, 0);
	close(four);
	close(six);
}
END_TEST

START_TEST(test_refuses_a_name)
{
	ck_assert_int_eq(listen_tcp("localhost", 0), -1);
	ck_assert_int_eq(errno, EINVAL);
}
END_TEST

static char dir[32], path[64];

static void
set_up(void)
{
	snprintf(dir, sizeof dir, "/tmp/postern-unix-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/control.sock", dir);
}

static void
tear_down(void)
{
	unlink(path);
	rmdir(dir);
}

/* Whatever umask there is, which stays. */
START_TEST(test_unix_socket_has_its_mode)
{
	static const mode_t modes[] = { 0600, 0660, 0666 };
	const mode_t mode = modes[_i % 3], mask = _i < 3 ? 0 : 077;
	struct stat st;

	umask(mask);

	int fd = listen_unix(path, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_uint_eq(umask(022), mask);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, mode);
	ck_assert_uint_eq(listen_port(fd), 0);
	close(fd);
}
END_TEST

START_TEST(test_unix_socket_in_use_is_refused)
{
	int fd = listen_unix(path, 0600);

	ck_assert_int_eq(listen_unix(path, 0600), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	close(fd);
}
END_TEST

START_TEST(test_stale_unix_socket_is_replaced)
{
	close(listen_unix(path, 0600));
	int fd = listen_unix(path, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
}
END_TEST

START_TEST(test_a_file_in_the_way_stays)
{
	close(open(path, O_CREAT | O_WRONLY, 0600));
	ck_assert_int_eq(listen_unix(path, 0600), -1);
	ck_assert_int_eq(errno, EADDRINUSE);
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

START_TEST(test_long_path_is_refused)
{
	char longer[200];

	memset(longer, 'a', sizeof longer);
	longer[sizeof longer - 1] = '\0';
	ck_assert_int_eq(listen_unix(longer, 0600), -1);
	ck_assert_int_eq(errno, ENAMETOOLONG);
}
END_TEST

static const struct {
	const char *pid; /* NULL: this process */
	const char *fds;
	int max, found;
} inherited[] = {
	{ NULL, "2", 8, 2 },
	{ NULL, "2", 1, 1 },
	{ NULL, "0", 8, 0 },
	{ NULL, "-1", 8, 0 },
	{ NULL, "two", 8, 0 },
	{ "1", "2", 8, 0 },
	{ "x", "2", 8, 0 },
};

/* In a process of its own: descriptors 3 and 4 are to be listening sockets. */
static int
inherit(int i)
{
	char pid[16];
	int fds[8] = { 0 };

	/* Above 4, so that dup2() does not hit them. */
	int a = fcntl(listen_tcp("127.0.0.1", 0), F_DUPFD, 10);
	int b = fcntl(listen_tcp("127.0.0.1", 0), F_DUPFD, 10);
	dup2(a, 3);
	dup2(b, 4);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	setenv("LISTEN_PID", inherited[i].pid != NULL ? inherited[i].pid : pid, 1);
	setenv("LISTEN_FDS", inherited[i].fds, 1);
	setenv("LISTEN_FDNAMES", "a:b", 1);
	if (listen_inherited(fds, inherited[i].max) != inherited[i].found)
		return 1;
	for (int n = 0; n < inherited[i].found; n++)
		if (fds[n] != 3 + n || fcntl(fds[n], F_GETFD) != FD_CLOEXEC ||
		    (fcntl(fds[n], F_GETFL) & O_NONBLOCK) == 0)
			return 2;
	if (getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL ||
	    getenv("LISTEN_FDNAMES") != NULL)
		return 3;
	return listen_inherited(fds, 8) == 0 ? 0 : 4;
}

START_TEST(test_inherits)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(inherit(_i));
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcp = tcase_create("tcp"), *local = tcase_create("unix");

	tcase_add_loop_test(tcp, test_listens_on_a_free_port, 0, 2);
	tcase_add_test(tcp, test_matches_its_own_address_only);
	tcase_add_test(tcp, test_a_unix_socket_matches_its_path);
	tcase_add_test(tcp, test_a_socket_that_does_not_listen_matches_nothing);
	tcase_add_test(tcp, test_both_families_share_a_port);
	tcase_add_test(tcp, test_refuses_a_name);
	tcase_add_loop_test(tcp, test_inherits, 0, (int)(sizeof inherited / sizeof *inherited));
	suite_add_tcase(suite, tcp);

	tcase_add_checked_fixture(local, set_up, tear_down);
	tcase_add_loop_test(local, test_unix_socket_has_its_mode, 0, 6);
	tcase_add_test(local, test_unix_socket_in_use_is_refused);
	tcase_add_test(local, test_stale_unix_socket_is_replaced);
	tcase_add_test(local, test_a_file_in_the_way_stays);
	tcase_add_test(local, test_long_path_is_refused);
	suite_add_tcase(suite, local);
}

UNIT_MAIN("listen")
