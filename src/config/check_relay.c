/* SPDX-License-Identifier: ISC */
/*
 * check_relay.c - no file that passes makes an open relay: a listener that other hosts reach says
 * whom it serves, and that is never everybody, unless they log in.
 */
#include <netinet/in.h>
#include <string.h>

#include "base/cidr.h"
#include "config/build.h"
#include "config/check.h"
#include "config/config.h"
#include "config/list.h"
#include "config/report.h"

/*
 * More than any one site has: 0.0.0.0/0 in pieces, or a mask mistyped.  Counted in bits of
 * IPv4-mapped addresses, as struct cidr does.
 */
enum { MAPPED_BITS = 96, WIDEST_IPV4 = MAPPED_BITS + 16, WIDEST_IPV6 = 32 };

#define NARROW                                                                                \
	"networks of /16 or less (IPv6: /32); private ones, such as 10.0.0.0/8 or fc00::/7, " \
	"may be wider"

/* Which no router passes on to the Internet: RFC 1918, 3927, 4193, 6598. */
static const char *const local_networks[] = { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",
	"100.64.0.0/10", "169.254.0.0/16", "127.0.0.0/8", "fc00::/7", "fe80::/10" };

static bool
is_inside(const struct cidr *network, const char *outer)
{
	struct cidr wide;
	const char *why;

	return cidr_parse(outer, &wide, &why) == 0 && cidr_is_inside(network, &wide);
}

static bool
is_everybody(const struct cidr *network)
{
	static const struct cidr all_ipv4 = { { [10] = 0xff, [11] = 0xff }, MAPPED_BITS };

	for (size_t i = 0; i < sizeof local_networks / sizeof *local_networks; i++)
		if (is_inside(network, local_networks[i]))
			return false;
	if (cidr_is_inside(network, &all_ipv4))
		return network->bits < WIDEST_IPV4;
	return network->bits < WIDEST_IPV6 || cidr_is_inside(&all_ipv4, network);
}

bool
check_is_on_this_host(const struct config_listen *listen)
{
	struct cidr host;
	const char *why;

	return config_listen_is_unix(listen) ||
	       (cidr_parse(listen->address, &host, &why) == 0 && cidr_is_loopback(&host));
}

/* Whether its clients' addresses say nothing, and anybody may be one. */
static bool
is_reached_by_all(const struct config_listen *listen)
{
	return !listen->auth_required &&
	       (!check_is_on_this_host(listen) || listen->proxy_from.count > 0);
}

/* Report each network of a list that is more than one site has. */
static void
check_networks(const struct raw_section *section, const char *name, const char *why,
    const char *allowed, struct report *report)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct raw_value *value = &section->values[i];
		struct cidr network;
		const char *bad;

		if (!value->bad && strcmp(value->key->name, name) == 0 &&
		    cidr_parse(value->text, &network, &bad) == 0 && is_everybody(&network))
			raw_report(report, section, value, why, allowed);
	}
}

static void
check_listener(const struct config *config, const struct config_listen *listen,
    const struct raw_section *section, struct report *report)
{
	/* Who logs in needs no network. */
	if (!check_is_on_this_host(listen) && !raw_mentions(section, "relay_from") &&
	    !raw_mentions(section, "users_file") && !config_has_clients(config, listen))
		report_add(report, raw_line(section, "address"),
		    "listen \"%s\": address = %s: other hosts reach it, and relay_from is missing; "
		    "allowed: with relay_from = { the networks that may relay }, or a client "
		    "section",
		    listen->name, listen->address);
	if (is_reached_by_all(listen))
		check_networks(section, "relay_from",
		    "makes an open relay, as other hosts reach this listener", NARROW, report);
	check_networks(
	    section, "proxy_from", "lets everybody choose a client's address", NARROW, report);
}

/* The first listener at which a client section lets in who has not logged in; NULL: none. */
static const struct config_listen *
find_open(const struct config *config, const struct config_client *client)
{
	if (!client->relay || client->users.count > 0)
		return NULL;
	for (size_t i = 0; i < config->nlisten; i++)
		if (config_client_is_about(client, &config->listen[i]) &&
		    is_reached_by_all(&config->listen[i]))
			return &config->listen[i];
	return NULL;
}

static void
check_client(const struct config *config, const struct config_client *client,
    const struct raw_section *section, struct report *report)
{
	const struct config_listen *open = find_open(config, client);

	if (open == NULL || raw_mentions(section, "users"))
		return;
	if (!raw_mentions(section, "match"))
		report_add(report, section->line,
		    "client \"%s\": without match it makes an open relay, as other hosts reach "
		    "listen \"%s\"; allowed: with match = { the networks of your own hosts }, with "
		    "users, with listen = { those that only this host reaches }, or relay = no",
		    client->name, open->name);
	check_networks(section, "match", "makes an open relay, as other hosts reach a listener",
	    NARROW, report);
}

void
check_relay(const struct config *config, const struct raw *raw, struct report *report)
{
	for (size_t i = 0; i < config->nlisten && !config->listen[i].is_default; i++)
		check_listener(config, &config->listen[i], raw_nth(raw, SECTION_LISTEN, i), report);
	for (size_t i = 0; i < config->nclient; i++)
		check_client(config, &config->client[i], raw_nth(raw, SECTION_CLIENT, i), report);
}
