/* SPDX-License-Identifier: ISC */
/* build.c - walks the sections and lets each key's kind read its values. */
#include "config/build.h"

#include <string.h>

#include "base/xalloc.h"
#include "config/config.h"
#include "config/report.h"

const struct raw_section *
raw_nth(const struct raw *raw, enum section_kind kind, size_t nth)
{
	for (size_t i = 0; i < raw->count; i++)
		if (raw->sections[i].kind == kind && nth-- == 0)
			return &raw->sections[i];
	return NULL;
}

static size_t
count_sections(const struct raw *raw, enum section_kind kind)
{
	size_t count = 0;

	while (raw_nth(raw, kind, count) != NULL)
		count++;
	return count;
}

/* The table's defaults, for all that has no value in the section; NULL: no such section. */
static void
set_defaults(enum section_kind kind, const struct raw_section *section, void *record)
{
	for (const struct key *key = config_keys[kind]; key->name != NULL; key++)
		if (key->fallback != NULL &&
		    (section == NULL || raw_find(section, key->name) == NULL))
			key->kind->set(key, key->fallback, record);
}

static void
set_values(struct raw_section *section, void *record, struct report *report)
{
	for (size_t i = 0; i < section->count; i++) {
		struct raw_value *value = &section->values[i];

		if (value->bad)
			continue;

		const char *why = value->key->kind->set(value->key, value->text, record);

		if (why != NULL) {
			raw_report(report, section, value, why, NULL);
			value->bad = true;
		}
	}
	set_defaults(section->kind, section, record);
}

/* The struct that a section fills; those with names take the next of their array. */
static void *
record_of(struct config *config, const struct raw_section *section)
{
	switch (section->kind) {
	case SECTION_LISTEN:
		config->listen[config->nlisten].name = xstrdup(section->title);
		return &config->listen[config->nlisten++];
	case SECTION_UPSTREAM:
		config->upstream[config->nupstream].name = xstrdup(section->title);
		return &config->upstream[config->nupstream++];
	case SECTION_ROUTE:
		config->route[config->nroute].name = xstrdup(section->title);
		return &config->route[config->nroute++];
	case SECTION_CLIENT:
		config->client[config->nclient].name = xstrdup(section->title);
		return &config->client[config->nclient++];
	case SECTION_QUEUE:
		return &config->queue;
	case SECTION_LIMITS:
		return &config->limits;
	case SECTION_LOG:
		return &config->log;
	case SECTION_TOP:
	case SECTION_KINDS:
		break;
	}
	return config;
}

/* Sections without a title are one of a kind; later ones are only checked. */
static void
report_twice(const struct raw *raw, const struct raw_section *section, struct report *report)
{
	const struct raw_section *first = raw_nth(raw, section->kind, 0);

	if (!config_sections[section->kind].has_title && first != section)
		report_add(report, section->line,
		    "%s: section given twice, first in line %u; allowed: once",
		    config_sections[section->kind].name, first->line);
}

void
config_build(struct config *config, struct raw *raw, struct report *report)
{
	/* More, for the default listeners and the default route; nothing moves later. */
	config->listen = xcalloc(count_sections(raw, SECTION_LISTEN) + 2, sizeof *config->listen);
	config->upstream =
	    xcalloc(count_sections(raw, SECTION_UPSTREAM) + 1, sizeof *config->upstream);
	config->route = xcalloc(count_sections(raw, SECTION_ROUTE) + 1, sizeof *config->route);
	config->client = xcalloc(count_sections(raw, SECTION_CLIENT) + 1, sizeof *config->client);

	set_defaults(SECTION_QUEUE, NULL, &config->queue);
	set_defaults(SECTION_LIMITS, NULL, &config->limits);
	set_defaults(SECTION_LOG, NULL, &config->log);
	for (size_t i = 0; i < raw->count; i++) {
		struct raw_section *section = &raw->sections[i];

		report_twice(raw, section, report);
		set_values(section, record_of(config, section), report);
	}
}
