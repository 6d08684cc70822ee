/* SPDX-License-Identifier: ISC */
/* check_client.c - the rules of client sections: what they name is there, and each has a use. */
#include "base/cidr.h"
#include "config/build.h"
#include "config/check.h"
#include "config/config.h"
#include "config/list.h"
#include "config/report.h"

static void
check_size(const struct config *config, const struct config_client *client,
    const struct raw_section *section, struct report *report)
{
	if (client->message_size > config->limits.message_size)
		raw_report(report, section, raw_find(section, "message_size"),
		    "more than message_size in the section limits", "at most as much as there");
}

/* Somebody must be able to log in. */
static void
check_users(const struct config *config, const struct config_client *client,
    const struct raw_section *section, struct report *report)
{
	for (size_t i = 0; i < config->nlisten; i++)
		if (config_client_is_about(client, &config->listen[i]) &&
		    config->listen[i].users_file != NULL)
			return;
	if (raw_find(section, "users") != NULL)
		raw_report(report, section, raw_find(section, "users"), "nobody can log in there",
		    "with a users_file for a listener that it is about");
}

/* Whether the names that meet the later list meet the earlier one. */
static bool
covers_names(const struct config_list *earlier, const struct config_list *later)
{
	for (size_t i = 0; i < later->count; i++)
		if (!config_list_names(earlier, later->text[i]))
			return false;
	return later->count > 0 || earlier->count == 0;
}

static bool
covers_users(const struct config_list *earlier, const struct config_list *later)
{
	return covers_names(earlier, later) ||
	       (later->count > 0 && config_list_names(earlier, "*"));
}

static bool
covers_network(const struct cidr_list *earlier, const struct cidr *network)
{
	for (size_t i = 0; i < earlier->count; i++)
		if (cidr_is_inside(network, &earlier->network[i]))
			return true;
	return earlier->count == 0;
}

static bool
covers_networks(const struct cidr_list *earlier, const struct cidr_list *later)
{
	for (size_t i = 0; i < later->count; i++)
		if (!covers_network(earlier, &later->network[i]))
			return false;
	return later->count > 0 || earlier->count == 0;
}

/* Whoever meets the later one met this one before. */
static bool
covers(const struct config_client *earlier, const struct config_client *later)
{
	return covers_networks(&earlier->match, &later->match) &&
	       covers_users(&earlier->users, &later->users) &&
	       covers_names(&earlier->listen, &later->listen);
}

static void
check_reach(const struct config *config, size_t at, const struct raw *raw, struct report *report)
{
	const struct raw_section *section = raw_nth(raw, SECTION_CLIENT, at);

	for (size_t i = 0; i < at && raw_is_sound(section); i++) {
		const struct raw_section *earlier = raw_nth(raw, SECTION_CLIENT, i);

		if (!raw_is_sound(earlier) || !covers(&config->client[i], &config->client[at]))
			continue;
		report_add(report, section->line,
		    "client \"%s\": never used, since client \"%s\" in line %u matches whom it "
		    "would match; allowed: sections for few before those for many",
		    section->title, earlier->title, earlier->line);
		return;
	}
}

void
check_clients(const struct config *config, const struct raw *raw, struct report *report)
{
	for (size_t i = 0; i < config->nclient; i++) {
		const struct raw_section *section = raw_nth(raw, SECTION_CLIENT, i);

		check_known(config, section, "listen", report);
		check_size(config, &config->client[i], section, report);
		check_users(config, &config->client[i], section, report);
		check_reach(config, i, raw, report);
	}
}
