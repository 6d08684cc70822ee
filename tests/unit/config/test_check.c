/* SPDX-License-Identifier: ISC */
/*
 * test_check.c - bad values and impossible combinations, each with the line and the words that
 * name it.  Tests config/check.c, config/check_listen.c, config/check_relay.c,
 * config/check_route.c, config/check_tls.c, config/check_upstream.c, config/ciphers.c,
 * config/kind.c, config/quantity.c and config/trust.c.
 */
#include "config/check.h"

#include <stdio.h>
#include <string.h>

#include "sample.h"
#include "unit.h"

struct bad {
	const char *text;  /* followed by a good upstream in a line of its own */
	const char *error; /* how its first line begins */
};

static void
expect(const struct bad *bad, const char *rest)
{
	struct str text = STR_EMPTY, errors = STR_EMPTY;

	str_printf(&text, "%s\n%s", bad->text, rest);
	load_bad(text.data, &errors);
	ck_assert_msg(strncmp(errors.data, bad->error, strlen(bad->error)) == 0,
	    "%s\nexpected: %s\ngot: %s", bad->text, bad->error, errors.data);

	const char *end = strchr(errors.data, '\n');

	ck_assert_msg(end[1] == '\0', "%s\nmore than one error: %s", bad->text, errors.data);
	ck_assert_ptr_nonnull(strstr(errors.data, "; "));
	ck_assert_ptr_nonnull(strstr(errors.data, "(see postern.conf(5))\n"));
	str_free(&errors);
	str_free(&text);
}

#define EXPECT_ALL(cases, rest)                                   \
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) \
	expect(&cases[i], rest)

START_TEST(names_and_paths)
{
	static const struct bad cases[] = {
		{ "hostname = \"a b\"", "1: hostname = \"a b\": not a domain name" },
		{ "hostname = 192.0.2.1", "1: hostname = 192.0.2.1: not a domain name" },
		{ "hostname = ''", "1: hostname = \"\": not a domain name" },
		{ "hostname = -a.b", "1: hostname = -a.b: not a" },
		{ "\n\ndomain = @", "3: domain = @: not a domain name" },
		{ "spool = var/spool", "1: spool = var/spool: does not begin with /" },
		{ "spool = ''", "1: spool = \"\": empty" },
		{ "control = '/run/\n'", "2: control = \"/run/?\": has control characters" },
		{ "control = /run/123456789012345678901234567890123456789012345678901234567890"
		  "1234567890123456789012345678901234567890123",
		    "1: control = /run/1234" },
		{ "user = ''", "1: user = \"\": not a user name" },
		{ "user = 'a b'", "1: user = \"a b\": not a user name" },
		{ "user = -x", "1: user = -x: not a user name" },
	};

	EXPECT_ALL(cases, UPSTREAM);
}
END_TEST

START_TEST(quantities)
{
	static const struct bad cases[] = {
		{ "limits { recipients = 0 }", "1: limits: recipients = 0: too small" },
		{ "limits { recipients = 10001 }", "1: limits: recipients = 10001: too large" },
		{ "limits { connections = -1 }", "1: limits: connections = -1: cannot be read" },
		{ "limits { connections = 4294967297 }",
		    "1: limits: connections = 4294967297: too large" },
		{ "limits { errors = 99999999999999999999 }",
		    "1: limits: errors = 99999999999999999999: too large" },
		{ "limits { errors = 0x10 }", "1: limits: errors = 0x10: cannot be read" },
		{ "limits { message_size = 3X }",
		    "1: limits: message_size = 3X: cannot be read; allowed: a size from 1K to 2G" },
		{ "limits { message_size = 99999999999T }", "1: limits: message_size = 9999" },
		{ "limits { message_size = 3G }", "1: limits: message_size = 3G: too large" },
		{ "limits { message_size = 1 }", "1: limits: message_size = 1: too small" },
		{ "limits {\n idle = soon\n}", "2: limits: idle = soon: cannot be read" },
		{ "limits {\n\n idle = ''\n}", "3: limits: idle = \"\": cannot be read" },
		{ "limits { data = 2d }", "1: limits: data = 2d: too large" },
		{ "queue { lifetime = 0 }", "1: queue: lifetime = 0: too small" },
		{ "queue { retry_min = 1ms }", "1: queue: retry_min = 1ms: too small" },
		{ "log { target = file }",
		    "1: log: target = file: not known; allowed: stderr, syslog or journal" },
		{ "log { level = Info }", "1: log: level = Info: not known; allowed: error," },
		{ "log { format = xml }", "1: log: format = xml: not known" },
		{ "queue { bounce_from = 'postmaster' }", "1: queue: bounce_from = postmaster: " },
		{ "queue { bounce_from = '<>' }", "1: queue: bounce_from = <>: " },
	};

	EXPECT_ALL(cases, UPSTREAM);
}
END_TEST

START_TEST(queue)
{
	static const struct bad cases[] = {
		{ "queue { retry_min = 2h\nretry_max = 1h }",
		    "1: queue: retry_min = 2h: longer than retry_max; allowed" },
		{ "queue { warn_after = 5d }",
		    "1: queue: warn_after = 5d: not shorter than lifetime; allowed" },
		{ "queue {\nlifetime = 1h\nwarn_after = 2h }",
		    "3: queue: warn_after = 2h: not sho" },
	};

	EXPECT_ALL(cases, UPSTREAM);
}
END_TEST

#define ROUTE(keys) "route r { upstreams = p\n" keys " }\nroute rest { upstreams = p }"

START_TEST(routes)
{
	static const struct bad cases[] = {
		{ "route r { upstreams = p }\nroute s { to = x.example\nupstreams = p }",
		    "2: route \"s\": never used, since route \"r\" in line 1 takes all" },
		{ "route r { to = {a.example, b.example}\nupstreams = p }\n"
		  "route s { to = {B.Example}\nfrom = <>\nupstreams = p }\n"
		  "route t { upstreams = p }",
		    "3: route \"s\": never used, since route \"r\" in line 1" },
		{ "route r { to = x.example }\nroute rest { upstreams = p }",
		    "1: route \"r\": upstreams is missing" },
		{ "route r { to = x.example\nupstreams = p }",
		    "1: route \"r\": the last one, and mail that no route takes" },
		{ "route r { upstreams = nobody }",
		    "1: route \"r\": upstreams = nobody: there is no such upstream; allowed: "
		    "names of sections: p" },
		{ "route r { upstreams = {p,\np} }",
		    "2: route \"r\": upstreams = p: named twice; allowed: each upstream once" },
		{ ROUTE("listen = nobody"), "2: route \"r\": listen = nobody: there is no such "
					    "listener; allowed: names of sections: local, local6" },
		{ ROUTE("to = <>"), "2: route \"r\": to = <>: no message goes to <>; allowed" },
		{ ROUTE("to = .x.example"), "2: route \"r\": to = .x.example: has an empty part" },
		{ ROUTE("from = @x.example"), "2: route \"r\": from = @x.example: has nothing" },
		{ ROUTE("to = {}"), "1: route \"r\": to = {}: an empty list; allowed: addresses" },
		{ ROUTE("to = x.example\npriority = 10"),
		    "3: route \"r\": priority = 10: too large; allowed: a number from -9 to 9" },
		{ ROUTE("to = x.example\npriority = -10"), "3: route \"r\": priority = -10: too " },
		{ ROUTE("to = x.example\npriority = high"),
		    "3: route \"r\": priority = high: not" },
		{ "listen l { port = 0\npriority = ''}",
		    "2: listen \"l\": priority = \"\": not a" },
	};

	EXPECT_ALL(cases, UPSTREAM);
}
END_TEST

START_TEST(upstreams)
{
	static const struct bad cases[] = {
		{ "", "1: no upstream" },
		{ "#\n\n", "3: no upstream" },
		{ "upstream a {\n}", "1: upstream \"a\": host is missing" },
		{ "upstream a { host = [192.0.2.1] }",
		    "1: upstream \"a\": host = [192.0.2.1]: not" },
		{ "upstream a { host = 'smtp.example.com:587' }",
		    "1: upstream \"a\": host = smtp.example.com:587: not a host" },
		{ "upstream a { host = 192.0.2 }",
		    "1: upstream \"a\": host = 192.0.2: not a host" },
		{ "upstream a { host = '' }", "1: upstream \"a\": host = \"\": not a host" },
		{ "upstream a { host = b.c port = 0 }", "1: upstream \"a\": port = 0: too small" },
		{ "upstream a { host = b.c port = 65536 }",
		    "1: upstream \"a\": port = 65536: too large; allowed: a port number from 1 "
		    "to" },
		{ "upstream a { host = b.c port = smtp }",
		    "1: upstream \"a\": port = smtp: cannot" },
		{ "upstream a { host = b.c port = 25\nports = { 587 } }",
		    "2: upstream \"a\": ports = 587: port is given, too" },
		{ "upstream a { host = b.c port = 25\nports = { 99999 } }",
		    "2: upstream \"a\": ports = 99999: too large" },
		{ "upstream a { host = b.c port = 25 ports = { } }",
		    "1: upstream \"a\": ports = {}: an empty list" },
		{ "upstream a { host = b.c tls = yes }",
		    "1: upstream \"a\": tls = yes: not known" },
		{ "upstream a { host = b.c rate = 0/s }",
		    "1: upstream \"a\": rate = 0/s: not a rate" },
		{ "upstream a { host = b.c connections = 0 }",
		    "1: upstream \"a\": connections = 0" },
		{ "upstream a { host = b.c proxy = http://p:1 }",
		    "1: upstream \"a\": proxy = http://p:1: does not begin with socks5://" },
		{ "upstream a { host = b.c proxy = socks5://p }",
		    "1: upstream \"a\": proxy = socks5://p: does not end with a port" },
		{ "upstream a { host = b.c proxy = socks5://p:0 }",
		    "1: upstream \"a\": proxy = socks5://p:0: does not end with a port" },
		{ "upstream a { host = b.c proxy = socks5://:1 }",
		    "1: upstream \"a\": proxy = socks5://:1: has no host" },
		{ "upstream a { host = b.c proxy = socks5://::1:1 }",
		    "1: upstream \"a\": proxy = socks5://::1:1: has no host" },
		{ "upstream a { host = b.c proxy = 'socks5://[]:1' }",
		    "1: upstream \"a\": proxy = socks5://[]:1: has no host" },
		{ "upstream a { host = b.c proxy = socks5://p:1\nproxy_username = u }",
		    "2: upstream \"a\": proxy_username = u: proxy_password_file is missing" },
		{ "upstream a { host = b.c bind = localhost }",
		    "1: upstream \"a\": bind = localhost: not an IP address; allowed: an IPv4" },
		{ "upstream a { host = b.c\nbind = { ::1, 192.0.2.1,\n192.0.2.2 } }",
		    "3: upstream \"a\": bind = 192.0.2.2: a second IPv4 address" },
		{ "upstream a { host = b.c bind = { ::1, ::2 } }",
		    "1: upstream \"a\": bind = ::2: a second IPv6 address" },
		{ "upstream a { host = b.c bind = ::ffff:192.0.2.1 }",
		    "1: upstream \"a\": bind = ::ffff:192.0.2.1: an IPv4 address" },
		{ "upstream a { host = b.c timeout = 2h }",
		    "1: upstream \"a\": timeout = 2h: too la" },
		{ "upstream a { host = b.c ca_file = /nonexistent/x }",
		    "1: upstream \"a\": ca_file = /nonexistent/x: No such file or directory" },
		{ "upstream a { host = b.c tls = none\nca_file = /dev/null }",
		    "2: upstream \"a\": ca_file = /dev/null: without TLS" },
		{ "upstream a { host = b.c }\nupstream a { host = b.c }",
		    "2: upstream \"a\": the name is taken in line 1; allowed" },
		{ "upstream 'a b' { host = b.c }", "1: upstream \"a b\": not a name; allowed" },
		{ "upstream '' { host = b.c }", "1: upstream \"\": not a name; allowed" },
	};

	EXPECT_ALL(cases, "");
}
END_TEST

START_TEST(logins)
{
	static const struct bad cases[] = {
		{ "upstream a { host = b.c\nusername = u }",
		    "2: upstream \"a\": username = u: a password is missing; allowed" },
		{ "upstream a { host = b.c\npassword_file = p }",
		    "2: upstream \"a\": password_file = p: username is missing; allowed" },
		{ "upstream a { host = b.c username = u password_file = p\n\ntls = none }",
		    "3: upstream \"a\": tls = none: the password would travel in the clear" },
		{ "upstream a { host = b.c\npassword_env = P }",
		    "2: upstream \"a\": password_env = P: username is missing; allowed" },
		{ "upstream a { host = b.c username = u password_file = p\npassword_env = P }",
		    "2: upstream \"a\": password_env = P: there is another password; allowed: "
		    "one" },
		{ "upstream a { host = b.c username = u password_env = P\npassword_command = 'a b' "
		  "}",
		    "2: upstream \"a\": password_command = \"a b\": there is another password" },
		{ "upstream a { host = b.c username = u password_env = 1P }",
		    "1: upstream \"a\": password_env = 1P: not the name of a variable" },
		{ "upstream a { host = b.c username = u password_env = 'A=B' }",
		    "1: upstream \"a\": password_env = \"A=B\": not the name of a variable" },
		{ "upstream a { host = b.c username = u password_command = '' }",
		    "1: upstream \"a\": password_command = \"\": empty" },
		{ "upstream a { host = b.c\nauth = plain }",
		    "2: upstream \"a\": auth = plain: there is no login; allowed: with username" },
		{ "upstream a { host = b.c\nauth = foo }",
		    "2: upstream \"a\": auth = foo: not known; allowed: auto, plain, login, " },
		{ "upstream a { host = b.c username = u password_file = p\nauth = SCRAM }",
		    "2: upstream \"a\": auth = SCRAM: not known; allowed: auto, plain, login, " },
		{ "upstream a { host = b.c username = '' password_file = p }",
		    "1: upstream \"a\": username = \"\": empty" },
		{ "upstream a { host = b.c username = u password_file = '' }",
		    "1: upstream \"a\": password_file = \"\": empty" },
		{ "upstream a { host = b.c username = \"u\\n\" password_file = p }",
		    "1: upstream \"a\": username = \"u?\": has control characters" },
	};

	EXPECT_ALL(cases, "");
}
END_TEST

START_TEST(tls)
{
	static const struct bad cases[] = {
		{ "upstream a { host = b.c\nca_file = /nonexistent }",
		    "2: upstream \"a\": ca_file = /nonexistent: No such file or directory; "
		    "allowed" },
		{ "upstream a { host = b.c\nca_file = / }",
		    "2: upstream \"a\": ca_file = /: Is a directory" },
		{ "upstream a { host = b.c\nca_file = /etc/passwd }",
		    "2: upstream \"a\": ca_file = /etc/passwd: no certificate in PEM is in it" },
		{ "upstream a { host = b.c\nca_dir = /nonexistent }",
		    "2: upstream \"a\": ca_dir = /nonexistent: No such file or directory; "
		    "allowed" },
		{ "upstream a { host = b.c\nca_dir = /proc/self/fd }",
		    "2: upstream \"a\": ca_dir = /proc/self/fd: no file with a certificate" },
		{ "upstream a { host = b.c\ntls_pins = abcd }",
		    "2: upstream \"a\": tls_pins = abcd: not a SHA-256 fingerprint; allowed: "
		    "SHA-256" },
		{ "upstream a { host = b.c\ntls_pins = \"sha256//AAAA\" }",
		    "2: upstream \"a\": tls_pins = sha256//AAAA: not a SHA-256 fingerprint" },
		{ "upstream a { host = b.c\ntls_pins = { } }",
		    "1: upstream \"a\": tls_pins = {}: an empty list" },
		{ "upstream a { host = b.c\ntls_min = 1.4 }",
		    "2: upstream \"a\": tls_min = 1.4: not known; allowed: 1.0, 1.1, 1.2 or 1.3" },
		{ "upstream a { host = b.c\ntls_ciphers = \"ECDHE-RSA-AES128-GCM-SHA256:X\" }",
		    "2: upstream \"a\": tls_ciphers = ECDHE-RSA-AES128-GCM-SHA256:X: \"X\" is not "
		    "known to OpenSSL; allowed: names as in" },
		{ "upstream a { host = b.c\ntls_ciphers = TLS_X }",
		    "2: upstream \"a\": tls_ciphers = TLS_X: \"TLS_X\" is not known" },
		{ "upstream a { host = b.c\ntls_cert_file = x }",
		    "2: upstream \"a\": tls_cert_file = x: tls_key_file is missing" },
		{ "upstream a { host = b.c\ntls_key_file = x }",
		    "2: upstream \"a\": tls_key_file = x: tls_cert_file is missing" },
		{ "upstream a { host = b.c\nauth = external }",
		    "2: upstream \"a\": auth = external: tls_cert_file is missing" },
		{ "upstream a { host = b.c tls = none\ntls_min = 1.3 }",
		    "2: upstream \"a\": tls_min = 1.3: without TLS it has no meaning" },
	};

	EXPECT_ALL(cases, "");
}
END_TEST

START_TEST(listeners)
{
	static const struct bad cases[] = {
		{ "listen a { address = localhost }", "1: listen \"a\": address = localhost: not" },
		{ "listen a { address = [::1] }", "1: listen \"a\": address = [::1]: not an IP" },
		{ "listen a { port = 65536 }", "1: listen \"a\": port = 65536: too large" },
		{ "listen a { relay_from = 10.0.0.1/8 }",
		    "1: listen \"a\": relay_from = 10.0.0.1/8: the address has bits" },
		{ "listen a {\n relay_from = { 10.0.0.0/8,\n 10.0.0.0/33 } }",
		    "3: listen \"a\": relay_from = 10.0.0.0/33: the prefix" },
		{ "listen a { relay_from = app1 }", "1: listen \"a\": relay_from = app1: not an" },
		{ "\nlisten a {\n relay_from = { } }",
		    "2: listen \"a\": relay_from = {}: an empty" },
		{ "listen a { }\nlisten a { port = 26 }",
		    "2: listen \"a\": the name is taken in line 1" },
		{ "listen a { }\nlisten b { }",
		    "2: listen \"b\": address = 127.0.0.1, port = 25: taken by listen \"a\"" },
		{ "listen a { address = ::1 }\nlisten b { address = 0:0:0:0:0:0:0:1 }",
		    "2: listen \"b\": address = 0:0:0:0:0:0:0:1, port = 25: taken" },
		{ "listen a { address = 0.0.0.0 relay_from = 10.0.0.0/8 }\nlisten b { }",
		    "2: listen \"b\": address = 127.0.0.1, port = 25: taken by listen \"a\"" },
	};

	EXPECT_ALL(cases, UPSTREAM);
}
END_TEST

/* No file that is taken makes an open relay. */
START_TEST(listeners_with_tls)
{
	static const struct bad cases[] = {
		{ "listen a { tls = starttls }",
		    "1: listen \"a\": tls = starttls: tls_cert_file is missing" },
		{ "listen a {\ntls_key_file = k }",
		    "2: listen \"a\": tls_key_file = k: tls_cert_file is missing" },
		{ "listen a { tls_cert_file = c }",
		    "1: listen \"a\": tls_cert_file = c: tls_key_file is missing" },
		{ "listen a { tls_min = 1.3 }",
		    "1: listen \"a\": tls_min = 1.3: tls_cert_file is missing" },
		{ "listen a { tls_cert_file = c tls_key_file = k\ntls = none }",
		    "2: listen \"a\": tls = none: without TLS nobody sees" },
		{ "listen a { mode = 0600 }", "1: listen \"a\": mode = 0600: an address has no" },
		{ "listen a { address = /run/s mode = 1777 }",
		    "1: listen \"a\": mode = 1777: too large" },
		{ "listen a { address = /run/s mode = rw }",
		    "1: listen \"a\": mode = rw: cannot be read" },
		{ "listen a { address = /run/s\nport = 26 }",
		    "2: listen \"a\": port = 26: a unix socket has none" },
		{ "listen a { address = /run/s\nrelay_from = 127.0.0.1 }",
		    "2: listen \"a\": relay_from = 127.0.0.1: a unix socket has none" },
		{ "listen a { address = /run/s }\nlisten b { address = /run/s }",
		    "2: listen \"b\": address = /run/s, port = 0: taken by listen \"a\"" },
		{ "listen a { proxy_from = 0.0.0.0/0 }",
		    "1: listen \"a\": proxy_from = 0.0.0.0/0: lets everybody choose" },
		{ "listen a { proxy_from = 127.0.0.1\nrelay_from = 0.0.0.0/0 }",
		    "2: listen \"a\": relay_from = 0.0.0.0/0: makes an open relay" },
		{ "listen a { auth_required = yes }",
		    "1: listen \"a\": auth_required = yes: users_file is missing" },
		{ "listen a { auth_required = maybe users_file = u }",
		    "1: listen \"a\": auth_required = maybe: not known" },
		{ "listen a { address = 192.0.2.1 users_file = u }",
		    "1: listen \"a\": users_file = u: passwords would travel in the clear" },
		{ "listen a { tls_cert_file = c tls_key_file = k tls_min = 1.4 }",
		    "1: listen \"a\": tls_min = 1.4: not known" },
	};

	EXPECT_ALL(cases, UPSTREAM);
}
END_TEST

START_TEST(open_relays)
{
	static const char *const addresses[] = { "0.0.0.0", "::", "192.0.2.1", "2001:db8::1",
		"10.0.0.1", "::ffff:192.0.2.1" };
	static const char *const everybody[] = { "0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1",
		"::ffff:0:0/96", "::/64", "2000::/3", "::/1", "64.0.0.0/7", "8.0.0.0/8",
		"198.16.0.0/14", "2002::/16", "2001::/31", "172.0.0.0/8", "10.0.0.0/7" };

	for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
		char text[200], error[200];

		snprintf(text, sizeof text, "listen a {\naddress = %s }", addresses[i]);
		snprintf(error, sizeof error,
		    "2: listen \"a\": address = %s: other hosts reach it, and relay_from is "
		    "missing",
		    addresses[i]);
		expect(&(struct bad){ text, error }, UPSTREAM);
		for (size_t j = 0; j < sizeof everybody / sizeof *everybody; j++) {
			snprintf(text, sizeof text,
			    "listen a { address = %s\nrelay_from = { 10.0.0.0/8,\n%s } }",
			    addresses[i], everybody[j]);
			snprintf(error, sizeof error,
			    "3: listen \"a\": relay_from = %s: makes an open relay", everybody[j]);
			expect(&(struct bad){ text, error }, UPSTREAM);
		}
	}
}
END_TEST

START_TEST(listeners_that_are_fine)
{
	static const char *const texts[] = {
		"listen a { address = 0.0.0.0 relay_from = 10.0.0.0/8 }",
		"listen a { address = :: relay_from = { fc00::/7, fe80::/10, 2001:db8::/32 } }",
		"listen a { address = 192.0.2.1 relay_from = ::ffff:10.0.0.0/104 }",
		"listen a { address = 192.0.2.1 relay_from = { 198.51.0.0/16, 172.16.0.0/12 } }",
		"listen a { address = 127.0.0.53 relay_from = 0.0.0.0/0 }",
		"listen a { address = 0.0.0.0 relay_from = 0.0.0.0/0 users_file = u auth_required "
		"= yes tls_cert_file = c tls_key_file = k }",
		"listen a { address = 192.0.2.1 users_file = u tls_cert_file = c tls_key_file = k "
		"}",
		"listen a { users_file = u auth_required = yes }",
		"listen a { address = /run/s mode = 0600 users_file = u } listen b { address = /t "
		"}",
		"listen a { proxy_from = { 127.0.0.1, 192.0.2.0/28, ::1 } }",
		"listen a { port = 0 } listen b { port = 0 }",
		"listen a { } listen b { port = 26 }",
		"listen a { } upstream a { host = 192.0.2.1 }",
		"listen a { address = 0.0.0.0 relay_from = 10.0.0.0/8 } listen b { address = ::1 }",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct str text = STR_EMPTY;

		str_printf(&text, "%s\n%s", texts[i], UPSTREAM);

		struct config *config = load_good(text.data);

		config_free(&config);
		str_free(&text);
	}
}
END_TEST

/* One bad value is one error: nothing follows from what was not understood. */
START_TEST(all_problems_are_told_in_the_order_of_lines)
{
	struct str errors = STR_EMPTY;
	static const char *const lines[] = { "1: hostname = ", "2: nonsense: unknown key",
		"4: upstream \"a\": port = x", "4: upstream \"a\": tls = x", "5: queue: lifetime" };
	const char *at;

	load_bad("hostname = '?'\nnonsense = 1\nupstream a {\n port = x tls = x host = b.c }\n"
		 "queue { lifetime = 0 warn_after = 1 }",
	    &errors);
	at = errors.data;
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		ck_assert_msg(strncmp(at, lines[i], strlen(lines[i])) == 0, "%s\nin: %s", lines[i],
		    errors.data);
		at = strchr(at, '\n') + 1;
	}
	ck_assert_str_eq(at, "");
	str_free(&errors);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "values", names_and_paths, quantities);
	add_tests(suite, "rules", queue, routes, upstreams, logins, tls, listeners,
	    listeners_with_tls, open_relays, listeners_that_are_fine,
	    all_problems_are_told_in_the_order_of_lines);
}

UNIT_MAIN("config check")
