/* SPDX-License-Identifier: ISC */
/* check_upstream.c - the rules of upstreams: above all, a password never travels in the clear. */
#include <stdlib.h>

#include "base/xalloc.h"
#include "config/build.h"
#include "config/check.h"
#include "config/config.h"
#include "config/report.h"

/* Report a key that breaks a rule, with its value. */
static void
broken(struct report *report, const struct raw_section *section, const char *name, const char *why,
    const char *allowed)
{
	raw_report(report, section, raw_find(section, name), why, allowed);
}

static const char *const sources[] = { "password_file", "password_env", "password_command" };

#define PASSWORD_KEYS "password_file, password_env and password_command"

/* The key that a section has a password by, or NULL; more than one is reported. */
static const char *
find_password(const struct raw_section *section, struct report *report)
{
	const char *found = NULL;

	for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
		if (!raw_mentions(section, sources[i]))
			continue;
		if (found != NULL && raw_find(section, sources[i]) != NULL)
			broken(report, section, sources[i], "there is another password",
			    "one of " PASSWORD_KEYS);
		found = sources[i];
	}
	return found;
}

static void
check_login(const struct raw_section *section, const struct config_upstream *upstream,
    struct report *report)
{
	bool username = raw_mentions(section, "username");
	const char *password = find_password(section, report);

	bool cert = raw_mentions(section, "tls_cert_file");

	if (upstream->auth == AUTH_EXTERNAL && !cert)
		broken(report, section, "auth", "tls_cert_file is missing",
		    "external with tls_cert_file and tls_key_file");
	if (upstream->username != NULL && password == NULL &&
	    !(cert && (upstream->auth == AUTH_AUTO || upstream->auth == AUTH_EXTERNAL)))
		broken(report, section, "username", "a password is missing",
		    "with one of " PASSWORD_KEYS ", or no login at all");
	if (password != NULL && raw_find(section, password) != NULL && !username)
		broken(report, section, password, "username is missing",
		    "with username, or no login at all");
	if (upstream->auth != AUTH_EXTERNAL && raw_find(section, "auth") != NULL && !username &&
	    password == NULL)
		broken(report, section, "auth", "there is no login",
		    "with username and one of " PASSWORD_KEYS);
	if (upstream->tls == TLS_NONE && (username || password != NULL))
		broken(report, section, "tls", "the password would travel in the clear",
		    "starttls or implicit, or no username and password");
}

/* A key that means nothing without another one. */
static void
check_needs(
    const struct raw_section *section, const char *name, const char *other, struct report *report)
{
	static const char allowed[] = "proxy alone, or with proxy_username and proxy_password_file";

	if (raw_find(section, name) == NULL || raw_mentions(section, other))
		return;

	char *why = xasprintf("%s is missing", other);

	broken(report, section, name, why, allowed);
	free(why);
}

static void
check_proxy(const struct raw_section *section, struct report *report)
{
	check_needs(section, "proxy_username", "proxy", report);
	check_needs(section, "proxy_username", "proxy_password_file", report);
	check_needs(section, "proxy_password_file", "proxy_username", report);
}

void
check_upstreams(const struct config *config, const struct raw *raw, struct report *report)
{
	if (config->nupstream == 0)
		report_add(report, raw->lines,
		    "no upstream: mail could go nowhere; needed: upstream \"NAME\" { host = ... }");
	for (size_t i = 0; i < config->nupstream; i++) {
		const struct config_upstream *upstream = &config->upstream[i];
		const struct raw_section *section = raw_nth(raw, SECTION_UPSTREAM, i);

		if (!raw_mentions(section, "host"))
			report_add(report, section->line,
			    "upstream \"%s\": host is missing; needed: host = the provider's name",
			    upstream->name);
		if (raw_mentions(section, "port") && raw_find(section, "ports") != NULL)
			broken(report, section, "ports", "port is given, too",
			    "one of port and ports");
		check_login(section, upstream, report);
		check_tls(section, upstream, report);
		check_proxy(section, report);
	}
}
