/* SPDX-License-Identifier: ISC */
/* reasons.c - see reasons.h: slots with reference counts, found through chains by the hash of their
 * texts.  A text that nobody has any more goes at once, so that chains stay short. */
#include "queue/reasons.h"

#include <stdlib.h>
#include <string.h>

enum { BUCKETS = REASONS_MAX * 2, SLOTS = REASONS_MAX + 1 /* for overflow */ };

struct reason {
	char *text; /* NULL: unused */
	uint32_t refs;
	uint16_t next; /* number of the next in its chain, or of the next that is unused; 0: none */
};

struct reasons {
	uint16_t bucket[BUCKETS]; /* numbers, which are indices into slot and one */
	struct reason slot[SLOTS];
	uint16_t unused; /* the first that was given back */
	uint16_t touched;
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
	for (size_t i = 0; i < SLOTS; i++)
		free((*reasons)->slot[i].text);
	free(*reasons);
	*reasons = NULL;
}

static uint16_t *
bucket_of(struct reasons *reasons, const char *text, size_t len)
{
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ (unsigned char)text[i]) * 16777619u;
	return &reasons->bucket[hash % BUCKETS];
}

static size_t
bounded(const char *text)
{
	return strnlen(text, REASON_LEN_MAX);
}

/* Its number, 0 if nobody has this text. */
static uint16_t
find(struct reasons *reasons, const char *text, size_t len)
{
	uint16_t number = *bucket_of(reasons, text, len);

	for (; number > 0; number = reasons->slot[number - 1].next) {
		const char *other = reasons->slot[number - 1].text;

		if (strlen(other) == len && memcmp(other, text, len) == 0)
			break;
	}
	return number;
}

/* 0: out of memory. */
static uint16_t
add(struct reasons *reasons, const char *text, size_t len)
{
	uint16_t *bucket = bucket_of(reasons, text, len);
	uint16_t number = reasons->unused > 0 ? reasons->unused : (uint16_t)(reasons->touched + 1);
	struct reason *reason = &reasons->slot[number - 1];
	char *copy = strndup(text, len);

	if (copy == NULL)
		return 0;
	if (reasons->unused > 0)
		reasons->unused = reason->next;
	else
		reasons->touched++;
	*reason = (struct reason){ .text = copy, .next = *bucket };
	*bucket = number;
	reasons->count++;
	return number;
}

static void
take_out(struct reasons *reasons, uint16_t number)
{
	struct reason *reason = &reasons->slot[number - 1];
	uint16_t *at = bucket_of(reasons, reason->text, strlen(reason->text));

	while (*at != number)
		at = &reasons->slot[*at - 1].next;
	*at = reason->next;
	free(reason->text);
	*reason = (struct reason){ .next = reasons->unused };
	reasons->unused = number;
	reasons->count--;
}

uint16_t
reasons_take(struct reasons *reasons, const char *text)
{
	if (text == NULL || *text == '\0')
		return 0;

	size_t len = bounded(text);
	uint16_t number = find(reasons, text, len);

	if (number == 0 && reasons->count >= REASONS_MAX) {
		text = overflow;
		len = strlen(text);
		number = find(reasons, text, len);
	}
	if (number == 0)
		number = add(reasons, text, len);
	if (number > 0)
		reasons->slot[number - 1].refs++;
	return number;
}

void
reasons_drop(struct reasons *reasons, uint16_t number)
{
	if (number > 0 && --reasons->slot[number - 1].refs == 0)
		take_out(reasons, number);
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
