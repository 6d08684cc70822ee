/* SPDX-License-Identifier: ISC */
/*
 * check.c - the rules between keys, each with a message that says how to keep it.
 * Values that made no sense by themselves are reported already, and count as not given here.
 */
#include "config/check.h"

#include <stdlib.h>
#include <string.h>

#include "config/build.h"
#include "config/config.h"
#include "config/report.h"

#define NAME_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"

enum { NAME_MAX_LEN = 64 };

static bool
is_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len <= NAME_MAX_LEN && name[strspn(name, NAME_CHARACTERS)] == '\0';
}

/* The first of the sections of this kind and name. */
static const struct raw_section *
first_named(const struct raw *raw, const struct raw_section *section)
{
	for (size_t i = 0; i < raw->count; i++)
		if (raw->sections[i].kind == section->kind &&
		    strcmp(raw->sections[i].title, section->title) == 0)
			return &raw->sections[i];
	return section;
}

/* Names stand in logs and in the status, and scripts look for them. */
static void
check_names(const struct raw *raw, struct report *report)
{
	for (size_t i = 0; i < raw->count; i++) {
		const struct raw_section *section = &raw->sections[i];

		if (section->title == NULL)
			continue;

		const struct raw_section *first = first_named(raw, section);
		const char *kind = config_sections[section->kind].name;

		if (!is_name(section->title))
			report_add(report, section->line,
			    "%s \"%.100s\": not a name; allowed: 1 to %d letters, digits and . _ -",
			    kind, section->title, NAME_MAX_LEN);
		else if (first != section)
			report_add(report, section->line,
			    "%s \"%s\": the name is taken in line %u; allowed: one of its own for "
			    "each",
			    kind, section->title, first->line);
	}
}

static void
check_queue(const struct config_queue *queue, const struct raw *raw, struct report *report)
{
	const struct raw_section *section = raw_nth(raw, SECTION_QUEUE, 0);
	const struct raw_value *value;

	if (section == NULL)
		return;
	value = raw_find(section, "warn_after");
	if (value != NULL && queue->warn_after_ms >= queue->lifetime_ms)
		raw_report(report, section, value, "not shorter than lifetime",
		    "less than lifetime, or 0 for no warning");
	value = raw_find(section, "retry_min");
	if (value != NULL && queue->retry_min_ms > queue->retry_max_ms)
		raw_report(report, section, value, "longer than retry_max", "at most retry_max");
}

void
config_check(const struct config *config, const struct raw *raw, struct report *report)
{
	check_names(raw, report);
	check_listeners(config, raw, report);
	check_relay(config, raw, report);
	check_clients(config, raw, report);
	check_upstreams(config, raw, report);
	check_routes(config, raw, report);
	check_queue(&config->queue, raw, report);
}
