/* SPDX-License-Identifier: ISC */
/* Tests of src/net/dial.c and src/net/resolver.c: names from a hosts file and a name server of our
 * own. */
#include "net/dial.h"

#include <arpa/inet.h>
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
#include "net/resolver.h"
#include "unit.h"

static struct event_base *base;
static struct resolver *resolver;
static char resolv_conf[40], hosts[40];
static int name_server = -1;
static struct evdns_server_port *server_port;
static int queries;

/* What the dial said. */
static int called, fd;
static char peer[SOCKADDR_TEXT_SIZE], why[512];

static void
on_done(void *ctx, int got, const struct sockaddr *address, const char *reason)
{
	(void)ctx;
	called++;
	fd = got;
	if (address != NULL)
		sockaddr_format_host(address, peer);
	snprintf(why, sizeof why, "%s", reason);
}

static void
write_file(char *path, const char *text)
{
	if (path[0] == '\0') {
		snprintf(path, 40, "/tmp/postern-dial-XXXXXX");
		close(mkstemp(path));
	}
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
}

/* A name server that knows one name and is silent about silent.test. */
static void
on_query(struct evdns_server_request *request, void *ctx)
{
	(void)ctx;
	queries++;
	const struct evdns_server_question *question = request->questions[0];
	struct in_addr address = { .s_addr = htonl(INADDR_LOOPBACK) };
	int error = DNS_ERR_NOTEXIST;

	if (strcmp(question->name, "silent.test") == 0) {
		evdns_server_request_drop(request);
		return;
	}
	if (strcmp(question->name, "served.test") == 0) {
		error = 0;
		if (question->type == EVDNS_TYPE_A)
			evdns_server_request_add_a_reply(
			    request, question->name, 1, &address.s_addr, 60);
	}
	evdns_server_request_respond(request, error);
}

static void
set_up(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;
	char text[64];

	base = loop_new();
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	name_server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(name_server, (struct sockaddr *)&sin, sizeof sin), 0);
	getsockname(name_server, (struct sockaddr *)&sin, &len);
	server_port = evdns_add_server_port_with_base(base, name_server, 0, on_query, NULL);

	snprintf(text, sizeof text, "nameserver 127.0.0.1:%u\n", ntohs(sin.sin_port));
	resolv_conf[0] = hosts[0] = '\0';
	write_file(resolv_conf, text);
	write_file(hosts, "::1 both.test\n127.0.0.1 both.test\n"
			  "127.0.0.2 hangs.test\n127.0.0.1 hangs.test\n"
			  "127.0.0.2 all-hang.test\n");
	resolver = resolver_new_from(base, resolv_conf, hosts);
	ck_assert_ptr_nonnull(resolver);
	called = queries = 0;
	fd = -1;
}

static void
tear_down(void)
{
	if (fd >= 0)
		close(fd);
	resolver_free(&resolver);
	evdns_close_server_port(server_port);
	loop_for(base, 1);
	event_base_free(base);
	close(name_server);
	unlink(resolv_conf);
	unlink(hosts);
}

/* Dial and wait for the answer. */
static void
dial(const char *host, uint16_t port, uint64_t timeout_ms)
{
	called = 0;
	ck_assert_ptr_nonnull(dial_start(base, resolver, host, port, timeout_ms, on_done, NULL));
	ck_assert_int_eq(called, 0);
	loop_until(base, &called);
}

/* A port of 127.0.0.2 where connections hang, because nobody accepts and the backlog is full;
 * waiting ones go to fds. */
static uint16_t
make_hanging(int fds[4])
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;

	inet_pton(AF_INET, "127.0.0.2", &sin.sin_addr);
	fds[0] = socket(AF_INET, SOCK_STREAM, 0);
	ck_assert_int_eq(bind(fds[0], (struct sockaddr *)&sin, sizeof sin), 0);
	ck_assert_int_eq(listen(fds[0], 0), 0);
	getsockname(fds[0], (struct sockaddr *)&sin, &len);
	for (int i = 1; i < 4; i++) {
		fds[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(fds[i], (struct sockaddr *)&sin, sizeof sin);
	}
	return ntohs(sin.sin_port);
}

static void
close_hanging(int fds[4])
{
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}

/* _i: IPv4, IPv6 */
START_TEST(test_connects_to_an_address)
{
	const char *host = _i == 0 ? "127.0.0.1" : "::1";
	int listener = listen_tcp(host, 0), nodelay = 0;
	socklen_t len = sizeof nodelay;

	dial(host, listen_port(listener), 5000);
	ck_assert_int_ge(fd, 0);
	ck_assert_str_eq(peer, host);
	getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &len);
	ck_assert_int_ne(nodelay, 0);
	ck_assert_int_eq(queries, 0);
	close(listener);
}
END_TEST

START_TEST(test_names_the_address_that_refuses)
{
	int listener = listen_tcp("127.0.0.1", 0);
	uint16_t port = listen_port(listener);
	char expected[128];

	close(listener);
	dial("127.0.0.1", port, 5000);
	ck_assert_int_eq(fd, -1);
	snprintf(expected, sizeof expected,
	    "cannot connect to 127.0.0.1 port %u: 127.0.0.1:%u: Connection refused", port, port);
	ck_assert_str_eq(why, expected);
}
END_TEST

START_TEST(test_prefers_ipv6)
{
	int six = listen_tcp("::1", 0);
	int four = listen_tcp("127.0.0.1", listen_port(six));

	dial("both.test", listen_port(six), 5000);
	ck_assert_str_eq(peer, "::1");
	close(four);
	close(six);
}
END_TEST

START_TEST(test_goes_on_at_once_after_a_refusal)
{
	int four = listen_tcp("127.0.0.1", 0);
	int64_t begin = clock_mono_ms();

	dial("both.test", listen_port(four), 5000);
	ck_assert_str_eq(peer, "127.0.0.1");
	ck_assert_int_lt(clock_mono_ms() - begin, 240);
	close(four);
}
END_TEST

START_TEST(test_goes_on_after_250_ms_of_silence)
{
	int fds[4];
	uint16_t port = make_hanging(fds);
	int listener = listen_tcp("127.0.0.1", port);
	int64_t begin = clock_mono_ms();

	ck_assert_int_ge(listener, 0);
	dial("hangs.test", port, 8000);
	ck_assert_str_eq(peer, "127.0.0.1");
	ck_assert_int_ge(clock_mono_ms() - begin, 245);
	ck_assert_int_lt(clock_mono_ms() - begin, 2000);
	close(listener);
	close_hanging(fds);
}
END_TEST

START_TEST(test_gives_up_at_the_limit)
{
	int fds[4];
	uint16_t port = make_hanging(fds);

	dial("all-hang.test", port, 50);
	ck_assert_int_eq(fd, -1);
	ck_assert_msg(strstr(why, "127.0.0.2:") != NULL, "%s", why);
	ck_assert_msg(strstr(why, "Connection timed out") != NULL, "%s", why);
	close_hanging(fds);
}
END_TEST

START_TEST(test_asks_the_name_server)
{
	int listener = listen_tcp("127.0.0.1", 0);

	dial("served.test", listen_port(listener), 5000);
	ck_assert_str_eq(peer, "127.0.0.1");
	ck_assert_int_ge(queries, 1);
	close(listener);
}
END_TEST

START_TEST(test_unknown_name_fails)
{
	dial("unknown.test", 25, 5000);
	ck_assert_int_eq(fd, -1);
	ck_assert_msg(strstr(why, "cannot connect to unknown.test port 25: ") == why, "%s", why);
	ck_assert_msg(strstr(why, "not known") != NULL, "%s", why);
}
END_TEST

START_TEST(test_silent_name_server_meets_the_limit)
{
	dial("silent.test", 25, 50);
	ck_assert_int_eq(fd, -1);
	ck_assert_msg(strstr(why, "name servers do not answer") != NULL, "%s", why);
}
END_TEST

/* _i: while looking up, while connecting, at once */
START_TEST(test_cancel_is_silent)
{
	int fds[4];
	uint16_t port = make_hanging(fds);
	struct dial *d = dial_start(
	    base, resolver, _i == 0 ? "silent.test" : "all-hang.test", port, 50, on_done, NULL);

	if (_i < 2)
		loop_for(base, 20);
	dial_cancel(&d);
	ck_assert_ptr_null(d);
	loop_for(base, 60);
	ck_assert_int_eq(called, 0);
	close_hanging(fds);
}
END_TEST

START_TEST(test_reads_changed_files_again)
{
	int listener = listen_tcp("127.0.0.1", 0);

	dial("new.test", listen_port(listener), 5000);
	ck_assert_int_eq(fd, -1);
	write_file(hosts, "# longer than before, and other names\n127.0.0.1 new.test newer.test\n"
			  "127.0.0.1 padding.test more-padding.test\n");
	dial("new.test", listen_port(listener), 5000);
	ck_assert_msg(fd >= 0, "%s", why);
	close(listener);
}
END_TEST

START_TEST(test_works_without_files)
{
	int listener = listen_tcp("127.0.0.1", 0);

	unlink(resolv_conf);
	unlink(hosts);
	resolver_free(&resolver);
	resolver = resolver_new_from(base, resolv_conf, hosts);
	dial("127.0.0.1", listen_port(listener), 5000);
	ck_assert_int_ge(fd, 0);
	close(fd);
	dial("localhost", listen_port(listener), 5000);
	ck_assert_int_ge(fd, 0);
	close(listener);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("dial");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 20);
	tcase_add_loop_test(tcase, test_connects_to_an_address, 0, 2);
	tcase_add_test(tcase, test_names_the_address_that_refuses);
	tcase_add_test(tcase, test_prefers_ipv6);
	tcase_add_test(tcase, test_goes_on_at_once_after_a_refusal);
	tcase_add_test(tcase, test_goes_on_after_250_ms_of_silence);
	tcase_add_test(tcase, test_gives_up_at_the_limit);
	tcase_add_test(tcase, test_asks_the_name_server);
	tcase_add_test(tcase, test_unknown_name_fails);
	tcase_add_test(tcase, test_silent_name_server_meets_the_limit);
	tcase_add_loop_test(tcase, test_cancel_is_silent, 0, 3);
	tcase_add_test(tcase, test_reads_changed_files_again);
	tcase_add_test(tcase, test_works_without_files);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("dial")
