/* SPDX-License-Identifier: ISC */
/*
 * test_config.c - good files become the right fields: given values, defaults, and defaults that
 * depend on others.  Tests config/config.c, config/build.c and config/complete.c.
 */
#include "config/config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/path.h"
#include "sample.h"
#include "unit.h"

/* The minimal file; what is not in it is the product. */
START_TEST(a_minimal_file_gets_the_defaults)
{
	struct config *c = load_good("upstream \"provider\" {\n"
				     "    host = \"smtp.example.com\"\n"
				     "    port = 587      # 587: starttls, 465: implicit\n"
				     "    username = \"user\"\n"
				     "    password_file = \"/etc/postern/password\"\n"
				     "}\n");

	ck_assert_str_eq(c->spool, "/var/spool/postern");
	ck_assert_str_eq(c->control, "/run/postern/control.sock");
	ck_assert_ptr_nonnull(strchr(c->hostname, '.'));
	ck_assert_str_eq(c->domain, c->hostname);
	ck_assert_uint_eq(c->nupstream, 1);
	ck_assert_str_eq(c->upstream[0].name, "provider");
	ck_assert_str_eq(c->upstream[0].host, "smtp.example.com");
	ck_assert_uint_eq(c->upstream[0].port, 587);
	ck_assert_int_eq(c->upstream[0].tls, TLS_STARTTLS);
	ck_assert_ptr_null(c->upstream[0].ca_file);
	ck_assert_str_eq(c->upstream[0].username, "user");
	ck_assert_str_eq(c->upstream[0].password_file, "/etc/postern/password");
	ck_assert_uint_eq(c->upstream[0].password_line, 5);
	ck_assert_uint_eq(c->upstream[0].connections, 10);
	ck_assert_uint_eq(c->upstream[0].rate.count, 0);
	ck_assert_uint_eq(c->upstream[0].timeout_ms, 300000);
	config_free(&c);
	ck_assert_ptr_null(c);
}
END_TEST

START_TEST(other_defaults)
{
	struct config *c = load_good(UPSTREAM);

	ck_assert_uint_eq(c->queue.lifetime_ms, 5 * 86400000u);
	ck_assert_uint_eq(c->queue.warn_after_ms, 4 * 3600000u);
	ck_assert_uint_eq(c->queue.retry_min_ms, 60000);
	ck_assert_uint_eq(c->queue.retry_max_ms, 3600000);
	ck_assert_ptr_null(c->queue.bounce_from);
	ck_assert_uint_eq(c->limits.message_size, 50u << 20);
	ck_assert_uint_eq(c->limits.recipients, 1000);
	ck_assert_uint_eq(c->limits.connections, 1000);
	ck_assert_uint_eq(c->limits.connections_per_client, 1000);
	ck_assert_uint_eq(c->limits.errors, 20);
	ck_assert_uint_eq(c->limits.idle_ms, 300000);
	ck_assert_uint_eq(c->limits.data_ms, 600000);
	ck_assert_uint_eq(c->limits.future_release_ms, 7 * 86400000u);
	ck_assert_uint_eq(c->limits.min_free, 100u << 20);
	ck_assert_int_eq(c->log.target, LOG_TARGET_STDERR);
	ck_assert_int_eq(c->log.format, LOG_FORMAT_TEXT);
	ck_assert_int_eq(c->log.level, LOG_LEVEL_INFO);
	config_free(&c);
}
END_TEST

START_TEST(default_listeners_are_loopback)
{
	struct config *c = load_good(UPSTREAM);

	ck_assert_uint_eq(c->nlisten, 2);
	ck_assert_str_eq(c->listen[0].name, "local");
	ck_assert_str_eq(c->listen[0].address, "127.0.0.1");
	ck_assert_str_eq(c->listen[1].name, "local6");
	ck_assert_str_eq(c->listen[1].address, "::1");
	for (size_t i = 0; i < 2; i++) {
		ck_assert(c->listen[i].is_default);
		ck_assert_uint_eq(c->listen[i].port, 25);
		ck_assert_uint_eq(c->listen[i].relay_from.count, 2);
		ck_assert(cidr_is_loopback(&c->listen[i].relay_from.network[0]));
		ck_assert(cidr_is_loopback(&c->listen[i].relay_from.network[1]));
	}
	config_free(&c);
}
END_TEST

START_TEST(a_listener_on_loopback_relays_for_loopback)
{
	struct config *c = load_good("listen a { }\n" UPSTREAM);

	ck_assert_uint_eq(c->nlisten, 1);
	ck_assert(!c->listen[0].is_default);
	ck_assert_str_eq(c->listen[0].address, "127.0.0.1");
	ck_assert_uint_eq(c->listen[0].relay_from.count, 2);
	config_free(&c);
}
END_TEST

START_TEST(every_key_can_be_given)
{
	struct config *c = load_good(
	    "hostname = app1.example.com  domain = 'example.com'\n"
	    "spool = /srv/spool\nuser = relay\ncontrol = /run/x.sock\n"
	    "listen \"in\" { address = \"192.0.2.1\" port = 2525 relay_from = { 192.0.2.0/24,\n"
	    "    \"2001:db8::/32\" } relay_from += 10.0.0.0/8 }\n"
	    "upstream \"a\" { host = 192.0.2.9 port = 2526 tls = none connections = 3\n"
	    "    rate = 14/s timeout = 30s long_lines = force }\n"
	    "queue { lifetime = 1d warn_after = 0 retry_min = 5s retry_max = 10m\n"
	    "    bounce_from = bounces@example.com }\n"
	    "limits { message_size = 1M recipients = 5 connections = 6\n"
	    "    connections_per_client = 7 errors = 8 idle = 9 data = 10s future_release = 0\n"
	    "    min_free = 0 }\n"
	    "log { target = journal format = json level = debug }\n");

	ck_assert_str_eq(c->hostname, "app1.example.com");
	ck_assert_str_eq(c->domain, "example.com");
	ck_assert_str_eq(c->spool, "/srv/spool");
	ck_assert_str_eq(c->control, "/run/x.sock");
	ck_assert_str_eq(c->listen[0].address, "192.0.2.1");
	ck_assert_uint_eq(c->listen[0].port, 2525);
	ck_assert_uint_eq(c->listen[0].relay_from.count, 3);
	ck_assert_str_eq(c->upstream[0].host, "192.0.2.9");
	ck_assert_uint_eq(c->upstream[0].port, 2526);
	ck_assert_int_eq(c->upstream[0].tls, TLS_NONE);
	ck_assert_uint_eq(c->upstream[0].connections, 3);
	ck_assert_uint_eq(c->upstream[0].rate.count, 14);
	ck_assert_uint_eq(c->upstream[0].rate.per_ms, 1000);
	ck_assert_uint_eq(c->upstream[0].timeout_ms, 30000);
	ck_assert_int_eq(c->upstream[0].long_lines, LONG_LINES_FORCE);
	ck_assert_uint_eq(c->queue.lifetime_ms, 86400000);
	ck_assert_uint_eq(c->queue.warn_after_ms, 0);
	ck_assert_uint_eq(c->queue.retry_min_ms, 5000);
	ck_assert_uint_eq(c->queue.retry_max_ms, 600000);
	ck_assert_str_eq(c->queue.bounce_from, "bounces@example.com");
	ck_assert_uint_eq(c->limits.message_size, 1 << 20);
	ck_assert_uint_eq(c->limits.recipients, 5);
	ck_assert_uint_eq(c->limits.connections, 6);
	ck_assert_uint_eq(c->limits.connections_per_client, 7);
	ck_assert_uint_eq(c->limits.errors, 8);
	ck_assert_uint_eq(c->limits.idle_ms, 9000);
	ck_assert_uint_eq(c->limits.data_ms, 10000);
	ck_assert_uint_eq(c->limits.future_release_ms, 0);
	ck_assert_uint_eq(c->limits.min_free, 0);
	ck_assert_int_eq(c->log.target, LOG_TARGET_JOURNAL);
	ck_assert_int_eq(c->log.format, LOG_FORMAT_JSON);
	ck_assert_int_eq(c->log.level, LOG_LEVEL_DEBUG);
	config_free(&c);
}
END_TEST

START_TEST(port_and_tls_follow_each_other)
{
	static const struct {
		const char *keys;
		uint16_t port;
		enum tls_mode tls;
	} cases[] = { { "", 587, TLS_STARTTLS }, { "port = 465", 465, TLS_IMPLICIT },
		{ "port = 2525", 2525, TLS_STARTTLS }, { "tls = implicit", 465, TLS_IMPLICIT },
		{ "tls = starttls", 587, TLS_STARTTLS }, { "tls = none", 587, TLS_NONE },
		{ "port = 465 tls = starttls", 465, TLS_STARTTLS },
		{ "port = 587 tls = implicit", 587, TLS_IMPLICIT },
		{ "port = 443", 443, TLS_IMPLICIT }, { "ports = { 2465, 25 }", 2465, TLS_IMPLICIT },
		{ "ports = { 465, 25 } tls = starttls", 465, TLS_STARTTLS } };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str text = STR_EMPTY;

		str_printf(&text, "upstream a { host = b.c %s }", cases[i].keys);

		struct config *c = load_good(text.data);

		ck_assert_msg(
		    c->upstream[0].port == cases[i].port && c->upstream[0].tls == cases[i].tls,
		    "%s: port %u tls %d", text.data, c->upstream[0].port, c->upstream[0].tls);
		config_free(&c);
		str_free(&text);
	}
}
END_TEST

START_TEST(each_port_has_its_way_to_tls)
{
	static const char given[] =
	    "upstream a { host = b.c ports = { 587, 465, 2525, 2465, 8465, 443, 2587, 25 } }";
	static const struct config_port expected[] = { { 587, TLS_STARTTLS }, { 465, TLS_IMPLICIT },
		{ 2525, TLS_STARTTLS }, { 2465, TLS_IMPLICIT }, { 8465, TLS_IMPLICIT },
		{ 443, TLS_IMPLICIT }, { 2587, TLS_STARTTLS }, { 25, TLS_STARTTLS } };
	struct config *c = load_good(given);

	ck_assert_uint_eq(c->upstream[0].nports, sizeof expected / sizeof *expected);
	for (size_t i = 0; i < c->upstream[0].nports; i++)
		ck_assert_msg(c->upstream[0].ports[i].number == expected[i].number &&
				  c->upstream[0].ports[i].tls == expected[i].tls,
		    "port %u: tls %d", c->upstream[0].ports[i].number, c->upstream[0].ports[i].tls);
	config_free(&c);
}
END_TEST

/* Setting one end of a range must not force people to set the other. */
START_TEST(a_certificate_brings_tls_to_a_listener)
{
	struct config *c = load_good("listen a { port = 465 tls_cert_file = c tls_key_file = /k }\n"
				     "listen b { tls_cert_file = c tls_key_file = k }\n"
				     "listen c { port = 587 } " UPSTREAM);
	static const enum tls_mode modes[] = { TLS_IMPLICIT, TLS_STARTTLS, TLS_NONE };

	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(c->listen[i].tls, modes[i]);
		ck_assert_int_eq(c->listen[i].tls_min, TLS_LEAST_1_2);
	}
	ck_assert_str_eq(c->listen[0].tls_key_file, "/k");
	ck_assert_str_eq(path_base(c->listen[0].tls_cert_file), "c");
	ck_assert_int_eq(c->listen[0].tls_cert_file[0], '/');
	ck_assert_uint_eq(c->listen[1].certificate_line, 2);
	config_free(&c);
}
END_TEST

START_TEST(queue_defaults_give_way)
{
	struct config *c = load_good("queue { lifetime = 1h }\n" UPSTREAM);

	ck_assert_uint_eq(c->queue.warn_after_ms, 0);
	config_free(&c);

	c = load_good("queue { retry_min = 2h }\n" UPSTREAM);
	ck_assert_uint_eq(c->queue.retry_max_ms, 7200000);
	config_free(&c);

	c = load_good("queue { retry_max = 30s }\n" UPSTREAM);
	ck_assert_uint_eq(c->queue.retry_min_ms, 30000);
	config_free(&c);
}
END_TEST

START_TEST(upstreams_keep_their_order)
{
	struct config *c = load_good("upstream z { host = z.example }\n"
				     "upstream a { host = a.example }\n"
				     "upstream m { host = m.example }\n");

	ck_assert_uint_eq(c->nupstream, 3);
	ck_assert_str_eq(c->upstream[0].host, "z.example");
	ck_assert_str_eq(c->upstream[1].host, "a.example");
	ck_assert_str_eq(c->upstream[2].host, "m.example");
	config_free(&c);
}
END_TEST

/* The daemon leaves the directory it was started in. */
START_TEST(files_are_beside_the_config_file)
{
	struct sample sample;
	char expected[128];

	sample_make(&sample, "upstream a { host = b.c username = u password_file = secret/x\n"
			     "    ca_file = ca.pem }");
	sample_add_certificate(&sample, "ca.pem", "ca.key");
	ck_assert_int_eq(chdir(sample.directory), 0);

	struct config *c = config_load("postern.conf", &sample.errors);

	ck_assert_msg(c != NULL, "%s", sample.errors.data);
	snprintf(expected, sizeof expected, "%s/postern.conf", sample.directory);
	ck_assert_str_eq(c->file, expected);
	snprintf(expected, sizeof expected, "%s/secret/x", sample.directory);
	ck_assert_str_eq(c->upstream[0].password_file, expected);
	snprintf(expected, sizeof expected, "%s/ca.pem", sample.directory);
	ck_assert_str_eq(c->upstream[0].ca_file, expected);
	config_free(&c);
	sample_remove(&sample);
}
END_TEST

START_TEST(user_is_only_for_root)
{
	struct config *c = load_good("user = somebody\n" UPSTREAM);

	if (geteuid() == 0)
		ck_assert_str_eq(c->user, "somebody");
	else
		ck_assert_ptr_null(c->user);
	config_free(&c);

	c = load_good(UPSTREAM);
	if (geteuid() == 0)
		ck_assert_str_eq(c->user, "postern");
	else
		ck_assert_ptr_null(c->user);
	config_free(&c);
}
END_TEST

START_TEST(free_takes_null)
{
	struct config *c = NULL;

	config_free(&c);
	ck_assert_ptr_null(c);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "defaults", a_minimal_file_gets_the_defaults, other_defaults,
	    default_listeners_are_loopback, a_listener_on_loopback_relays_for_loopback,
	    port_and_tls_follow_each_other, each_port_has_its_way_to_tls,
	    a_certificate_brings_tls_to_a_listener, queue_defaults_give_way, user_is_only_for_root);
	add_tests(suite, "values", every_key_can_be_given, upstreams_keep_their_order,
	    files_are_beside_the_config_file, free_takes_null);
}

UNIT_MAIN("config")
