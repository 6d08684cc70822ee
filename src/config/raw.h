/* SPDX-License-Identifier: ISC */
/*
 * raw.h - a config file as sections of keys and values with their lines; nothing is known of what
 * values mean.  libconfuse does the grammar.
 */
#ifndef CONFIG_RAW_H
#define CONFIG_RAW_H

#include <stdbool.h>
#include <stddef.h>

#include "config/key.h"

struct report;

struct raw_value {
	const struct key *key;
	char *text;
	unsigned line;
	bool bad; /* did not make sense; it is reported, so treat it as not given */
};

struct raw_section {
	enum section_kind kind;
	char *title; /* NULL: has none */
	unsigned line;
	struct raw_value *values; /* in the order of the file; a list has one for each element */
	size_t count;
};

struct raw {
	struct raw_section *sections; /* the first is SECTION_TOP */
	size_t count;
	unsigned lines; /* of the whole file */
};

/*
 * Read a file.  -1: it could not be read to its end, so that what is missing in raw says nothing.
 * Unknown keys and keys given twice are reported, and are no reason for -1.
 */
int raw_read(const char *file, struct raw *raw, struct report *report);

void raw_free(struct raw *raw);

/* The first value of a key that is not bad; NULL if there is none. */
const struct raw_value *raw_find(const struct raw_section *section, const char *name);

/* Whether the section names a key, be its value bad or not. */
bool raw_mentions(const struct raw_section *section, const char *name);

/* Whether its values are what the file says, none of them left out for a mistake. */
bool raw_is_sound(const struct raw_section *section);

/* The line of a key, or else the section's. */
unsigned raw_line(const struct raw_section *section, const char *name);

/*
 * Report 'upstream "x": KEY = VALUE: why; allowed: ...' at the line of the value.
 * allowed NULL: what the key's kind and range allow.
 */
void raw_report(struct report *report, const struct raw_section *section,
    const struct raw_value *value, const char *why, const char *allowed);

#endif
