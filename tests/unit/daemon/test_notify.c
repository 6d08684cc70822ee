/* SPDX-License-Identifier: ISC */
/* Tests of src/daemon/notify.c, with a socket in the place of systemd's. */
#include "daemon/notify.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "unit.h"

static char dir[32], name[80], path[64];
static int manager;
static struct notify notify;

/* _i: a path, a name in the abstract namespace */
static void
listen_as(int i)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));

	snprintf(name, sizeof name, "%s%s", i == 0 ? "" : "@", path);
	memcpy(sun.sun_path + i, path, strlen(path));
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&sun, len + 1), 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static void
set_up(void)
{
	snprintf(dir, sizeof dir, "/tmp/postern-notify-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof path, "%s/notify", dir);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	manager = -1;
}

static void
tear_down(void)
{
	notify_close(&notify);
	if (manager >= 0)
		close(manager);
	unlink(path);
	rmdir(dir);
}

static const char *
received(void)
{
	static char buf[8192];
	ssize_t n = recv(manager, buf, sizeof buf - 1, 0);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

START_TEST(test_sends_one_datagram)
{
	listen_as(_i);
	notify_open(&notify);
	notify_send(&notify, "READY=1\nSTATUS=generation %d", 3);
	ck_assert_str_eq(received(), "READY=1\nSTATUS=generation 3");
	ck_assert_str_eq(received(), "");
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
}
END_TEST

START_TEST(test_reloading_tells_the_time)
{
	struct timespec before, after;
	long long usec;

	listen_as(0);
	notify_open(&notify);
	clock_gettime(CLOCK_MONOTONIC, &before);
	notify_reloading(&notify);
	clock_gettime(CLOCK_MONOTONIC, &after);
	ck_assert_int_eq(sscanf(received(), "RELOADING=1\nMONOTONIC_USEC=%lld\n", &usec), 1);
	ck_assert_int_ge(usec, before.tv_sec * 1000000LL + before.tv_nsec / 1000);
	ck_assert_int_le(usec, after.tv_sec * 1000000LL + after.tv_nsec / 1000);
}
END_TEST

START_TEST(test_long_text_is_cut)
{
	char text[6000];

	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	listen_as(0);
	notify_open(&notify);
	notify_send(&notify, "STATUS=%s", text);
	ck_assert_uint_eq(strlen(received()), 4095);
}
END_TEST

static const char *const no_sockets[] = { NULL, "", "relative", "@", "/" };

START_TEST(test_is_silent_without_a_manager)
{
	if (no_sockets[_i] == NULL)
		unsetenv("NOTIFY_SOCKET");
	else
		setenv("NOTIFY_SOCKET", no_sockets[_i], 1);
	setenv("WATCHDOG_USEC", "1000000", 1);
	notify_open(&notify);
	ck_assert_int_eq(notify.fd, -1);
	ck_assert_uint_eq(notify.watchdog_ms, 0);
	notify_send(&notify, "READY=1");
}
END_TEST

START_TEST(test_a_dead_manager_is_no_trouble)
{
	listen_as(0);
	notify_open(&notify);
	close(manager);
	manager = -1;
	notify_send(&notify, "READY=1");
}
END_TEST

static const struct {
	const char *usec, *pid; /* "self" */
	uint64_t ms;
} watchdogs[] = {
	{ "30000000", NULL, 30000 },
	{ "30000000", "self", 30000 },
	{ "30000000", "1", 0 },
	{ "500", NULL, 1 },
	{ "0", NULL, 0 },
	{ "soon", NULL, 0 },
	{ NULL, NULL, 0 },
};

START_TEST(test_watchdog)
{
	char pid[16];

	listen_as(0);
	if (watchdogs[_i].usec != NULL)
		setenv("WATCHDOG_USEC", watchdogs[_i].usec, 1);
	snprintf(pid, sizeof pid, "%d", (int)getpid());
	if (watchdogs[_i].pid != NULL)
		setenv("WATCHDOG_PID",
		    strcmp(watchdogs[_i].pid, "self") == 0 ? pid : watchdogs[_i].pid, 1);
	notify_open(&notify);
	ck_assert_uint_eq(notify.watchdog_ms, watchdogs[_i].ms);
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("notify");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test_sends_one_datagram, 0, 2);
	tcase_add_test(tcase, test_reloading_tells_the_time);
	tcase_add_test(tcase, test_long_text_is_cut);
	tcase_add_loop_test(tcase, test_is_silent_without_a_manager, 0,
	    (int)(sizeof no_sockets / sizeof *no_sockets));
	tcase_add_test(tcase, test_a_dead_manager_is_no_trouble);
	tcase_add_loop_test(tcase, test_watchdog, 0, (int)(sizeof watchdogs / sizeof *watchdogs));
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("notify")
