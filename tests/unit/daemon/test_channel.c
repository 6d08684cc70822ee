/* SPDX-License-Identifier: ISC */
/* Tests of src/daemon/channel.c. */
#include "daemon/channel.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "unit.h"

static int fds[2];
static struct channel_message message;

static void
set_up(void)
{
	ck_assert_int_eq(channel_pair(fds), 0);
}

static void
tear_down(void)
{
	close(fds[0]);
	close(fds[1]);
}

START_TEST(test_carries_messages_apart)
{
	ck_assert_int_eq(channel_send(fds[0], CHANNEL_RELOADED, 0, "why"), 0);
	ck_assert_int_eq(channel_send(fds[0], CHANNEL_STOP, 10000, ""), 0);
	ck_assert_int_eq(channel_receive(fds[1], &message), CHANNEL_MESSAGE);
	ck_assert_uint_eq(message.type, CHANNEL_RELOADED);
	ck_assert_str_eq(message.text, "why");
	ck_assert_int_eq(channel_receive(fds[1], &message), CHANNEL_MESSAGE);
	ck_assert_uint_eq(message.type, CHANNEL_STOP);
	ck_assert_uint_eq(message.ms, 10000);
	ck_assert_str_eq(message.text, "");
	ck_assert_int_eq(channel_receive(fds[1], &message), CHANNEL_EMPTY);
}
END_TEST

START_TEST(test_cuts_long_text)
{
	static char text[2 * CHANNEL_TEXT_MAX];

	memset(text, 'x', sizeof text - 1);
	ck_assert_int_eq(channel_send(fds[0], CHANNEL_RELOADED, 0, text), 0);
	ck_assert_int_eq(channel_receive(fds[1], &message), CHANNEL_MESSAGE);
	ck_assert_uint_eq(strlen(message.text), CHANNEL_TEXT_MAX);
}
END_TEST

START_TEST(test_tells_that_the_other_is_gone)
{
	shutdown(fds[0], SHUT_RDWR);
	ck_assert_int_eq(channel_receive(fds[1], &message), CHANNEL_CLOSED);
	ck_assert_int_eq(channel_send(fds[1], CHANNEL_HEARTBEAT, 0, ""), -1);
}
END_TEST

START_TEST(test_does_not_block_when_nobody_reads)
{
	int sent = 0;

	while (sent < 1000000 && channel_send(fds[0], CHANNEL_HEARTBEAT, 0, "") == 0)
		sent++;
	ck_assert_int_lt(sent, 1000000);
}
END_TEST

static const struct {
	uint32_t words[2];
	size_t len;
} nonsense[] = {
	{ { 0, 0 }, 8 },
	{ { CHANNEL_TYPES, 0 }, 8 },
	{ { UINT32_MAX, 0 }, 8 },
	{ { CHANNEL_READY, 0 }, 4 },
	{ { CHANNEL_READY, 0 }, 7 },
};

START_TEST(test_nonsense_closes)
{
	ck_assert_int_ge(send(fds[0], nonsense[_i].words, nonsense[_i].len, 0), 0);
	ck_assert_int_eq(channel_receive(fds[1], &message), CHANNEL_CLOSED);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("channel");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, test_carries_messages_apart);
	tcase_add_test(tcase, test_cuts_long_text);
	tcase_add_test(tcase, test_tells_that_the_other_is_gone);
	tcase_add_test(tcase, test_does_not_block_when_nobody_reads);
	tcase_add_loop_test(
	    tcase, test_nonsense_closes, 0, (int)(sizeof nonsense / sizeof *nonsense));
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("channel")
