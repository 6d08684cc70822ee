/* SPDX-License-Identifier: ISC */
/* Tests of src/net/names.c: what is remembered, for how long, and what a file may look like. */
#include "net/names.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/sockaddr.h"
#include "unit.h"

enum { HOUR_MS = 3600 * 1000, MINUTE_MS = 60 * 1000 };

static const int64_t now_ms = INT64_C(1764316800000);
static char folder[40], path[64], new_path[64];
static int dir;
static struct names *names;

static void
set_up(void)
{
	snprintf(folder, sizeof folder, "/tmp/postern-names-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(folder));
	snprintf(path, sizeof path, "%s/names", folder);
	snprintf(new_path, sizeof new_path, "%s/names.new", folder);
	dir = open(folder, O_RDONLY | O_DIRECTORY);
	names = names_open(dir);
	ck_assert_ptr_nonnull(names);
}

static void
tear_down(void)
{
	names_free(&names);
	close(dir);
	unlink(path);
	rmdir(new_path);
	ck_assert_int_eq(rmdir(folder), 0);
}

static void
restart(void)
{
	names_free(&names);
	names = names_open(dir);
	ck_assert_ptr_nonnull(names);
}

static void
write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	ck_assert_int_ge(fputs(text, file), 0);
	fclose(file);
}

/* What is in the file; "" without one. */
static const char *
read_file(void)
{
	static char text[4096];
	FILE *file = fopen(path, "r");
	size_t len = file == NULL ? 0 : fread(text, 1, sizeof text - 1, file);

	text[len] = '\0';
	if (file != NULL)
		fclose(file);
	return text;
}

/* Learn addresses that stand in a text with spaces between. */
static void
learn(const char *host, const char *text, int64_t at_ms)
{
	struct sockaddr_storage address[NAMES_ADDRESSES_MAX] = { 0 };
	char copy[256], *at = copy, *word;
	size_t count = 0;

	snprintf(copy, sizeof copy, "%s", text);
	while ((word = strsep(&at, " ")) != NULL) {
		struct sockaddr_in *in = (void *)&address[count];
		struct sockaddr_in6 *in6 = (void *)&address[count++];

		in->sin_family = AF_INET;
		if (inet_pton(AF_INET, word, &in->sin_addr) == 1)
			continue;
		in6->sin6_family = AF_INET6;
		ck_assert_int_eq(inet_pton(AF_INET6, word, &in6->sin6_addr), 1);
	}
	names_learn(names, host, address, count, at_ms);
}

/* The addresses, with spaces between. */
static const char *
recall(const char *host, int64_t at_ms)
{
	static char out[1024];
	struct sockaddr_storage address[NAMES_ADDRESSES_MAX];
	size_t count = names_recall(names, host, "test", at_ms, address), len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		char text[SOCKADDR_TEXT_SIZE];

		sockaddr_format_host((struct sockaddr *)&address[i], text);
		len +=
		    (size_t)snprintf(out + len, sizeof out - len, "%s%s", i == 0 ? "" : " ", text);
	}
	return out;
}

START_TEST(remembers_through_a_restart)
{
	learn("a.example", "192.0.2.1 2001:db8::1", now_ms);
	learn("b.example", "192.0.2.2", now_ms);
	restart();
	ck_assert_str_eq(recall("A.example", now_ms), "192.0.2.1 2001:db8::1");
	ck_assert_str_eq(recall("b.example", now_ms), "192.0.2.2");
	ck_assert_str_eq(recall("c.example", now_ms), "");
	ck_assert_int_ne(access(new_path, F_OK), 0);
}
END_TEST

START_TEST(takes_the_last_addresses)
{
	learn("a.example", "192.0.2.1 192.0.2.2", now_ms);
	learn("a.example", "192.0.2.3", now_ms + 1);
	ck_assert_str_eq(recall("a.example", now_ms + 2), "192.0.2.3");
}
END_TEST

START_TEST(forgets_after_a_week)
{
	learn("a.example", "192.0.2.1", now_ms);
	restart();
	ck_assert_str_eq(recall("a.example", now_ms + NAMES_AGE_MAX_MS), "192.0.2.1");
	ck_assert_str_eq(recall("a.example", now_ms + NAMES_AGE_MAX_MS + 1000), "");
	ck_assert_str_eq(recall("a.example", now_ms - HOUR_MS * 24), "192.0.2.1");
}
END_TEST

/* The same addresses, in any order, cost no write within the hour; others one a minute. */
START_TEST(writes_seldom)
{
	char before[4096];

	learn("a.example", "192.0.2.1 192.0.2.2", now_ms);
	snprintf(before, sizeof before, "%s", read_file());
	ck_assert_str_eq(before, "a.example 1764316800 192.0.2.1 192.0.2.2\n");
	learn("a.example", "192.0.2.2 192.0.2.1", now_ms + 2 * MINUTE_MS);
	ck_assert_str_eq(read_file(), before);
	learn("a.example", "192.0.2.1 192.0.2.2", now_ms + HOUR_MS + 1);
	ck_assert_str_eq(read_file(), "a.example 1764320400 192.0.2.1 192.0.2.2\n");
	learn("a.example", "192.0.2.3", now_ms + HOUR_MS + 2);
	ck_assert_str_eq(read_file(), "a.example 1764320400 192.0.2.1 192.0.2.2\n");
	learn("a.example", "192.0.2.3", now_ms + HOUR_MS + MINUTE_MS + 1);
	ck_assert_str_eq(read_file(), "a.example 1764320400 192.0.2.3\n");
}
END_TEST

START_TEST(what_was_not_written_is_written_at_the_end)
{
	learn("a.example", "192.0.2.1", now_ms);
	learn("b.example", "192.0.2.2", now_ms);
	ck_assert_ptr_null(strstr(read_file(), "b.example"));
	restart();
	ck_assert_str_eq(recall("b.example", now_ms), "192.0.2.2");
}
END_TEST

START_TEST(many_hosts_take_bounded_space)
{
	char host[32];

	for (int i = 0; i < NAMES_HOSTS_MAX + 10; i++) {
		snprintf(host, sizeof host, "h%d.example", i);
		learn(host, "192.0.2.1", now_ms + i);
	}
	ck_assert_str_eq(recall("h9.example", now_ms), "");
	ck_assert_str_eq(recall("h10.example", now_ms), "192.0.2.1");
	restart();
	ck_assert_str_eq(recall(host, now_ms), "192.0.2.1");
}
END_TEST

static const char *const damaged[] = {
	"a.example",
	"a.example 1764316800 192.0.2.1", /* cut */
	"a.example 1764316800\n",
	"a.example x 192.0.2.1\n",
	"a.example 1764316800 192.0.2\n",
	"a.example 1764316800 192.0.2.1 \n",
	"a.example 1764316800 192.0.2.1\nb.example\n",
	"a.example 1764316800 192.0.2.1\na.example 1764316800 192.0.2.1\n",
	" 1764316800 192.0.2.1\n",
	"\n",
	"\1\2\3\n",
	"a.example 1764316800 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 "
	"1.1.1.1"
	" 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1 1.1.1.1\n",
};

START_TEST(a_damaged_file_counts_for_nothing)
{
	write_file(damaged[_i]);
	restart();
	ck_assert_str_eq(recall("a.example", now_ms), "");
	learn("a.example", "192.0.2.7", now_ms);
	ck_assert_str_eq(read_file(), "a.example 1764316800 192.0.2.7\n");
}
END_TEST

START_TEST(an_endless_file_counts_for_nothing)
{
	FILE *file = fopen(path, "w");

	for (int i = 0; i < 10000; i++)
		fprintf(file, "h%d.example 1764316800 192.0.2.1\n", i);
	fclose(file);
	restart();
	ck_assert_str_eq(recall("h1.example", now_ms), "");
}
END_TEST

START_TEST(a_file_that_cannot_be_written_costs_nothing)
{
	ck_assert_int_eq(mkdir(new_path, 0700), 0);
	learn("a.example", "192.0.2.1", now_ms);
	ck_assert_str_eq(recall("a.example", now_ms), "192.0.2.1");
	rmdir(new_path);
	learn("a.example", "192.0.2.1", now_ms + MINUTE_MS);
	ck_assert_str_eq(read_file(), "a.example 1764316800 192.0.2.1\n");
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("names");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, remembers_through_a_restart);
	tcase_add_test(tcase, takes_the_last_addresses);
	tcase_add_test(tcase, forgets_after_a_week);
	tcase_add_test(tcase, writes_seldom);
	tcase_add_test(tcase, what_was_not_written_is_written_at_the_end);
	tcase_add_test(tcase, many_hosts_take_bounded_space);
	tcase_add_loop_test(
	    tcase, a_damaged_file_counts_for_nothing, 0, (int)(sizeof damaged / sizeof *damaged));
	tcase_add_test(tcase, an_endless_file_counts_for_nothing);
	tcase_add_test(tcase, a_file_that_cannot_be_written_costs_nothing);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("names")
