/* SPDX-License-Identifier: ISC */
/* raw.c - keeps what the grammar finds, and reports what needs no knowledge of values. */
#include "config/raw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/xalloc.h"
#include "config/grammar.h"
#include "config/report.h"
#include "config/text.h"

struct reader {
	struct raw *raw;
	struct report *report;
	unsigned lines; /* of the file */
};

static void
on_section(void *ctx, enum section_kind kind, const char *title, unsigned line)
{
	struct raw *raw = ((struct reader *)ctx)->raw;

	raw->sections = xreallocarray(raw->sections, raw->count + 1, sizeof *raw->sections);
	raw->sections[raw->count++] = (struct raw_section){
		.kind = kind, .title = title == NULL ? NULL : xstrdup(title), .line = line
	};
}

/* Where a name is right that is unknown here; NULL: nowhere. */
static char *
advice_elsewhere(const char *name)
{
	for (size_t i = SECTION_TOP; i < SECTION_KINDS; i++) {
		if (key_find((enum section_kind)i, name) == NULL)
			continue;
		if (i == SECTION_TOP)
			return xasprintf("; it belongs outside of the sections");
		return xasprintf("; it belongs in a section \"%s\"", config_sections[i].name);
	}
	return NULL;
}

/* Where a name, or one like it, would be right; may be "". */
static char *
advice(enum section_kind kind, const char *name)
{
	char *elsewhere = advice_elsewhere(name);
	const char *near = key_nearest(kind, name);

	if (elsewhere != NULL)
		return elsewhere;
	if (near != NULL)
		return xasprintf("; did you mean \"%s\"?", near);
	for (size_t i = SECTION_TOP + 1; i < SECTION_KINDS; i++) {
		near = key_nearest((enum section_kind)i, name);
		if (near != NULL)
			return xasprintf("; did you mean \"%s\" in a section \"%s\"?", near,
			    config_sections[i].name);
		if (strcmp(config_sections[i].name, name) == 0)
			return xasprintf("; a section cannot stand inside another: "
					 "is a } missing before it?");
	}
	return xstrdup("");
}

/* 'upstream "x": ', 'queue: ', or nothing at the top. */
static char *
prefix_of(const struct raw_section *section)
{
	if (section->kind == SECTION_TOP)
		return xstrdup("");
	if (section->title == NULL)
		return xasprintf("%s: ", config_sections[section->kind].name);
	return xasprintf("%s \"%.64s\": ", config_sections[section->kind].name, section->title);
}

/* The value of an unknown key is not shown: it may be a password. */
static void
report_unknown(struct reader *reader, const struct raw_section *section, const char *name,
    const char *what, unsigned line)
{
	char *prefix = prefix_of(section), *text = advice(section->kind, name);

	report_add(reader->report, line, "%s%.60s: %s%s", prefix, name, what, text);
	free(prefix);
	free(text);
}

/* The section that a key stands in, while reading. */
static struct raw_section *
section_of(const struct raw *raw, enum section_kind kind)
{
	return &raw->sections[kind == SECTION_TOP ? 0 : raw->count - 1];
}

static void
on_stray(void *ctx, enum section_kind kind, const char *word, unsigned line)
{
	struct reader *reader = ctx;

	report_unknown(reader, section_of(reader->raw, kind), word,
	    "neither a known section nor a key with its = and value; values with spaces or any of "
	    "#={}()+, need quotes",
	    line);
}

static void
add_value(struct raw_section *section, struct raw_value value)
{
	section->values =
	    xreallocarray(section->values, section->count + 1, sizeof *section->values);
	section->values[section->count++] = value;
}

static void
on_value(void *ctx, enum section_kind kind, const char *name, const char *text, unsigned line,
    bool starts)
{
	struct reader *reader = ctx;
	struct raw_section *section = section_of(reader->raw, kind);
	const struct key *key = key_find(kind, name);
	const struct raw_value *first = raw_find(section, name);

	if (key == NULL) {
		report_unknown(reader, section, name, "unknown key", line);
		return;
	}

	struct raw_value value = { key, xstrdup(text), line, first != NULL && starts };

	if (value.bad) {
		char *why = xasprintf("given twice, first in line %u", first->line);

		raw_report(reader->report, section, &value, why, "once");
		free(why);
	}
	add_value(section, value);
}

static void
on_empty_list(void *ctx, enum section_kind kind, const char *name, unsigned line)
{
	struct reader *reader = ctx;
	struct raw_section *section = section_of(reader->raw, kind);
	struct raw_value value = { key_find(kind, name), xstrdup("{}"), line, true };

	raw_report(reader->report, section, &value, "an empty list", NULL);
	add_value(section, value);
}

/* The end of the file is in its last line, not behind the line end. */
static void
on_error(void *ctx, unsigned line, const char *why)
{
	struct reader *reader = ctx;

	report_add(reader->report, line < reader->lines ? line : reader->lines, "%s", why);
}

static void
on_restart(void *ctx)
{
	struct reader *reader = ctx;

	raw_free(reader->raw);
	report_clear(reader->report);
}

int
raw_read(const char *file, struct raw *raw, struct report *report)
{
	static const struct grammar_events events = { on_section, on_value, on_empty_list, on_stray,
		on_error, on_restart };
	struct reader reader = { raw, report, 0 };
	unsigned open;
	char *text = text_read(file, report, &open);

	if (text == NULL)
		return -1;
	for (const char *at = text; *at != '\0'; at++)
		reader.lines += *at == '\n';

	int result = grammar_scan(text, &events, &reader);

	raw->lines = reader.lines;
	free(text);
	if (result == 0 && open > 0) {
		report_add(report, open, "a section that begins here has no end; a } is missing");
		result = -1;
	}
	return result;
}

void
raw_free(struct raw *raw)
{
	for (size_t i = 0; i < raw->count; i++) {
		struct raw_section *section = &raw->sections[i];

		for (size_t j = 0; j < section->count; j++)
			free(section->values[j].text);
		free(section->values);
		free(section->title);
	}
	free(raw->sections);
	*raw = (struct raw){ .sections = NULL };
}

const struct raw_value *
raw_find(const struct raw_section *section, const char *name)
{
	for (size_t i = 0; i < section->count; i++)
		if (!section->values[i].bad && strcmp(section->values[i].key->name, name) == 0)
			return &section->values[i];
	return NULL;
}

bool
raw_mentions(const struct raw_section *section, const char *name)
{
	for (size_t i = 0; i < section->count; i++)
		if (strcmp(section->values[i].key->name, name) == 0)
			return true;
	return false;
}

bool
raw_is_sound(const struct raw_section *section)
{
	for (size_t i = 0; i < section->count; i++)
		if (section->values[i].bad)
			return false;
	return true;
}

unsigned
raw_line(const struct raw_section *section, const char *name)
{
	const struct raw_value *value = raw_find(section, name);

	return value == NULL ? section->line : value->line;
}

/* Quotes make a value readable that is empty or has spaces. */
static bool
needs_quotes(const char *text)
{
	return text[0] == '\0' || strpbrk(text, " \t\r\n\"#=(),;") != NULL;
}

void
raw_report(struct report *report, const struct raw_section *section, const struct raw_value *value,
    const char *why, const char *allowed)
{
	struct str text = STR_EMPTY;
	char *prefix = prefix_of(section);
	const char *quote = needs_quotes(value->text) ? "\"" : "";

	if (allowed == NULL)
		key_describe(value->key, &text);
	else
		str_puts(&text, allowed);
	report_add(report, value->line, "%s%s = %s%.100s%s: %s; allowed: %s", prefix,
	    value->key->name, quote, value->text, quote, why, str_is_bad(&text) ? "" : text.data);
	str_free(&text);
	free(prefix);
}
