/* SPDX-License-Identifier: ISC */
/* Tests of src/net/conn_linger.c: what conn_close() still does. */
#include <errno.h>
#include <event2/buffer.h>
#include <unistd.h>

#include "loop.h"
#include "owner.h"
#include "unit.h"

START_TEST(test_close_on_input_delivers_the_last_reply_past_unread_input)
{
	char buf[64] = "";

	owner.on_input = CLOSE;
	peer_writes("QUIT\r\n");
	loop_until(base, &owner.inputs);
	/* Over TCP this would draw a reset, were the connection closed already. */
	peer_writes("more\r\n");
	loop_for(base, 20);
	ck_assert_int_eq(read(fds[1], buf, sizeof buf), 9);
	ck_assert_str_eq(buf, "221 bye\r\n");
	ck_assert_int_eq(read(fds[1], buf, sizeof buf), 0);
}
END_TEST

static bool
peer_is_reset(void *arg)
{
	(void)arg;
	return write(fds[1], "x", 1) < 0 && (errno == EPIPE || errno == ECONNRESET);
}

START_TEST(test_lingering_ends)
{
	conn_close(&owner.conn, 20);
	loop_until_so(base, peer_is_reset, NULL, "the connection is closed");
}
END_TEST

START_TEST(test_close_writes_what_waits)
{
	char buf[16384];
	size_t total = fill_up(), seen = 0;
	ssize_t n;

	conn_close(&owner.conn, 5000);
	while ((n = read(fds[1], buf, sizeof buf)) != 0) {
		if (n > 0)
			seen += (size_t)n;
		else
			event_base_loop(base, EVLOOP_ONCE);
	}
	ck_assert_uint_eq(seen, total);
}
END_TEST

static void
add_socket_cases(Suite *suite, const char *name, void (*set_up)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, test_close_on_input_delivers_the_last_reply_past_unread_input);
	tcase_add_test(tcase, test_lingering_ends);
	tcase_add_test(tcase, test_close_writes_what_waits);
	suite_add_tcase(suite, tcase);
}

static void
add_cases(Suite *suite)
{
	add_socket_cases(suite, "unix", set_up_unix);
	add_socket_cases(suite, "tcp", set_up_tcp);
}

UNIT_MAIN("conn_linger")
