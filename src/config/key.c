/* SPDX-License-Identifier: ISC */
/*
 * key.c - the table of keys.  A new key is a row here, a field in config.h and a paragraph in
 * postern.conf(5).  Defaults that depend on other keys are worked out in complete.c.
 */
#include "config/key.h"

#include <string.h>

#include "base/str.h"
#include "config/config.h"

const struct section config_sections[SECTION_KINDS] = {
	[SECTION_LISTEN] = { "listen", true },
	[SECTION_UPSTREAM] = { "upstream", true },
	[SECTION_ROUTE] = { "route", true },
	[SECTION_QUEUE] = { "queue", false },
	[SECTION_LIMITS] = { "limits", false },
	[SECTION_LOG] = { "log", false },
	[SECTION_CLIENT] = { "client", true },
};

/* clang-format off */
#define AT(record, field) offsetof(struct record, field)

static const struct key top_keys[] = {
	{ "hostname", &kind_domain, NULL, NULL, NULL, AT(config, hostname) },
	{ "domain",   &kind_domain, NULL, NULL, NULL, AT(config, domain) },
	{ "spool",    &kind_path, POSTERN_SPOOLDIR, NULL, "4000", AT(config, spool) },
	{ "user",     &kind_user, NULL, NULL, NULL, AT(config, user) },
	/* sun_path of a unix socket holds 107 octets and a NUL. */
	{ "control",  &kind_path, POSTERN_RUNDIR "/control.sock", NULL, "107", AT(config, control) },
	{ .name = NULL }
};

static const struct key listen_keys[] = {
	{ "address",    &kind_address, "127.0.0.1", NULL, "107", AT(config_listen, address) },
	{ "port",       &kind_port, "25", "0", "65535", AT(config_listen, port) },
	{ "mode",       &kind_mode, "0666", "0", "0777", AT(config_listen, mode) },
	{ "relay_from", &kind_networks, NULL, NULL, NULL, AT(config_listen, relay_from) },
	{ "priority",   &kind_priority, NULL, "-9", "9", AT(config_listen, priority) },
	{ "proxy_from", &kind_balancers, NULL, NULL, NULL, AT(config_listen, proxy_from) },
	{ "tls",        &kind_tls, NULL, NULL, NULL, AT(config_listen, tls) },
	{ "tls_cert_file", &kind_file, NULL, NULL, NULL, AT(config_listen, tls_cert_file) },
	{ "tls_key_file",  &kind_file, NULL, NULL, NULL, AT(config_listen, tls_key_file) },
	{ "tls_min",    &kind_tls_min, "1.2", NULL, NULL, AT(config_listen, tls_min) },
	{ "bare_lf",    &kind_bare_lf, "normalize", NULL, NULL, AT(config_listen, bare_lf) },
	{ "users_file", &kind_file, NULL, NULL, NULL, AT(config_listen, users_file) },
	{ "auth_required", &kind_answer, "no", NULL, NULL, AT(config_listen, auth_required) },
	{ .name = NULL }
};

static const struct key upstream_keys[] = {
	{ "host",          &kind_host, NULL, NULL, NULL, AT(config_upstream, host) },
	{ "port",          &kind_port, NULL, "1", "65535", AT(config_upstream, port) },
	{ "ports",         &kind_ports, NULL, "1", "65535", AT(config_upstream, ports) },
	{ "tls",           &kind_tls, NULL, NULL, NULL, AT(config_upstream, tls) },
	{ "ca_file",       &kind_file, NULL, NULL, NULL, AT(config_upstream, ca_file) },
	{ "ca_dir",        &kind_file, NULL, NULL, NULL, AT(config_upstream, ca_dir) },
	{ "tls_cert_file", &kind_file, NULL, NULL, NULL, AT(config_upstream, tls_cert_file) },
	{ "tls_key_file",  &kind_file, NULL, NULL, NULL, AT(config_upstream, tls_key_file) },
	{ "tls_pins",      &kind_pins, NULL, NULL, NULL, AT(config_upstream, tls_pins) },
	{ "tls_min",       &kind_tls_min, "1.2", NULL, NULL, AT(config_upstream, tls_min) },
	{ "tls_ciphers",   &kind_ciphers, NULL, NULL, "1000", AT(config_upstream, tls_ciphers) },
	{ "username",      &kind_text, NULL, NULL, "255", AT(config_upstream, username) },
	{ "password_file", &kind_file, NULL, NULL, NULL, AT(config_upstream, password_file) },
	{ "password_env",  &kind_variable, NULL, NULL, "100", AT(config_upstream, password_env) },
	{ "password_command", &kind_text, NULL, NULL, "1000",
	    AT(config_upstream, password_command) },
	{ "auth",          &kind_auth, "auto", NULL, NULL, AT(config_upstream, auth) },
	{ "proxy",         &kind_proxy, NULL, NULL, NULL, AT(config_upstream, proxy_host) },
	{ "proxy_username", &kind_text, NULL, NULL, "255", AT(config_upstream, proxy_username) },
	{ "proxy_password_file", &kind_file, NULL, NULL, NULL,
	    AT(config_upstream, proxy_password_file) },
	{ "bind",          &kind_sources, NULL, NULL, NULL, AT(config_upstream, bind4) },
	{ "connections",   &kind_number, "10", "1", "1000", AT(config_upstream, connections) },
	{ "rate",          &kind_rate, NULL, NULL, NULL, AT(config_upstream, rate) },
	{ "timeout",       &kind_duration, "5m", "100ms", "1h", AT(config_upstream, timeout_ms) },
	{ "senders",       &kind_senders, NULL, NULL, NULL, AT(config_upstream, senders) },
	{ "pipelining",    &kind_pipelining, "stream", NULL, NULL, AT(config_upstream, pipelining) },
	{ "long_lines",    &kind_long_lines, "encode", NULL, NULL, AT(config_upstream, long_lines) },
	{ .name = NULL }
};

static const struct key route_keys[] = {
	{ "from",      &kind_senders, NULL, NULL, NULL, AT(config_route, from) },
	{ "to",        &kind_recipients, NULL, NULL, NULL, AT(config_route, to) },
	{ "listen",    &kind_names, NULL, NULL, NULL, AT(config_route, listen) },
	{ "upstreams", &kind_names, NULL, NULL, NULL, AT(config_route, upstreams) },
	{ "priority",  &kind_priority, NULL, "-9", "9", AT(config_route, priority) },
	{ .name = NULL }
};

static const struct key queue_keys[] = {
	{ "lifetime",    &kind_duration, "5d", "1s", "365d", AT(config_queue, lifetime_ms) },
	{ "warn_after",  &kind_duration, "4h", "0", "365d", AT(config_queue, warn_after_ms) },
	{ "retry_min",   &kind_duration, "1m", "100ms", "1d", AT(config_queue, retry_min_ms) },
	{ "retry_max",   &kind_duration, "1h", "100ms", "7d", AT(config_queue, retry_max_ms) },
	{ "bounce_from", &kind_mailbox, NULL, NULL, NULL, AT(config_queue, bounce_from) },
	{ .name = NULL }
};

static const struct key limits_keys[] = {
	{ "message_size", &kind_size, "50M", "1K", "2G", AT(config_limits, message_size) },
	{ "recipients",   &kind_number, "1000", "1", "10000", AT(config_limits, recipients) },
	{ "connections",  &kind_number, "1000", "1", "100000", AT(config_limits, connections) },
	{ "connections_per_client", &kind_number, "1000", "1", "100000",
	    AT(config_limits, connections_per_client) },
	{ "errors",       &kind_number, "20", "1", "1000", AT(config_limits, errors) },
	{ "idle",         &kind_duration, "5m", "100ms", "1d", AT(config_limits, idle_ms) },
	{ "data",         &kind_duration, "10m", "100ms", "1d", AT(config_limits, data_ms) },
	/* RFC 4865 3: EHLO tells it in up to 9 digits of seconds. */
	{ "future_release", &kind_duration, "7d", "0", "365d", AT(config_limits, future_release_ms) },
	{ "min_free",     &kind_size, "100M", "0", "1024T", AT(config_limits, min_free) },
	{ .name = NULL }
};

static const struct key log_keys[] = {
	{ "target", &kind_target, "stderr", NULL, NULL, AT(config_log, target) },
	{ "format", &kind_format, "text", NULL, NULL, AT(config_log, format) },
	{ "level",  &kind_level, "info", NULL, NULL, AT(config_log, level) },
	{ .name = NULL }
};

static const struct key client_keys[] = {
	{ "match",      &kind_networks, NULL, NULL, NULL, AT(config_client, match) },
	{ "users",      &kind_names, NULL, NULL, NULL, AT(config_client, users) },
	{ "listen",     &kind_names, NULL, NULL, NULL, AT(config_client, listen) },
	{ "relay",      &kind_answer, "yes", NULL, NULL, AT(config_client, relay) },
	{ "senders",    &kind_senders, NULL, NULL, NULL, AT(config_client, senders) },
	{ "recipients", &kind_recipients, NULL, NULL, NULL, AT(config_client, recipients) },
	{ "refuse_recipients", &kind_recipients, NULL, NULL, NULL,
	    AT(config_client, refuse_recipients) },
	{ "message_size", &kind_size, NULL, "1K", "2G", AT(config_client, message_size) },
	{ "rate",       &kind_rate, NULL, NULL, NULL, AT(config_client, rate) },
	{ "connections", &kind_number, NULL, "1", "100000", AT(config_client, connections) },
	{ .name = NULL }
};
/* clang-format on */

const struct key *const config_keys[SECTION_KINDS] = {
	[SECTION_TOP] = top_keys,
	[SECTION_LISTEN] = listen_keys,
	[SECTION_UPSTREAM] = upstream_keys,
	[SECTION_ROUTE] = route_keys,
	[SECTION_QUEUE] = queue_keys,
	[SECTION_LIMITS] = limits_keys,
	[SECTION_LOG] = log_keys,
	[SECTION_CLIENT] = client_keys,
};

const struct key *
key_find(enum section_kind section, const char *name)
{
	for (const struct key *key = config_keys[section]; key->name != NULL; key++)
		if (strcmp(key->name, name) == 0)
			return key;
	return NULL;
}

void
key_describe(const struct key *key, struct str *out)
{
	const char *at = key->kind->allowed, *mark;

	for (; (mark = strchr(at, '%')) != NULL; at = mark + 4) {
		str_add(out, at, (size_t)(mark - at));
		str_puts(out, strncmp(mark, "%min", 4) == 0 ? key->min : key->max);
	}
	str_puts(out, at);
}
