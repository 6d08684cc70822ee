/* SPDX-License-Identifier: ISC */
/* reasons.c - see reasons.h: slots with reference counts, found through an open hash of their
 * texts. */
#include "queue/reasons.h"

#include <stdlib.h>
#include <string.h>

enum { TABLE_SIZE = REASONS_MAX * 2 };

struct reason {
	char *text;
	uint32_t refs;
};

struct reasons {
	struct reason
	    slot[TABLE_SIZE]; /* by hash; a freed slot keeps its text until it is used again */
	uint32_t count;
};

static const char overflow[] = "see `posternctl show ID`";

struct reasons *
reasons_new(void)
{
	return calloc(1, sizeof(struct reasons));
}

void
reasons_free(struct reasons **reasons)
{
	if (*reasons == NULL)
		return;
	for (size_t i = 0; i < TABLE_SIZE; i++)
		free((*reasons)->slot[i].text);
	free(*reasons);
	*reasons = NULL;
}

static size_t
start_of(const char *text, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return hash % TABLE_SIZE;
}

static size_t
bounded(const char *text)
{
	return strnlen(text, REASON_LEN_MAX);
}

/* The slot that has the text, or else one that is free for it. */
static struct reason *
find(struct reasons *reasons, const char *text, size_t len)
{
	struct reason *reusable = NULL;
	size_t at = start_of(text, len);

	for (size_t n = 0; n < TABLE_SIZE; n++, at = (at + 1) % TABLE_SIZE) {
		struct reason *reason = &reasons->slot[at];

		if (reason->text == NULL)
			return reusable != NULL ? reusable : reason;
		if (strlen(reason->text) == len && memcmp(reason->text, text, len) == 0)
			return reason;
		if (reason->refs == 0 && reusable == NULL)
			reusable = reason;
	}
	return reusable; /* there is one: they are twice as many as texts */
}

uint16_t
reasons_take(struct reasons *reasons, const char *text)
{
	if (text == NULL || *text == '\0')
		return 0;

	size_t len = bounded(text);
	struct reason *reason = find(reasons, text, len);

	if (reason->refs == 0 && reasons->count >= REASONS_MAX) {
		text = overflow;
		len = strlen(text);
		reason = find(reasons, text, len);
	}
	if (reason->refs == 0) {
		char *copy = strndup(text, len);

		if (copy == NULL)
			return 0;
		free(reason->text);
		reason->text = copy;
		reasons->count++;
	}
	reason->refs++;
	return (uint16_t)(reason - reasons->slot) + 1;
}

void
reasons_drop(struct reasons *reasons, uint16_t number)
{
	if (number > 0 && --reasons->slot[number - 1].refs == 0)
		reasons->count--;
}

const char *
reasons_text(const struct reasons *reasons, uint16_t number)
{
	return number > 0 ? reasons->slot[number - 1].text : NULL;
}

bool
reasons_is_kept(const struct reasons *reasons, uint16_t number)
{
	const char *text = reasons_text(reasons, number);

	return text == NULL || strcmp(text, overflow) != 0;
}
