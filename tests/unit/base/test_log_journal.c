/* SPDX-License-Identifier: ISC */
/* test_log_journal.c - the datagrams that journald reads. */
#include "base/log_journal.h"

#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "unit.h"

/* Find a field in a datagram as journald does; -1 if it is not there, and fails on a malformed one.
 */
static long
find(const char *data, size_t len, const char *name, char *value)
{
	const char *end = data + len;
	long found = -1;

	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		uint64_t size;

		ck_assert_ptr_nonnull(newline);
		ck_assert_int_ge(end - newline, 10);
		memcpy(&size, newline + 1, sizeof size);
		size = le64toh(size);
		ck_assert_uint_le(size, (uint64_t)(end - newline) - 10);
		ck_assert_int_eq(newline[9 + size], '\n');
		if ((size_t)(newline - data) == strlen(name) &&
		    memcmp(data, name, strlen(name)) == 0) {
			ck_assert_int_eq(found, -1);
			memcpy(value, newline + 9, size);
			value[size] = '\0';
			found = (long)size;
		}
		data = newline + 10 + size;
	}
	return found;
}

static void
expect(const char *data, size_t len, const char *name, const char *want)
{
	char value[LOG_LINE_SIZE + 1];

	ck_assert_msg(find(data, len, name, value) >= 0, "no %s", name);
	ck_assert_str_eq(value, want);
}

START_TEST(fields_arrive_whole)
{
	const struct log_field fields[] = { log_s("from", "a\nMESSAGE=forged"), log_d("size", 7),
		log_s("odd-key", ""), { .key = NULL } };
	const struct log_event event = { .level = LOG_LEVEL_WARNING,
		.process = "listener",
		.event = "accepted",
		.fields = fields };
	static char data[LOG_JOURNAL_SIZE];
	size_t len = log_journal_datagram(&event, 4, data);

	expect(data, len, "PRIORITY", "4");
	expect(data, len, "SYSLOG_IDENTIFIER", "postern");
	expect(data, len, "MESSAGE",
	    "listener event=accepted from=\"a\\x0aMESSAGE=forged\" size=7 odd-key=\"\"");
	expect(data, len, "POSTERN_PROCESS", "listener");
	expect(data, len, "POSTERN_EVENT", "accepted");
	expect(data, len, "POSTERN_FROM", "a\nMESSAGE=forged");
	expect(data, len, "POSTERN_SIZE", "7");
	expect(data, len, "POSTERN_ODD_KEY", "");
}
END_TEST

START_TEST(a_datagram_is_bounded)
{
	static char value[3 * LOG_LINE_SIZE], data[LOG_JOURNAL_SIZE];
	struct log_field fields[21] = { { .key = NULL } };
	char cut[LOG_LINE_SIZE + 1];

	memset(value, 'v', sizeof value - 1);
	for (size_t i = 0; i < 20; i++)
		fields[i] = log_s(i == 0 ? "first" : "more", value);

	const struct log_event event = { .process = "p", .event = "e", .fields = fields };
	struct log_event one = event;

	ck_assert_uint_le(log_journal_datagram(&event, 3, data), LOG_JOURNAL_SIZE);
	fields[1].key = NULL;

	size_t len = log_journal_datagram(&one, 3, data);

	ck_assert_int_eq(find(data, len, "POSTERN_FIRST", cut), LOG_VALUE_MAX);
	ck_assert_str_eq(cut + LOG_VALUE_MAX - 4, "v...");
}
END_TEST

START_TEST(connects_or_says_so)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char dir[] = "/tmp/test_log_journal.XXXXXX", got[8];

	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(un.sun_path, sizeof un.sun_path, "%s/socket", dir);
	ck_assert_int_eq(log_journal_connect(un.sun_path), -1);

	int server = socket(AF_UNIX, SOCK_DGRAM, 0);

	ck_assert_int_eq(bind(server, (const void *)&un, sizeof un), 0);

	int client = log_journal_connect(un.sun_path);

	ck_assert_int_ge(client, 0);
	ck_assert_int_eq(send(client, "hi", 2, 0), 2);
	ck_assert_int_eq(recv(server, got, sizeof got, 0), 2);
	close(client);
	close(server);
	unlink(un.sun_path);
	rmdir(dir);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(
	    suite, "journal", fields_arrive_whole, a_datagram_is_bounded, connects_or_says_so);
}

UNIT_MAIN("base/log_journal")
