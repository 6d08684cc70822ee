/* SPDX-License-Identifier: ISC */
/* Tests of src/net/dial.c, race.c and resolver.c: names from a hosts file and a name server of our
 * own. */
#include "net/dial.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/sockaddr.h"
#include "loop.h"
#include "net/listen.h"
#include "net/race.h"
#include "net/resolver.h"
#include "rig.h"
#include "unit.h"

/* _i: IPv4, IPv6 */
START_TEST(test_connects_to_an_address)
{
	const char *host = _i == 0 ? "127.0.0.1" : "::1";
	int listener = listen_tcp(host, 0), nodelay = 0;
	socklen_t len = sizeof nodelay;

	rig_dial(host, listen_port(listener), 5000);
	ck_assert_int_ge(rig.fd, 0);
	ck_assert_str_eq(rig.peer, host);
	getsockopt(rig.fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &len);
	ck_assert_int_ne(nodelay, 0);
	ck_assert_int_eq(rig.queries, 0);
	close(listener);
}
END_TEST

START_TEST(test_names_the_address_that_refuses)
{
	int listener = listen_tcp("127.0.0.1", 0);
	uint16_t port = listen_port(listener);
	char expected[128];

	close(listener);
	rig_dial("127.0.0.1", port, 5000);
	ck_assert_int_eq(rig.fd, -1);
	snprintf(expected, sizeof expected,
	    "cannot connect to 127.0.0.1 port %u: 127.0.0.1:%u: Connection refused", port, port);
	ck_assert_str_eq(rig.why, expected);
}
END_TEST

START_TEST(test_prefers_ipv6)
{
	int six = listen_tcp("::1", 0);
	int four = listen_tcp("127.0.0.1", listen_port(six));

	rig_dial("both.test", listen_port(six), 5000);
	ck_assert_str_eq(rig.peer, "::1");
	close(four);
	close(six);
}
END_TEST

/* On a machine that stands still now and then, once is enough. */
START_TEST(test_goes_on_at_once_after_a_refusal)
{
	int four = listen_tcp("127.0.0.1", 0);
	int64_t took = INT64_MAX;

	for (int tries = 0; tries < 8 && took >= 240; tries++) {
		int64_t begin = clock_mono_ms();

		rig_dial("both.test", listen_port(four), 5000);
		ck_assert_str_eq(rig.peer, "127.0.0.1");
		took = clock_mono_ms() - begin;
	}
	ck_assert_int_lt(took, 240);
	close(four);
}
END_TEST

START_TEST(test_goes_on_after_250_ms_of_silence)
{
	int fds[4];
	uint16_t port = rig_make_hanging(fds);
	int listener = listen_tcp("127.0.0.1", port);
	int64_t begin = clock_mono_ms();

	ck_assert_int_ge(listener, 0);
	rig_dial("hangs.test", port, 8000);
	ck_assert_str_eq(rig.peer, "127.0.0.1");
	ck_assert_int_ge(clock_mono_ms() - begin, 245);
	ck_assert_int_lt(clock_mono_ms() - begin, 2000);
	close(listener);
	rig_close_hanging(fds);
}
END_TEST

static int
count_descriptors(void)
{
	DIR *descriptors = opendir("/proc/self/fd");
	int count = 0;

	ck_assert_ptr_nonnull(descriptors);
	while (readdir(descriptors) != NULL)
		count++;
	closedir(descriptors);
	return count;
}

static void
on_raced(void *ctx, int fd, const struct sockaddr *peer)
{
	(void)peer;
	*(int *)ctx = fd;
}

/* Who keeps the race, as for a proxy that takes its time, hears of no second winner. */
START_TEST(test_the_winner_ends_the_race)
{
	struct sockaddr_in address[2] = { { .sin_family = AF_INET }, { .sin_family = AF_INET } };
	int fds[4], winner = 0;
	uint16_t port = rig_make_hanging(fds);
	int listener = listen_tcp("127.0.0.1", port);
	struct race *race = race_new(rig.base, NULL, NULL, on_raced, &winner);
	int before = count_descriptors();

	inet_pton(AF_INET, "127.0.0.2", &address[0].sin_addr);
	inet_pton(AF_INET, "127.0.0.1", &address[1].sin_addr);
	for (int i = 0; i < 2; i++) {
		address[i].sin_port = htons(port);
		race_add(race, (struct sockaddr *)&address[i], sizeof address[i]);
	}
	race_go(race, true);
	loop_until(rig.base, &winner);
	ck_assert_int_ge(winner, 0);
	ck_assert_int_eq(count_descriptors(), before + 1);
	close(winner);
	race_free(&race);
	close(listener);
	rig_close_hanging(fds);
}
END_TEST

START_TEST(test_gives_up_at_the_limit)
{
	int fds[4];
	uint16_t port = rig_make_hanging(fds);

	rig_dial("all-hang.test", port, 50);
	ck_assert_int_eq(rig.fd, -1);
	ck_assert_msg(strstr(rig.why, "127.0.0.2:") != NULL, "%s", rig.why);
	ck_assert_msg(strstr(rig.why, "Connection timed out") != NULL, "%s", rig.why);
	rig_close_hanging(fds);
}
END_TEST

START_TEST(test_asks_the_name_server)
{
	int listener = listen_tcp("127.0.0.1", 0);

	rig_dial("served.test", listen_port(listener), 5000);
	ck_assert_str_eq(rig.peer, "127.0.0.1");
	ck_assert_int_ge(rig.queries, 1);
	close(listener);
}
END_TEST

/* What a name's records lead to, and how long that may take: silence costs the resolution delay. */
static const struct {
	const char *host, *peer;
	int at_least_ms, at_most_ms;
} lookups[] = {
	{ "silent6.test", "127.0.0.1", 45, 1000 },
	{ "silent4.test", "::1", 0, 1000 },
	{ "alias.test", "::1", 0, 1000 },
	{ "unreachable6.test", "127.0.0.1", 0, 1500 },
};

START_TEST(test_neither_family_waits_for_the_other)
{
	int six = listen_tcp("::1", 0);
	int four = listen_tcp("127.0.0.1", listen_port(six));
	int64_t begin = clock_mono_ms();

	rig_dial(lookups[_i].host, listen_port(six), 8000);
	ck_assert_msg(rig.fd >= 0, "%s", rig.why);
	ck_assert_str_eq(rig.peer, lookups[_i].peer);
	ck_assert_int_ge(clock_mono_ms() - begin, lookups[_i].at_least_ms);
	ck_assert_int_lt(clock_mono_ms() - begin, lookups[_i].at_most_ms);
	close(four);
	close(six);
}
END_TEST

START_TEST(test_a_late_address_joins_the_race)
{
	int fds[4];
	uint16_t port = rig_make_hanging(fds);
	int listener = listen_tcp("::1", port);

	ck_assert_int_ge(listener, 0);
	rig_dial("late6.test", port, 8000);
	ck_assert_str_eq(rig.peer, "::1");
	close(listener);
	rig_close_hanging(fds);
}
END_TEST

static const struct {
	const char *host, *words;
} failures[] = {
	{ "unknown.test", "the name is not known" },
	{ "empty.test", "the name servers gave no address" },
	{ "fails.test", "the name servers gave no address" },
	{ "refuses.test", "the name servers gave no address" },
};

START_TEST(test_tells_why_a_lookup_failed)
{
	char expected[128];

	rig_dial(failures[_i].host, 25, 9000);
	ck_assert_int_eq(rig.fd, -1);
	snprintf(expected, sizeof expected, "cannot connect to %s port 25: %s", failures[_i].host,
	    failures[_i].words);
	ck_assert_str_eq(rig.why, expected);
}
END_TEST

START_TEST(test_search_domains_complete_names_without_a_dot)
{
	int listener = listen_tcp("127.0.0.1", 0);

	rig_dial("served.test", listen_port(listener), 5000);
	ck_assert_int_ge(rig.fd, 0);
	ck_assert_int_eq(rig.queries, 2);
	close(rig.fd);
	rig_dial("short", listen_port(listener), 5000);
	ck_assert_str_eq(rig.peer, "127.0.0.1"); /* ::1 refuses */
	ck_assert_str_eq(rig.last_name, "short.inner.example");
	close(rig.fd);
	rig_dial("served.test", listen_port(listener), 5000);
	ck_assert_str_eq(rig.last_name, "served.test");
	close(listener);
}
END_TEST

/* _i: IPv4, IPv6 */
START_TEST(test_connects_from_the_source_address)
{
	const char *source = _i == 0 ? "127.0.0.3" : "::1";
	int listener = listen_tcp(_i == 0 ? "127.0.0.1" : "::1", 0);
	struct sockaddr_storage from;
	socklen_t len = sizeof from;
	char text[SOCKADDR_TEXT_SIZE];

	rig_dial_to(&(struct dial_target){ .host = _i == 0 ? "127.0.0.1" : "::1",
	    .port = listen_port(listener),
	    .bind4 = "127.0.0.3",
	    .bind6 = "::1",
	    .timeout_ms = 5000 });
	ck_assert_msg(rig.fd >= 0, "%s", rig.why);
	getsockname(rig.fd, (struct sockaddr *)&from, &len);
	sockaddr_format_host((struct sockaddr *)&from, text);
	ck_assert_str_eq(text, source);
	close(listener);
}
END_TEST

START_TEST(test_a_family_without_a_source_address_is_dialled_too)
{
	int listener = listen_tcp("::1", 0);

	rig_dial_to(&(struct dial_target){ .host = "both.test",
	    .port = listen_port(listener),
	    .bind4 = "127.0.0.3",
	    .timeout_ms = 5000 });
	ck_assert_str_eq(rig.peer, "::1");
	close(listener);
}
END_TEST

START_TEST(test_tells_a_source_address_that_is_not_ours)
{
	rig_dial_to(&(struct dial_target){
	    .host = "127.0.0.1", .port = 25, .bind4 = "192.0.2.99", .timeout_ms = 5000 });
	ck_assert_str_eq(rig.why,
	    "cannot connect to 127.0.0.1 port 25: 127.0.0.1:25: from 192.0.2.99: "
	    "Cannot assign requested address");
}
END_TEST

START_TEST(test_silent_name_server_meets_the_limit)
{
	rig_dial("silent.test", 25, 50);
	ck_assert_int_eq(rig.fd, -1);
	ck_assert_msg(strstr(rig.why, "name servers do not answer") != NULL, "%s", rig.why);
}
END_TEST

/* _i: while looking up, while connecting, at once.  Where the machine stood still until the time
 * was up, it is tried again with more. */
START_TEST(test_cancel_is_silent)
{
	int fds[4];
	uint16_t port = rig_make_hanging(fds);
	struct dial_target target = {
		.host = _i == 0 ? "silent.test" : "all-hang.test", .port = port, .timeout_ms = 25
	};
	struct dial *d;

	do {
		target.timeout_ms *= 2;
		d = rig_start(&target);
		if (_i < 2)
			loop_for(rig.base, 20);
	} while (rig.called > 0 && target.timeout_ms < 5000);
	ck_assert_int_eq(rig.called, 0);
	dial_cancel(&d);
	ck_assert_ptr_null(d);
	loop_for(rig.base, (int)target.timeout_ms + 10);
	ck_assert_int_eq(rig.called, 0);
	rig_close_hanging(fds);
}
END_TEST

START_TEST(test_reads_changed_files_again)
{
	int listener = listen_tcp("127.0.0.1", 0);

	rig_dial("new.test", listen_port(listener), 5000);
	ck_assert_int_eq(rig.fd, -1);
	rig_write_file(rig.hosts,
	    "# longer than before, and other names\n127.0.0.1 new.test newer.test\n"
	    "127.0.0.1 padding.test more-padding.test\n");
	rig_dial("new.test", listen_port(listener), 5000);
	ck_assert_msg(rig.fd >= 0, "%s", rig.why);
	close(listener);
}
END_TEST

START_TEST(test_works_without_files)
{
	int listener = listen_tcp("127.0.0.1", 0);

	unlink(rig.resolv_conf);
	unlink(rig.hosts);
	resolver_free(&rig.resolver);
	rig.resolver = resolver_new_from(rig.base, -1, rig.resolv_conf, rig.hosts);
	rig_dial("127.0.0.1", listen_port(listener), 5000);
	ck_assert_int_ge(rig.fd, 0);
	close(rig.fd);
	rig_dial("localhost", listen_port(listener), 5000);
	ck_assert_int_ge(rig.fd, 0);
	close(listener);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("dial");

	tcase_add_checked_fixture(tcase, rig_set_up, rig_tear_down);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_connects_to_an_address, 0, 2);
	tcase_add_test(tcase, test_names_the_address_that_refuses);
	tcase_add_test(tcase, test_prefers_ipv6);
	tcase_add_test(tcase, test_goes_on_at_once_after_a_refusal);
	tcase_add_test(tcase, test_goes_on_after_250_ms_of_silence);
	tcase_add_test(tcase, test_the_winner_ends_the_race);
	tcase_add_test(tcase, test_gives_up_at_the_limit);
	tcase_add_test(tcase, test_asks_the_name_server);
	tcase_add_loop_test(tcase, test_neither_family_waits_for_the_other, 0,
	    (int)(sizeof lookups / sizeof *lookups));
	tcase_add_test(tcase, test_a_late_address_joins_the_race);
	tcase_add_loop_test(
	    tcase, test_tells_why_a_lookup_failed, 0, (int)(sizeof failures / sizeof *failures));
	tcase_add_test(tcase, test_search_domains_complete_names_without_a_dot);
	tcase_add_loop_test(tcase, test_connects_from_the_source_address, 0, 2);
	tcase_add_test(tcase, test_a_family_without_a_source_address_is_dialled_too);
	tcase_add_test(tcase, test_tells_a_source_address_that_is_not_ours);
	tcase_add_test(tcase, test_silent_name_server_meets_the_limit);
	tcase_add_loop_test(tcase, test_cancel_is_silent, 0, 3);
	tcase_add_test(tcase, test_reads_changed_files_again);
	tcase_add_test(tcase, test_works_without_files);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("dial")
