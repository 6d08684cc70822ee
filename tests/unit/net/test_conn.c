/* SPDX-License-Identifier: ISC */
/* Tests of src/net/conn.c and its steps on plain sockets; test_conn_tls.c has those with TLS. */
#include <errno.h>
#include <event2/buffer.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "loop.h"
#include "owner.h"
#include "unit.h"

START_TEST(test_gives_input)
{
	peer_writes("EHLO a\r\n");
	loop_until(base, &owner.inputs);
	ck_assert_str_eq(owner.taken.data, "EHLO a\r\n");
}
END_TEST

START_TEST(test_output_leaves_when_the_callback_returns)
{
	owner.on_input = ANSWER;
	peer_writes("NOOP\r\n");
	/* One turn of the loop, which waits for the input. */
	event_base_loop(base, EVLOOP_ONCE);
	ck_assert_str_eq(peer_reads(), "250 ok\r\n");
}
END_TEST

START_TEST(test_flush_writes_at_once)
{
	evbuffer_add(conn_output(owner.conn), "220 hi\r\n", 8);
	conn_flush(owner.conn);
	ck_assert_str_eq(peer_reads(), "220 hi\r\n");
}
END_TEST

START_TEST(test_drains_and_says_so_once)
{
	char buf[16384];
	size_t total = fill_up();
	ssize_t n;

	for (size_t seen = 0; seen < total; seen += (size_t)n) {
		n = read(fds[1], buf, sizeof buf);
		if (n < 0 && errno == EAGAIN) {
			event_base_loop(base, EVLOOP_ONCE);
			n = 0;
		}
		ck_assert_int_ge(n, 0);
	}
	loop_until(base, &owner.drains);
	loop_for(base, 10);
	ck_assert_int_eq(owner.drains, 1);
	ck_assert_uint_eq(evbuffer_get_length(conn_output(owner.conn)), 0);
}
END_TEST

START_TEST(test_says_drained_when_one_flush_took_it_all)
{
	static const char block[CONN_LOW_WATER + 1];

	evbuffer_add(conn_output(owner.conn), block, sizeof block);
	conn_flush(owner.conn);
	ck_assert_int_eq(owner.drains, 0);
	loop_until(base, &owner.drains);
}
END_TEST

static void
on_other_socket(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	ck_assert_int_eq(owner.drains, 0);
	*(bool *)arg = true;
}

/* In a callback of the loop: the output leaves at once, and meanwhile another peer writes. */
static void
on_write_out(evutil_socket_t fd, short what, void *arg)
{
	static const char block[CONN_LOW_WATER + 1];

	(void)what;
	(void)arg;
	evbuffer_add(conn_output(owner.conn), block, sizeof block);
	conn_flush(owner.conn);
	ck_assert_int_eq(write((int)fd, "x", 1), 1);
}

/* Who writes as fast as its peer reads would keep all others waiting. */
START_TEST(test_looks_at_other_sockets_before_it_says_drained)
{
	int others[2];
	bool was_seen = false;

	ck_assert_int_eq(pipe(others), 0);

	struct event *other = event_new(base, others[0], EV_READ, on_other_socket, &was_seen);
	struct event *begin = event_new(base, others[1], EV_WRITE, on_write_out, NULL);

	event_add(other, NULL);
	event_add(begin, NULL);
	loop_until(base, &owner.drains);
	ck_assert(was_seen);
	event_free(other);
	event_free(begin);
	close(others[0]);
	close(others[1]);
}
END_TEST

START_TEST(test_says_drained_when_asked_to)
{
	conn_drain_soon(owner.conn);
	ck_assert_int_eq(owner.drains, 0);
	loop_until(base, &owner.drains);
	loop_for(base, 10);
	ck_assert_int_eq(owner.drains, 1);
}
END_TEST

START_TEST(test_may_be_freed_when_drained)
{
	char buf[16384];

	owner.on_drain = FREE;
	fill_up();
	while (owner.drains == 0) {
		if (read(fds[1], buf, sizeof buf) < 0)
			event_base_loop(base, EVLOOP_ONCE);
	}
	ck_assert_ptr_null(owner.conn);
}
END_TEST

static bool
is_full(void *arg)
{
	(void)arg;
	return evbuffer_get_length(conn_input(owner.conn)) >= CONN_INPUT_MAX;
}

START_TEST(test_bounds_the_input_and_goes_on)
{
	static char block[1024 * 1024];
	size_t sent = 0;

	owner.on_input = KEEP;
	while (!is_full(NULL)) {
		ssize_t n = write(fds[1], block, sizeof block);
		sent += n > 0 ? (size_t)n : 0;
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	loop_for(base, 20);
	ck_assert_uint_le(evbuffer_get_length(conn_input(owner.conn)), 2 * CONN_INPUT_MAX);

	owner.on_input = TAKE;
	evbuffer_drain(conn_input(owner.conn), CONN_INPUT_MAX);
	sent -= CONN_INPUT_MAX;
	while (write(fds[1], "!", 1) != 1)
		event_base_loop(base, EVLOOP_ONCE);
	sent += 1;
	while (owner.taken.len < sent)
		event_base_loop(base, EVLOOP_ONCE);
	ck_assert_uint_eq(owner.taken.len, sent);
}
END_TEST

START_TEST(test_pause_holds_input_back)
{
	conn_pause(owner.conn);
	peer_writes("a");
	loop_for(base, 20);
	ck_assert_int_eq(owner.inputs, 0);
	conn_resume(owner.conn);
	ck_assert_int_eq(owner.inputs, 0);
	loop_until(base, &owner.inputs);
	ck_assert_str_eq(owner.taken.data, "a");
}
END_TEST

START_TEST(test_resume_gives_old_input_again)
{
	owner.on_input = PAUSE;
	peer_writes("a");
	loop_until(base, &owner.inputs);
	owner.on_input = TAKE;
	conn_resume(owner.conn);
	ck_assert_int_eq(owner.inputs, 1);
	loop_for(base, 5);
	ck_assert_int_eq(owner.inputs, 2);
	ck_assert_str_eq(owner.taken.data, "a");
}
END_TEST

START_TEST(test_eof_comes_after_the_input)
{
	peer_writes("QUIT\r\n");
	peer_leaves();
	loop_until(base, &owner.ended);
	ck_assert_int_eq(owner.how, CONN_END_EOF);
	ck_assert_str_eq(owner.taken.data, "QUIT\r\n");
	loop_for(base, 5);
	ck_assert_int_eq(owner.ended, 1);
}
END_TEST

START_TEST(test_eof_waits_while_paused)
{
	owner.on_input = PAUSE;
	peer_writes("a");
	loop_until(base, &owner.inputs);
	peer_leaves();
	loop_for(base, 20);
	ck_assert_int_eq(owner.ended, 0);
	owner.on_input = TAKE;
	conn_resume(owner.conn);
	loop_until(base, &owner.ended);
	ck_assert_str_eq(owner.taken.data, "a");
}
END_TEST

START_TEST(test_output_still_leaves_after_a_half_close)
{
	owner.on_end = CLOSE;
	shutdown(fds[1], SHUT_WR);
	loop_until(base, &owner.ended);
	ck_assert_str_eq(peer_reads(), "221 bye\r\n");
}
END_TEST

START_TEST(test_last_words_are_read_before_a_failed_write_is_told)
{
	peer_writes("421 too many\r\n");
	peer_leaves();
	evbuffer_add(conn_output(owner.conn), "MAIL\r\n", 6);
	conn_flush(owner.conn);
	ck_assert_int_eq(owner.ended, 0);
	loop_until(base, &owner.ended);
	ck_assert_str_eq(owner.taken.data, "421 too many\r\n");
}
END_TEST

START_TEST(test_output_after_a_failed_write_is_dropped)
{
	static const char block[CONN_LOW_WATER];

	conn_pause(owner.conn);
	shutdown(fds[1], SHUT_RD);
	for (int i = 0; i < 2; i++) {
		evbuffer_add(conn_output(owner.conn), block, sizeof block);
		conn_flush(owner.conn);
		ck_assert_uint_eq(evbuffer_get_length(conn_output(owner.conn)), 0);
	}
}
END_TEST

START_TEST(test_reset_is_an_error)
{
	struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
	peer_leaves();
	loop_until(base, &owner.ended);
	ck_assert_int_eq(owner.how, CONN_END_ERROR);
	ck_assert_str_eq(owner.why, "Connection reset by peer");
}
END_TEST

START_TEST(test_deadline_is_not_moved_by_input)
{
	int64_t begin_ms = clock_mono_ms();

	conn_set_deadline(owner.conn, 60);
	while (owner.ended == 0) {
		peer_writes("x");
		event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		poll(NULL, 0, 1);
	}
	ck_assert_int_eq(owner.how, CONN_END_DEADLINE);
	ck_assert_int_ge(clock_mono_ms() - begin_ms, 60);
	ck_assert_int_lt(clock_mono_ms() - begin_ms, 5000);
}
END_TEST

START_TEST(test_deadline_moves_when_set_anew)
{
	conn_set_deadline(owner.conn, 20);
	conn_set_deadline(owner.conn, 60000);
	loop_for(base, 40);
	ck_assert_int_eq(owner.ended, 0);
	conn_set_deadline(owner.conn, 10);
	loop_until(base, &owner.ended);
}
END_TEST

START_TEST(test_no_deadline_after_zero)
{
	conn_set_deadline(owner.conn, 10);
	conn_set_deadline(owner.conn, 0);
	loop_for(base, 40);
	ck_assert_int_eq(owner.ended, 0);
}
END_TEST

START_TEST(test_deadline_ends_a_paused_connection)
{
	conn_pause(owner.conn);
	conn_set_deadline(owner.conn, 10);
	loop_until(base, &owner.ended);
	ck_assert_int_eq(owner.how, CONN_END_DEADLINE);
}
END_TEST

START_TEST(test_says_goodbye_at_the_deadline)
{
	owner.on_end = CLOSE;
	conn_set_deadline(owner.conn, 10);
	loop_until(base, &owner.ended);
	ck_assert_str_eq(peer_reads(), "221 bye\r\n");
}
END_TEST

START_TEST(test_may_be_freed_on_input)
{
	owner.on_input = FREE;
	peer_writes("a");
	loop_until(base, &owner.inputs);
	ck_assert_ptr_null(owner.conn);
	ck_assert_int_eq(read(fds[1], (char[1]){ 0 }, 1), 0);
}
END_TEST

START_TEST(test_may_be_freed_on_end)
{
	owner.on_end = FREE;
	peer_leaves();
	loop_until(base, &owner.ended);
	ck_assert_str_eq(owner.why, "the peer closed the connection");
}
END_TEST

/* Everything that a kind of socket could matter for, over both kinds. */
static void
add_socket_cases(Suite *suite, const char *name, void (*set)(void))
{
	TCase *tcase = tcase_create(name);

	tcase_add_checked_fixture(tcase, set, tear_down);
	tcase_set_timeout(tcase, 20);
	tcase_add_test(tcase, test_gives_input);
	tcase_add_test(tcase, test_output_leaves_when_the_callback_returns);
	tcase_add_test(tcase, test_flush_writes_at_once);
	tcase_add_test(tcase, test_drains_and_says_so_once);
	tcase_add_test(tcase, test_says_drained_when_one_flush_took_it_all);
	tcase_add_test(tcase, test_looks_at_other_sockets_before_it_says_drained);
	tcase_add_test(tcase, test_says_drained_when_asked_to);
	tcase_add_test(tcase, test_may_be_freed_when_drained);
	tcase_add_test(tcase, test_bounds_the_input_and_goes_on);
	tcase_add_test(tcase, test_pause_holds_input_back);
	tcase_add_test(tcase, test_resume_gives_old_input_again);
	tcase_add_test(tcase, test_eof_comes_after_the_input);
	tcase_add_test(tcase, test_eof_waits_while_paused);
	tcase_add_test(tcase, test_output_still_leaves_after_a_half_close);
	tcase_add_test(tcase, test_last_words_are_read_before_a_failed_write_is_told);
	tcase_add_test(tcase, test_output_after_a_failed_write_is_dropped);
	tcase_add_test(tcase, test_deadline_is_not_moved_by_input);
	tcase_add_test(tcase, test_deadline_moves_when_set_anew);
	tcase_add_test(tcase, test_no_deadline_after_zero);
	tcase_add_test(tcase, test_deadline_ends_a_paused_connection);
	tcase_add_test(tcase, test_says_goodbye_at_the_deadline);
	tcase_add_test(tcase, test_may_be_freed_on_input);
	tcase_add_test(tcase, test_may_be_freed_on_end);
	suite_add_tcase(suite, tcase);
}

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("tcp only");

	add_socket_cases(suite, "unix", set_up_unix);
	add_socket_cases(suite, "tcp", set_up_tcp);
	tcase_add_checked_fixture(tcase, set_up_tcp, tear_down);
	tcase_add_test(tcase, test_reset_is_an_error);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("conn")
