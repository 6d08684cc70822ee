/* SPDX-License-Identifier: ISC */
/* check_listen.c - the rules of listeners; whom they serve is checked in check_relay.c. */
#include <string.h>

#include "base/cidr.h"
#include "config/build.h"
#include "config/check.h"
#include "config/config.h"
#include "config/report.h"

/* The address as a network of one host, so that its texts compare. */
static struct cidr
host_of(const struct config_listen *listen)
{
	struct cidr host = { { 0 }, 0 };
	const char *why;

	if (cidr_parse(listen->address, &host, &why) < 0)
		host.bits = 0;
	return host;
}

static bool
is_wildcard(const struct config_listen *listen)
{
	return strcmp(listen->address, "0.0.0.0") == 0 || strcmp(listen->address, "::") == 0;
}

/* Whether the second of two cannot be bound: the same place, or one has it with all others. */
static bool
is_taken(const struct config_listen *a, const struct config_listen *b)
{
	struct cidr a_host = host_of(a), b_host = host_of(b);
	bool same_family = (strchr(a->address, ':') == NULL) == (strchr(b->address, ':') == NULL);

	if (config_listen_is_unix(a) || config_listen_is_unix(b))
		return strcmp(a->address, b->address) == 0;
	if (a->port != b->port || a->port == 0)
		return false;
	return memcmp(&a_host, &b_host, sizeof a_host) == 0 ||
	       (same_family && (is_wildcard(a) || is_wildcard(b)));
}

static void
check_place(const struct config *config, size_t at, const struct raw *raw, struct report *report)
{
	const struct config_listen *listen = &config->listen[at];
	const struct raw_section *section = raw_nth(raw, SECTION_LISTEN, at);

	if (raw_mentions(section, "address") && raw_find(section, "address") == NULL)
		return;
	for (size_t i = 0; i < at; i++)
		if (is_taken(&config->listen[i], listen)) {
			report_add(report, raw_line(section, "address"),
			    "listen \"%s\": address = %s, port = %u: taken by listen \"%s\"; "
			    "allowed: an address and port of its own for each",
			    listen->name, listen->address, listen->port, config->listen[i].name);
			return;
		}
}

/* A unix socket has neither port nor client addresses, and only it has a mode. */
static void
check_unix(
    const struct config_listen *listen, const struct raw_section *section, struct report *report)
{
	static const char *const of_inet[] = { "port", "relay_from", "proxy_from" };

	if (!config_listen_is_unix(listen) && raw_find(section, "mode") != NULL)
		raw_report(report, section, raw_find(section, "mode"),
		    "an address has no permissions", "with the path of a unix socket as address");
	for (size_t i = 0; config_listen_is_unix(listen) && i < sizeof of_inet / sizeof *of_inet;
	     i++)
		if (raw_find(section, of_inet[i]) != NULL)
			raw_report(report, section, raw_find(section, of_inet[i]),
			    "a unix socket has none", "with an IP address");
}

/* Report a key that says nothing without another one. */
static void
check_needs(
    const struct raw_section *section, const char *name, const char *needed, struct report *report)
{
	const struct raw_value *value = raw_find(section, name);

	if (value != NULL && !raw_mentions(section, needed))
		report_add(report, value->line,
		    "listen \"%s\": %s = %s: %s is missing; allowed: with it", section->title, name,
		    value->text, needed);
}

static void
check_listen_tls(
    const struct config_listen *listen, const struct raw_section *section, struct report *report)
{
	if (listen->tls != TLS_NONE)
		check_needs(section, "tls", "tls_cert_file", report);
	check_needs(section, "tls_key_file", "tls_cert_file", report);
	check_needs(section, "tls_min", "tls_cert_file", report);
	check_needs(section, "tls_cert_file", "tls_key_file", report);
	if (listen->tls == TLS_NONE && raw_find(section, "tls_cert_file") != NULL)
		raw_report(report, section, raw_find(section, "tls"),
		    "without TLS nobody sees the certificate",
		    "starttls or implicit, or no tls_cert_file");
}

/* A login is for TLS, or for who does not leave this host: somebody must be able to. */
static void
check_users(
    const struct config_listen *listen, const struct raw_section *section, struct report *report)
{
	if (listen->auth_required)
		check_needs(section, "auth_required", "users_file", report);
	if (listen->users_file != NULL && listen->tls == TLS_NONE && !check_is_on_this_host(listen))
		raw_report(report, section, raw_find(section, "users_file"),
		    "passwords would travel in the clear", "with tls_cert_file and tls_key_file");
}

void
check_listeners(const struct config *config, const struct raw *raw, struct report *report)
{
	for (size_t i = 0; i < config->nlisten && !config->listen[i].is_default; i++) {
		const struct raw_section *section = raw_nth(raw, SECTION_LISTEN, i);

		check_place(config, i, raw, report);
		check_unix(&config->listen[i], section, report);
		check_listen_tls(&config->listen[i], section, report);
		check_users(&config->listen[i], section, report);
	}
}
