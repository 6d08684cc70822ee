/* SPDX-License-Identifier: ISC */
/* rig.c - see rig.h. */
#include "rig.h"

#include <arpa/inet.h>
#include <event2/dns.h>
#include <event2/dns_struct.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "loop.h"
#include "net/resolver.h"
#include "unit.h"

struct rig rig;
static int name_server = -1;
static struct evdns_server_port *server_port;

static void
on_done(void *ctx, int got, const struct sockaddr *address, const char *reason)
{
	(void)ctx;
	rig.called++;
	rig.fd = got;
	if (address != NULL)
		sockaddr_format_host(address, rig.peer);
	snprintf(rig.why, sizeof rig.why, "%s", reason);
}

void
rig_write_file(char *path, const char *text)
{
	if (path[0] == '\0') {
		snprintf(path, 40, "/tmp/postern-dial-XXXXXX");
		close(mkstemp(path));
	}
	FILE *file = fopen(path, "w");
	fputs(text, file);
	fclose(file);
}

/* What our name server says of a name; what it does not know does not exist. */
static const struct zone {
	const char *name;
	const char *inet4,
	    *inet6; /* NULL: no such record; "silent": no answer; "late": ::1 after a while */
	int error;
} zone[] = {
	{ "served.test", "127.0.0.1", NULL, 0 },
	{ "silent.test", "silent", "silent", 0 },
	{ "silent6.test", "127.0.0.1", "silent", 0 },
	{ "silent4.test", "silent", "::1", 0 },
	{ "late6.test", "127.0.0.2", "late", 0 },
	{ "short.inner.example", "127.0.0.1", "::1", 0 },
	{ "served.test.inner.example", NULL, "100::1", 0 },
	{ "empty.test", NULL, NULL, 0 },
	{ "fails.test", NULL, NULL, DNS_ERR_SERVERFAILED },
	{ "refuses.test", NULL, NULL, DNS_ERR_REFUSED },
	{ "alias.test", "127.0.0.1", "::1", 0 },
	{ "unreachable6.test", "127.0.0.1", "100::1", 0 },
};

static void
answer_late(evutil_socket_t none, short what, void *arg)
{
	(void)none;
	(void)what;
	evdns_server_request_add_aaaa_reply(arg,
	    ((struct evdns_server_request *)arg)->questions[0]->name, 1, &in6addr_loopback, 60);
	evdns_server_request_respond(arg, 0);
}

/* Many for 100::1, more than take part in a race. */
static void
add_inet6(struct evdns_server_request *request, const char *owner, const char *text)
{
	struct in6_addr address[12];
	int count = strcmp(text, "100::1") == 0 ? 12 : 1;

	for (int i = 0; i < count; i++) {
		inet_pton(AF_INET6, text, &address[i]);
		address[i].s6_addr[14] = (unsigned char)i;
	}
	evdns_server_request_add_aaaa_reply(request, owner, count, address, 60);
}

static void
answer(struct evdns_server_request *request, const struct zone *entry, int type)
{
	static const struct timeval while_ = { .tv_usec = 120 * 1000 };
	const char *text = type == EVDNS_TYPE_A ? entry->inet4 : entry->inet6, *owner = entry->name;
	struct in_addr address;

	if (text != NULL && strcmp(text, "silent") == 0) {
		evdns_server_request_drop(request);
		return;
	}
	if (text != NULL && strcmp(text, "late") == 0) {
		event_base_once(rig.base, -1, EV_TIMEOUT, answer_late, request, &while_);
		return;
	}
	if (strcmp(entry->name, "alias.test") == 0) {
		evdns_server_request_add_cname_reply(request, entry->name, "real.test", 60);
		owner = "real.test";
	}
	if (text != NULL && type == EVDNS_TYPE_A) {
		inet_pton(AF_INET, text, &address);
		evdns_server_request_add_a_reply(request, owner, 1, &address, 60);
	} else if (text != NULL) {
		add_inet6(request, owner, text);
	}
	evdns_server_request_respond(request, entry->error);
}

static void
on_query(struct evdns_server_request *request, void *ctx)
{
	const struct evdns_server_question *question = request->questions[0];

	(void)ctx;
	rig.queries++;
	snprintf(rig.last_name, sizeof rig.last_name, "%s", question->name);
	for (size_t i = 0; i < sizeof zone / sizeof *zone; i++)
		if (strcmp(question->name, zone[i].name) == 0) {
			answer(request, &zone[i], question->type);
			return;
		}
	evdns_server_request_respond(request, DNS_ERR_NOTEXIST);
}

void
rig_set_up(void)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	socklen_t len = sizeof sin;
	char text[64];

	rig.base = loop_new();
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	name_server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	ck_assert_int_eq(bind(name_server, (struct sockaddr *)&sin, sizeof sin), 0);
	getsockname(name_server, (struct sockaddr *)&sin, &len);
	server_port = evdns_add_server_port_with_base(rig.base, name_server, 0, on_query, NULL);

	snprintf(text, sizeof text, "nameserver 127.0.0.1:%u\nsearch inner.example\n",
	    ntohs(sin.sin_port));
	rig.resolv_conf[0] = rig.hosts[0] = '\0';
	rig_write_file(rig.resolv_conf, text);
	rig_write_file(rig.hosts, "::1 both.test\n127.0.0.1 both.test\n"
				  "127.0.0.2 hangs.test\n127.0.0.1 hangs.test\n"
				  "127.0.0.2 all-hang.test\n");
	rig.resolver = resolver_new_from(rig.base, -1, rig.resolv_conf, rig.hosts);
	ck_assert_ptr_nonnull(rig.resolver);
	rig.called = rig.queries = 0;
	rig.fd = -1;
}

void
rig_tear_down(void)
{
	if (rig.fd >= 0)
		close(rig.fd);
	resolver_free(&rig.resolver);
	evdns_close_server_port(server_port);
	loop_for(rig.base, 1);
	event_base_free(rig.base);
	close(name_server);
	unlink(rig.resolv_conf);
	unlink(rig.hosts);
}

struct dial *
rig_start(const struct dial_target *target)
{
	rig.called = 0;
	struct dial *dial = dial_start(rig.base, rig.resolver, target, on_done, NULL);
	ck_assert_ptr_nonnull(dial);
	return dial;
}

void
rig_dial_to(const struct dial_target *target)
{
	rig_start(target);
	ck_assert_int_eq(rig.called, 0);
	loop_until(rig.base, &rig.called);
}

void
rig_dial(const char *host, uint16_t port, uint64_t timeout_ms)
{
	rig_dial_to(&(struct dial_target){ .host = host, .port = port, .timeout_ms = timeout_ms });
}

uint16_t
rig_make_hanging(int fds[4])
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

void
rig_close_hanging(int fds[4])
{
	for (int i = 0; i < 4; i++)
		close(fds[i]);
}
