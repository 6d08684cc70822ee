/* SPDX-License-Identifier: ISC */
/*
 * nearest.c - "did you mean": the known name nearest to a mistyped one.
 * The beginning of a name counts as near, so that "password" finds "password_file".
 */
#include <string.h>

#include "config/key.h"

enum { NAME_MAX_LEN = 40, FAR = 1000 };

static size_t
least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Levenshtein's distance, row by row. */
static size_t
edit_distance(const char *a, const char *b)
{
	size_t row[NAME_MAX_LEN + 1], len = strlen(b);

	if (len > NAME_MAX_LEN || strlen(a) > NAME_MAX_LEN)
		return FAR;
	for (size_t i = 0; i <= len; i++)
		row[i] = i;
	for (size_t i = 0; a[i] != '\0'; i++) {
		size_t diagonal = row[0];

		row[0] = i + 1;
		for (size_t j = 0; j < len; j++) {
			size_t changed = diagonal + (a[i] != b[j]);

			diagonal = row[j + 1];
			row[j + 1] = least(changed, least(diagonal, row[j]) + 1);
		}
	}
	return row[len];
}

/* How unlike two names are; FAR if nobody would take one for the other. */
static size_t
distance(const char *typed, const char *known)
{
	size_t typed_len = strlen(typed), known_len = strlen(known);
	size_t shorter = least(typed_len, known_len);

	if (typed_len >= 3 && strncmp(typed, known, typed_len) == 0)
		return 1;

	size_t edits = edit_distance(typed, known);

	return edits <= 1 + known_len / 4 && edits < shorter ? edits : FAR;
}

const char *
key_nearest(enum section_kind section, const char *name)
{
	const char *best = NULL;
	size_t best_distance = FAR;

	for (const struct key *key = config_keys[section]; key->name != NULL; key++)
		if (distance(name, key->name) < best_distance) {
			best_distance = distance(name, key->name);
			best = key->name;
		}
	for (size_t i = SECTION_TOP + 1; section == SECTION_TOP && i < SECTION_KINDS; i++)
		if (distance(name, config_sections[i].name) < best_distance) {
			best_distance = distance(name, config_sections[i].name);
			best = config_sections[i].name;
		}
	return best;
}
