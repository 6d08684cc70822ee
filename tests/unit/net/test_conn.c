/* SPDX-License-Identifier: ISC */
/* Tests of src/net/conn.c and its steps on plain sockets; test_conn_tls.c has those with TLS. */
#include "net/conn.h"

#include <errno.h>
#include <event2/buffer.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "loop.h"
#include "unit.h"

/* What an owner does when it is called. */
enum reaction { KEEP, TAKE, ANSWER, FREE, CLOSE, PAUSE };

struct owner {
	struct conn *conn;
	enum reaction on_input, on_drain, on_end;
	struct str taken;
	int inputs, drains, ended;
	enum conn_end how;
	char why[100];
};

static struct event_base *base;
static int fds[2]; /* [0] belongs to the connection, [1] is the peer */
static struct owner owner;

static void
react(struct owner *o, enum reaction reaction)
{
	char buf[4096];
	int n;

	switch (reaction) {
	case KEEP:
		break;
	case ANSWER:
		evbuffer_add(conn_output(o->conn), "250 ok\r\n", 8);
		/* FALLTHROUGH */
	case TAKE:
		while ((n = evbuffer_remove(conn_input(o->conn), buf, sizeof buf)) > 0)
			str_add(&o->taken, buf, (size_t)n);
		break;
	case FREE:
		conn_free(&o->conn);
		break;
	case CLOSE:
		evbuffer_add(conn_output(o->conn), "221 bye\r\n", 9);
		conn_close(&o->conn, 2000);
		break;
	case PAUSE:
		conn_pause(o->conn);
		break;
	}
}

static void
on_input(void *ctx)
{
	struct owner *o = ctx;

	o->inputs++;
	react(o, o->on_input);
}

static void
on_drain(void *ctx)
{
	struct owner *o = ctx;

	o->drains++;
	react(o, o->on_drain);
}

static void
on_end(void *ctx, enum conn_end how, const char *why)
{
	struct owner *o = ctx;

	o->ended++;
	o->how = how;
	react(o, o->on_end);
	/* Also after the connection was freed. */
	snprintf(o->why, sizeof o->why, "%s", why);
}

static const struct conn_events events = {
	.on_input = on_input,
	.on_drain = on_drain,
	.on_end = on_end,
};

static void
begin(void (*make_pair)(int fds[2]))
{
	base = loop_new();
	make_pair(fds);
	memset(&owner, 0, sizeof owner);
	owner.on_input = TAKE;
	owner.conn = conn_new(base, fds[0], &events, &owner);
	ck_assert_ptr_nonnull(owner.conn);
}

static void
set_up(void)
{
	begin(pair_unix);
}

static void
set_up_tcp(void)
{
	begin(pair_tcp);
}

static void
tear_down(void)
{
	conn_free(&owner.conn);
	if (fds[1] >= 0)
		close(fds[1]);
	/* Lingering connections, if any, see their peer leave. */
	event_base_dispatch(base);
	event_base_free(base);
	str_free(&owner.taken);
}

static void
peer_writes(const char *text)
{
	ck_assert_int_eq(write(fds[1], text, strlen(text)), (ssize_t)strlen(text));
}

static void
peer_leaves(void)
{
	close(fds[1]);
	fds[1] = -1;
}

/* Read what has arrived at the peer by now. */
static const char *
peer_reads(void)
{
	static char buf[4096];
	ssize_t n = read(fds[1], buf, sizeof buf - 1);

	buf[n > 0 ? n : 0] = '\0';
	return buf;
}

/* Make the socket full: write until it takes no more, and more than CONN_LOW_WATER beyond. */
static size_t
fill_up(void)
{
	static const char block[64 * 1024];
	size_t total = 0;

	do {
		evbuffer_add(conn_output(owner.conn), block, sizeof block);
		total += sizeof block;
		conn_flush(owner.conn);
	} while (evbuffer_get_length(conn_output(owner.conn)) < 2 * CONN_LOW_WATER);
	return total;
}

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

static const struct {
	const char *input;
	size_t len;
	enum conn_line result;
	const char *line;
	size_t line_len;
	bool bare_lf;
} lines[] = {
	{ "NOOP\r\n", 6, CONN_LINE_OK, "NOOP", 4, false },
	{ "NOOP\n", 5, CONN_LINE_OK, "NOOP", 4, true },
	{ "\r\n", 2, CONN_LINE_OK, "", 0, false },
	{ "\n", 1, CONN_LINE_OK, "", 0, true },
	{ "a\rb\r\n", 5, CONN_LINE_OK, "a\rb", 3, false },
	{ "a\0b\r\n", 5, CONN_LINE_OK, "a", 3, false },
	{ "\r\r\n", 3, CONN_LINE_OK, "\r", 1, false },
	{ "NOOP", 4, CONN_LINE_NONE, NULL, 0, false },
	{ "NOOP\r", 5, CONN_LINE_NONE, NULL, 0, false },
	{ "12345678\r\n", 10, CONN_LINE_OK, "12345678", 8, false },
	{ "123456789\n", 10, CONN_LINE_OK, "123456789", 9, true },
	{ "1234567890\n", 11, CONN_LINE_TOO_LONG, NULL, 0, false },
	{ "1234567890", 10, CONN_LINE_TOO_LONG, NULL, 0, false },
	{ "123456789", 9, CONN_LINE_NONE, NULL, 0, false },
};

/* A buffer of 11 takes lines of up to 10 octets with their line end. */
START_TEST(test_reads_a_line)
{
	char buf[11];
	size_t len = 99;
	bool bare_lf = false;

	evbuffer_add(conn_input(owner.conn), lines[_i].input, lines[_i].len);
	ck_assert_int_eq(
	    conn_read_line(owner.conn, buf, sizeof buf, &len, &bare_lf), lines[_i].result);
	if (lines[_i].result != CONN_LINE_OK) {
		ck_assert_uint_eq(evbuffer_get_length(conn_input(owner.conn)), lines[_i].len);
		return;
	}
	ck_assert_str_eq(buf, lines[_i].line);
	ck_assert_uint_eq(len, lines[_i].line_len);
	ck_assert(bare_lf == lines[_i].bare_lf);
	ck_assert_uint_eq(evbuffer_get_length(conn_input(owner.conn)), 0);
}
END_TEST

START_TEST(test_reads_lines_octet_by_octet)
{
	static const char text[] = "EHLO a\r\nNOOP\r\n";
	char buf[64];
	size_t len;
	bool bare_lf;
	int found = 0;

	owner.on_input = KEEP;
	for (size_t i = 0; text[i] != '\0'; i++) {
		ck_assert_int_eq(write(fds[1], &text[i], 1), 1);
		owner.inputs = 0;
		loop_until(base, &owner.inputs);
		bool complete = text[i] == '\n';
		ck_assert_int_eq(conn_read_line(owner.conn, buf, sizeof buf, &len, &bare_lf),
		    complete ? CONN_LINE_OK : CONN_LINE_NONE);
		if (complete)
			ck_assert_str_eq(buf, found++ == 0 ? "EHLO a" : "NOOP");
	}
	ck_assert_int_eq(found, 2);
}
END_TEST

START_TEST(test_reads_lines_after_other_input_was_taken)
{
	char buf[64];
	size_t len;
	bool bare_lf;

	evbuffer_add(conn_input(owner.conn), "12345", 5);
	ck_assert_int_eq(
	    conn_read_line(owner.conn, buf, sizeof buf, &len, &bare_lf), CONN_LINE_NONE);
	evbuffer_drain(conn_input(owner.conn), 5);
	evbuffer_add(conn_input(owner.conn), "a\r\nbcdefgh", 10);
	ck_assert_int_eq(conn_read_line(owner.conn, buf, sizeof buf, &len, &bare_lf), CONN_LINE_OK);
	ck_assert_str_eq(buf, "a");
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
	tcase_add_test(tcase, test_may_be_freed_when_drained);
	tcase_add_test(tcase, test_bounds_the_input_and_goes_on);
	tcase_add_test(tcase, test_pause_holds_input_back);
	tcase_add_test(tcase, test_resume_gives_old_input_again);
	tcase_add_test(tcase, test_eof_comes_after_the_input);
	tcase_add_test(tcase, test_eof_waits_while_paused);
	tcase_add_test(tcase, test_output_still_leaves_after_a_half_close);
	tcase_add_test(tcase, test_last_words_are_read_before_a_failed_write_is_told);
	tcase_add_test(tcase, test_deadline_is_not_moved_by_input);
	tcase_add_test(tcase, test_deadline_moves_when_set_anew);
	tcase_add_test(tcase, test_no_deadline_after_zero);
	tcase_add_test(tcase, test_deadline_ends_a_paused_connection);
	tcase_add_test(tcase, test_says_goodbye_at_the_deadline);
	tcase_add_test(tcase, test_may_be_freed_on_input);
	tcase_add_test(tcase, test_may_be_freed_on_end);
	tcase_add_test(tcase, test_close_on_input_delivers_the_last_reply_past_unread_input);
	tcase_add_test(tcase, test_lingering_ends);
	tcase_add_test(tcase, test_close_writes_what_waits);
	suite_add_tcase(suite, tcase);
}

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("lines");

	add_socket_cases(suite, "unix", set_up);
	add_socket_cases(suite, "tcp", set_up_tcp);
	tcase_add_checked_fixture(tcase, set_up_tcp, tear_down);
	tcase_add_loop_test(tcase, test_reads_a_line, 0, (int)(sizeof lines / sizeof *lines));
	tcase_add_test(tcase, test_reads_lines_octet_by_octet);
	tcase_add_test(tcase, test_reads_lines_after_other_input_was_taken);
	tcase_add_test(tcase, test_reset_is_an_error);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("conn")
