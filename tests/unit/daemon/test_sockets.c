/* SPDX-License-Identifier: ISC */
/* Tests of src/daemon/sockets.c: which sockets are used again, and what is said about one that
 * cannot be had. */
#include "daemon/sockets.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/str.h"
#include "config/config.h"
#include "daemon/privileges.h"
#include "net/listen.h"
#include "unit.h"

static char dir[40], control[64], a[] = "a", b[] = "b";
static char address[3][16] = { "127.0.0.1", "127.0.0.2", "192.0.2.1" };
static struct config_listen listeners[2];
static struct config config;
static struct identity identity;
static struct str why;

static void
set_up(void)
{
	snprintf(dir, sizeof dir, "/tmp/postern-sockets-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(control, sizeof control, "%s/run/control.sock", dir);
	listeners[0] = (struct config_listen){ .name = a, .address = address[0] };
	listeners[1] = (struct config_listen){ .name = b, .address = address[1] };
	config = (struct config){ .listen = listeners, .nlisten = 2, .control = control };
	identity = (struct identity){ .uid = getuid(), .gid = getgid() };
	why = (struct str)STR_EMPTY;
}

static void
tear_down(void)
{
	char run[64];

	unlink(control);
	snprintf(run, sizeof run, "%s/run", dir);
	rmdir(run);
	rmdir(dir);
	str_free(&why);
}

/* Whether two descriptors are of one socket. */
static bool
is_same(int one, int other)
{
	struct stat x, y;

	return fstat(one, &x) == 0 && fstat(other, &y) == 0 && x.st_ino == y.st_ino;
}

START_TEST(test_opens_all)
{
	struct sockets sockets;
	struct stat st;

	ck_assert_int_eq(sockets_open(&sockets, &config, NULL, NULL, &identity, &why), 0);
	ck_assert_uint_eq(sockets.count, 2);
	ck_assert_uint_ne(listen_port(sockets.fd[0]), 0);
	ck_assert_int_eq(stat(control, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0660);
	sockets_close(&sockets);
}
END_TEST

START_TEST(test_uses_what_was_there_before)
{
	struct sockets old, new;
	struct sockets_before before = { &config, &old };
	struct config_listen only = listeners[1];
	struct config changed = { .listen = &only, .nlisten = 1, .control = control };

	ck_assert_int_eq(sockets_open(&old, &config, NULL, NULL, &identity, &why), 0);
	ck_assert_int_eq(sockets_open(&new, &changed, &before, NULL, &identity, &why), 0);
	ck_assert_uint_eq(new.count, 1);
	ck_assert(is_same(new.fd[0], old.fd[1]));
	ck_assert(is_same(new.control, old.control));
	sockets_close(&new);
	sockets_close(&old);
}
END_TEST

START_TEST(test_uses_what_was_handed_over)
{
	int fd = listen_tcp("127.0.0.2", 0);
	struct inherited inherited = { .fd = { fd }, .count = 1 };
	struct sockets sockets;

	listeners[1].port = listen_port(fd);
	ck_assert_int_eq(sockets_open(&sockets, &config, NULL, &inherited, &identity, &why), 0);
	ck_assert(is_same(sockets.fd[1], fd));
	ck_assert(!is_same(sockets.fd[0], fd));
	sockets_close(&sockets);
	close(fd);
}
END_TEST

START_TEST(test_names_the_address_that_is_taken)
{
	int fd = listen_tcp("127.0.0.2", 0);
	struct sockets sockets;
	char expected[128];

	listeners[1].port = listen_port(fd);
	ck_assert_int_eq(sockets_open(&sockets, &config, NULL, NULL, &identity, &why), EX_OSERR);
	snprintf(expected, sizeof expected,
	    "listen \"b\": cannot listen on 127.0.0.2 port %u: Address already in use",
	    listeners[1].port);
	ck_assert_msg(strstr(why.data, expected) == why.data, "%s", why.data);
	ck_assert_int_eq(sockets.control, -1);
	close(fd);
}
END_TEST

/* An address of a documentation network: not ours.  _i: given, a default */
START_TEST(test_a_default_that_cannot_be_had_is_left_out)
{
	struct sockets sockets;

	listeners[1].address = address[2];
	listeners[1].is_default = _i == 1;
	int status = sockets_open(&sockets, &config, NULL, NULL, &identity, &why);
	ck_assert_int_eq(status, _i == 1 ? 0 : EX_OSERR);
	if (status == 0) {
		ck_assert_int_ge(sockets.fd[0], 0);
		ck_assert_int_eq(sockets.fd[1], -1);
		sockets_close(&sockets);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("sockets");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_opens_all);
	tcase_add_test(tcase, test_uses_what_was_there_before);
	tcase_add_test(tcase, test_uses_what_was_handed_over);
	tcase_add_test(tcase, test_names_the_address_that_is_taken);
	tcase_add_loop_test(tcase, test_a_default_that_cannot_be_had_is_left_out, 0, 2);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("sockets")
