/* SPDX-License-Identifier: ISC */
/* complete.c - the defaults that depend on other keys or on this host. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/xalloc.h"
#include "config/build.h"
#include "config/config.h"
#include "config/hostname.h"
#include "config/list.h"
#include "config/path.h"

static const char default_user[] = "postern";
static const char *const loopback_networks[] = { "127.0.0.0/8", "::1/128" };

enum { PORT_SMTP = 25, PORT_SUBMISSION = 587, PORT_SUBMISSIONS = 465 };

/* Where providers begin with TLS: RFC 8314 3.3, and others of the kind that are in use. */
static const uint16_t implicit_ports[] = { PORT_SUBMISSIONS, 2465, 8465, 443 };

static bool
is_given(const struct raw_section *section, const char *name)
{
	return section != NULL && raw_find(section, name) != NULL;
}

static void
complete_names(struct config *config)
{
	if (config->hostname == NULL)
		config->hostname = hostname_find();
	if (config->domain == NULL)
		config->domain = xstrdup(config->hostname);
	if (geteuid() != 0) {
		free(config->user);
		config->user = NULL;
	} else if (config->user == NULL) {
		config->user = xstrdup(default_user);
	}
}

static void
relay_from_loopback(struct config_listen *listen)
{
	const struct key *key = key_find(SECTION_LISTEN, "relay_from");

	for (size_t i = 0; i < sizeof loopback_networks / sizeof *loopback_networks; i++)
		key->kind->set(key, loopback_networks[i], listen);
}

static void
add_default_listener(struct config *config, const char *name, const char *address)
{
	config->listen[config->nlisten++] = (struct config_listen){ .name = xstrdup(name),
		.address = xstrdup(address),
		.port = PORT_SMTP,
		.is_default = true };
}

/* Make a path absolute that was given relative to the config file. */
static void
anchor(const struct config *config, char **path)
{
	char *relative = *path;

	if (relative == NULL)
		return;
	*path = path_beside(config->file, relative);
	free(relative);
}

static enum tls_mode
usual_tls(uint16_t port)
{
	for (size_t i = 0; i < sizeof implicit_ports / sizeof *implicit_ports; i++)
		if (implicit_ports[i] == port)
			return TLS_IMPLICIT;
	return TLS_STARTTLS;
}

static void
complete_listener(
    const struct config *config, struct config_listen *listen, const struct raw_section *section)
{
	if (config_listen_is_unix(listen))
		listen->port = 0;
	/* Client sections say it all where there are any. */
	if (listen->relay_from.count == 0 && !config_has_clients(config, listen))
		relay_from_loopback(listen);
	anchor(config, &listen->users_file);
	listen->users_line = section == NULL ? 0 : raw_line(section, "users_file");
	if (listen->tls_cert_file == NULL)
		return;
	if (!is_given(section, "tls"))
		listen->tls = usual_tls(listen->port);
	anchor(config, &listen->tls_cert_file);
	anchor(config, &listen->tls_key_file);
	listen->certificate_line = raw_line(section, "tls_cert_file");
}

static void
complete_listeners(struct config *config, const struct raw *raw)
{
	if (config->nlisten == 0) {
		add_default_listener(config, "local", "127.0.0.1");
		add_default_listener(config, "local6", "::1");
	}
	for (size_t i = 0; i < config->nlisten; i++)
		complete_listener(config, &config->listen[i], raw_nth(raw, SECTION_LISTEN, i));
}

/* port and tls stand for the first of ports. */
static void
complete_ports(struct config_upstream *upstream, const struct raw_section *section)
{
	bool has_tls = is_given(section, "tls");

	if (upstream->nports > 0)
		upstream->port = upstream->ports[0].number;
	else if (!is_given(section, "port"))
		upstream->port =
		    has_tls && upstream->tls == TLS_IMPLICIT ? PORT_SUBMISSIONS : PORT_SUBMISSION;
	if (!has_tls)
		upstream->tls = usual_tls(upstream->port);
	if (upstream->nports == 0)
		upstream->ports[upstream->nports++].number = upstream->port;
	for (size_t i = 0; i < upstream->nports; i++)
		upstream->ports[i].tls =
		    has_tls ? upstream->tls : usual_tls(upstream->ports[i].number);
}

static void
complete_upstream(const struct config *config, struct config_upstream *upstream,
    const struct raw_section *section)
{
	complete_ports(upstream, section);
	anchor(config, &upstream->ca_file);
	anchor(config, &upstream->ca_dir);
	anchor(config, &upstream->tls_cert_file);
	anchor(config, &upstream->tls_key_file);
	anchor(config, &upstream->password_file);
	upstream->certificate_line = raw_line(section, "tls_cert_file");
	anchor(config, &upstream->proxy_password_file);
	upstream->proxy_password_line = raw_line(section, "proxy_password_file");
	upstream->password_line =
	    raw_line(section, upstream->password_env != NULL       ? "password_env"
			      : upstream->password_command != NULL ? "password_command"
								   : "password_file");
}

bool
route_takes_all(const struct config_route *route)
{
	return route->from.count == 0 && route->to.count == 0 && route->listen.count == 0;
}

static bool
is_named(const struct config *config, const char *upstream)
{
	for (size_t i = 0; i < config->nroute; i++)
		for (size_t j = 0; j < config->route[i].upstreams.count; j++)
			if (strcmp(config->route[i].upstreams.text[j], upstream) == 0)
				return true;
	return false;
}

/* What no route wants goes to the upstreams that no route names. */
static void
add_default_route(struct config *config)
{
	const struct key *key = key_find(SECTION_ROUTE, "upstreams");
	struct config_route rest = { .is_default = true };

	for (size_t i = 0; i < config->nupstream; i++)
		if (!is_named(config, config->upstream[i].name))
			key->kind->set(key, config->upstream[i].name, &rest);
	if (rest.upstreams.count == 0)
		return;
	rest.name = xstrdup("(default)");
	config->route[config->nroute++] = rest;
}

/* Names that are not known are left out: config_check() reports them. */
static void
find_upstreams(const struct config *config, struct config_route *route)
{
	size_t found = 0;

	route->upstream = xcalloc(route->upstreams.count + 1, sizeof *route->upstream);
	for (size_t i = 0; i < route->upstreams.count; i++)
		for (size_t j = 0; j < config->nupstream; j++)
			if (strcmp(config->upstream[j].name, route->upstreams.text[i]) == 0) {
				route->upstream[found++] = j;
				break;
			}
}

static void
complete_routes(struct config *config)
{
	bool has_all = false;

	for (size_t i = 0; i < config->nroute; i++)
		has_all |= route_takes_all(&config->route[i]);
	if (!has_all)
		add_default_route(config);
	for (size_t i = 0; i < config->nroute; i++)
		find_upstreams(config, &config->route[i]);
}

/* A default gives way when the other end of its range was set beyond it. */
static void
complete_queue(struct config_queue *queue, const struct raw_section *section)
{
	if (!is_given(section, "warn_after") && queue->warn_after_ms >= queue->lifetime_ms)
		queue->warn_after_ms = 0;
	if (!is_given(section, "retry_max") && queue->retry_max_ms < queue->retry_min_ms)
		queue->retry_max_ms = queue->retry_min_ms;
	if (!is_given(section, "retry_min") && queue->retry_min_ms > queue->retry_max_ms)
		queue->retry_min_ms = queue->retry_max_ms;
}

void
config_complete(struct config *config, const struct raw *raw)
{
	complete_names(config);
	complete_listeners(config, raw);
	for (size_t i = 0; i < config->nupstream; i++)
		complete_upstream(config, &config->upstream[i], raw_nth(raw, SECTION_UPSTREAM, i));
	complete_routes(config);
	complete_queue(&config->queue, raw_nth(raw, SECTION_QUEUE, 0));
}
