/* SPDX-License-Identifier: ISC */
/* Tests of src/net/conn_line.c: lines out of the input, whole or octet by octet. */
#include <event2/buffer.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "net/conn.h"
#include "unit.h"

static struct event_base *base;
static int fds[2]; /* [0] belongs to the connection, [1] is the peer */
static struct conn *conn;
static int inputs;

static void
on_input(void *ctx)
{
	(void)ctx;
	inputs++;
}

static void
on_end(void *ctx, enum conn_end how, const char *why)
{
	(void)ctx;
	(void)how;
	(void)why;
}

static const struct conn_events events = { .on_input = on_input, .on_end = on_end };

static void
set_up(void)
{
	base = loop_new();
	pair_unix(fds);
	conn = conn_new(base, fds[0], &events, NULL);
	ck_assert_ptr_nonnull(conn);
}

static void
tear_down(void)
{
	conn_free(&conn);
	close(fds[1]);
	event_base_free(base);
}

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

	evbuffer_add(conn_input(conn), lines[_i].input, lines[_i].len);
	ck_assert_int_eq(conn_read_line(conn, buf, sizeof buf, &len, &bare_lf), lines[_i].result);
	if (lines[_i].result != CONN_LINE_OK) {
		ck_assert_uint_eq(evbuffer_get_length(conn_input(conn)), lines[_i].len);
		return;
	}
	ck_assert_str_eq(buf, lines[_i].line);
	ck_assert_uint_eq(len, lines[_i].line_len);
	ck_assert(bare_lf == lines[_i].bare_lf);
	ck_assert_uint_eq(evbuffer_get_length(conn_input(conn)), 0);
}
END_TEST

START_TEST(test_reads_lines_octet_by_octet)
{
	static const char text[] = "EHLO a\r\nNOOP\r\n";
	char buf[64];
	size_t len;
	bool bare_lf;
	int found = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		ck_assert_int_eq(write(fds[1], &text[i], 1), 1);
		inputs = 0;
		loop_until(base, &inputs);
		bool complete = text[i] == '\n';
		ck_assert_int_eq(conn_read_line(conn, buf, sizeof buf, &len, &bare_lf),
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

	evbuffer_add(conn_input(conn), "12345", 5);
	ck_assert_int_eq(conn_read_line(conn, buf, sizeof buf, &len, &bare_lf), CONN_LINE_NONE);
	evbuffer_drain(conn_input(conn), 5);
	evbuffer_add(conn_input(conn), "a\r\nbcdefgh", 10);
	ck_assert_int_eq(conn_read_line(conn, buf, sizeof buf, &len, &bare_lf), CONN_LINE_OK);
	ck_assert_str_eq(buf, "a");
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("line");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_loop_test(tcase, test_reads_a_line, 0, (int)(sizeof lines / sizeof *lines));
	tcase_add_test(tcase, test_reads_lines_octet_by_octet);
	tcase_add_test(tcase, test_reads_lines_after_other_input_was_taken);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("conn_line")
