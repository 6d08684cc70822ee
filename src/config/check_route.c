/* SPDX-License-Identifier: ISC */
/*
 * check_route.c - the rules of routes: what they name is there, each of them may be met, and no
 * message is left without a way.
 */
#include <string.h>

#include "base/str.h"
#include "config/build.h"
#include "config/check.h"
#include "config/config.h"
#include "config/list.h"
#include "config/report.h"

/* The ith name that a value of this key may be; NULL: there are no more. */
static const char *
name_at(const struct config *config, const char *key, size_t i)
{
	if (strcmp(key, "listen") == 0)
		return i < config->nlisten ? config->listen[i].name : NULL;
	return i < config->nupstream ? config->upstream[i].name : NULL;
}

static bool
is_known(const struct config *config, const char *key, const char *name)
{
	const char *known;

	for (size_t i = 0; (known = name_at(config, key, i)) != NULL; i++)
		if (strcmp(known, name) == 0)
			return true;
	return false;
}

static void
report_unknown(const struct config *config, const struct raw_section *section,
    const struct raw_value *value, struct report *report)
{
	struct str allowed = STR_EMPTY;
	const char *known, *key = value->key->name;

	str_puts(&allowed, "names of sections: ");
	for (size_t i = 0; (known = name_at(config, key, i)) != NULL; i++)
		str_printf(&allowed, "%s%s", i > 0 ? ", " : "", known);
	raw_report(report, section, value,
	    strcmp(key, "listen") == 0 ? "there is no such listener" : "there is no such upstream",
	    str_is_bad(&allowed) ? "" : allowed.data);
	str_free(&allowed);
}

void
check_known(const struct config *config, const struct raw_section *section, const char *key,
    struct report *report)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct raw_value *value = &section->values[i];

		if (!value->bad && strcmp(value->key->name, key) == 0 &&
		    !is_known(config, key, value->text))
			report_unknown(config, section, value, report);
	}
}

/* Whether the upstream of this value was named before it. */
static bool
is_repeated(const struct raw_section *section, const struct raw_value *value)
{
	for (const struct raw_value *other = section->values; other < value; other++)
		if (!other->bad && other->key == value->key &&
		    strcmp(other->text, value->text) == 0)
			return true;
	return false;
}

static void
check_repeated(const struct raw_section *section, struct report *report)
{
	for (size_t i = 0; i < section->count; i++) {
		const struct raw_value *value = &section->values[i];

		if (!value->bad && strcmp(value->key->name, "upstreams") == 0 &&
		    is_repeated(section, value))
			raw_report(report, section, value, "named twice",
			    "each upstream once, in the order in which they are used");
	}
}

/* Whatever the later one takes was taken by this one before. */
static bool
covers(const struct config_route *earlier, const struct config_route *later)
{
	return config_list_covers(&earlier->from, &later->from) &&
	       config_list_covers(&earlier->to, &later->to) &&
	       config_list_covers(&earlier->listen, &later->listen);
}

static void
check_reach(const struct config *config, size_t at, const struct raw *raw, struct report *report)
{
	const struct raw_section *section = raw_nth(raw, SECTION_ROUTE, at);

	for (size_t i = 0; i < at && raw_is_sound(section); i++) {
		const struct raw_section *earlier = raw_nth(raw, SECTION_ROUTE, i);

		if (!raw_is_sound(earlier) || !covers(&config->route[i], &config->route[at]))
			continue;
		report_add(report, section->line,
		    "route \"%s\": never used, since route \"%s\" in line %u takes all that it "
		    "would take; allowed: routes for less before those for more",
		    section->title, earlier->title, earlier->line);
		return;
	}
}

static void
check_way_out(const struct config *config, const struct raw *raw, struct report *report)
{
	const struct raw_section *section = raw_nth(raw, SECTION_ROUTE, config->nroute - 1);

	for (size_t i = 0; i < config->nroute; i++)
		if (route_takes_all(&config->route[i]))
			return;
	report_add(report, section->line,
	    "route \"%s\": the last one, and mail that no route takes could go nowhere; needed: a "
	    "route without from, to and listen behind it, or an upstream that no route names",
	    section->title);
}

static void
check_route(const struct config *config, size_t at, const struct raw *raw, struct report *report)
{
	const struct raw_section *section = raw_nth(raw, SECTION_ROUTE, at);

	if (!raw_mentions(section, "upstreams"))
		report_add(report, section->line,
		    "route \"%s\": upstreams is missing; needed: upstreams = { names of upstream "
		    "sections, the first to be used first }",
		    section->title);
	check_known(config, section, "listen", report);
	check_known(config, section, "upstreams", report);
	check_repeated(section, report);
	check_reach(config, at, raw, report);
}

void
check_routes(const struct config *config, const struct raw *raw, struct report *report)
{
	size_t given = 0;

	for (; raw_nth(raw, SECTION_ROUTE, given) != NULL; given++)
		check_route(config, given, raw, report);
	if (given > CONFIG_ROUTES_MAX)
		report_add(report, raw_nth(raw, SECTION_ROUTE, CONFIG_ROUTES_MAX)->line,
		    "route: %zu sections; allowed: at most %d", given, CONFIG_ROUTES_MAX);
	if (given > 0 && config->nupstream > 0)
		check_way_out(config, raw, report);
}
