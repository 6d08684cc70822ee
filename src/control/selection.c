/* SPDX-License-Identifier: ISC */
/*
 * selection.c - see selection.h.  criteria[] is the table of what may be asked; patterns are those
 * of smtp/pattern.h, whether there is an @ in them or not always of the whole address.
 */
#include "control/selection.h"

#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/id.h"
#include "base/parse.h"
#include "base/str.h"
#include "smtp/pattern.h"
#include "spool/envelope.h"

struct selection {
	char *from, *to, *reason; /* NULL: any */
	bool by_sender;           /* from is an address, not a pattern */
	bool by_age, by_state, all;
	uint64_t older_ms;
	enum queue_state state;
};

static const char *const states[] = {
	[QUEUE_READY] = "ready",
	[QUEUE_WAITING] = "waiting",
	[QUEUE_ACTIVE] = "sending",
	[QUEUE_HELD] = "held",
};

const char *
selection_state_name(enum queue_state state)
{
	return states[state];
}

/* The address or pattern without angle brackets; NULL and why when it can match nothing. */
static char *
read_pattern(const char *value, struct str *why)
{
	size_t len = strlen(value);
	bool in_brackets = len >= 2 && value[0] == '<' && value[len - 1] == '>';

	if (in_brackets)
		value++, len -= 2;
	if (len == 0 ? !in_brackets
		     : memchr(value, '@', len) == NULL && memchr(value, '*', len) == NULL) {
		str_printf(why,
		    "`%s` is no address: write *@example.com for a domain, <> for the "
		    "null sender",
		    value);
		return NULL;
	}
	return strndup(value, len);
}

static int
read_from(struct selection *selection, const char *value, struct str *why)
{
	selection->from = read_pattern(value, why);
	selection->by_sender = selection->from != NULL && strpbrk(selection->from, "*?") == NULL;
	return selection->from != NULL ? 0 : -1;
}

static int
read_to(struct selection *selection, const char *value, struct str *why)
{
	if ((selection->to = read_pattern(value, why)) == NULL)
		return -1;
	if (*selection->to != '\0')
		return 0;
	str_puts(why, "no message goes to <>: only a sender can be null");
	return -1;
}

static int
read_older(struct selection *selection, const char *value, struct str *why)
{
	selection->by_age = true;
	if (parse_duration(value, &selection->older_ms) == 0)
		return 0;
	str_printf(why, "`%s` is no duration: write 90s, 30m, 4h, 2d or 1w, or 1h30m", value);
	return -1;
}

static int
read_reason(struct selection *selection, const char *value, struct str *why)
{
	if (*value == '\0') {
		str_puts(why, "the reason is empty: write a part of its text");
		return -1;
	}
	return (selection->reason = strdup(value)) != NULL ? 0 : -1;
}

static int
read_state(struct selection *selection, const char *value, struct str *why)
{
	selection->by_state = true;
	for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
		if (strcmp(states[i], value) == 0) {
			selection->state = (enum queue_state)i;
			return 0;
		}
	}
	str_printf(why, "`%s` is no state: write ready, waiting, sending or held", value);
	return -1;
}

static int
read_all(struct selection *selection, const char *value, struct str *why)
{
	if (strcmp(value, "1") != 0) {
		str_puts(why, "write all=1 for all messages");
		return -1;
	}
	selection->all = true;
	return 0;
}

static const struct criterion {
	const char *key;
	int (*read)(struct selection *selection, const char *value, struct str *why);
} criteria[] = {
	{ "from", read_from },
	{ "to", read_to },
	{ "older", read_older },
	{ "reason", read_reason },
	{ "state", read_state },
	{ "all", read_all },
};

/* seen: a bit for each criterion that was given before. */
static int
read_one(struct selection *selection, const struct evkeyval *pair, unsigned *seen, struct str *why)
{
	for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
		if (strcmp(criteria[i].key, pair->key) != 0)
			continue;
		if (*seen & 1u << i) {
			str_printf(why, "`%s` is given twice", pair->key);
			return -1;
		}
		*seen |= 1u << i;
		if (strlen(pair->value) > SELECTION_VALUE_MAX) {
			str_printf(why, "the value of `%s` is longer than %d octets", pair->key,
			    (int)SELECTION_VALUE_MAX);
			return -1;
		}
		return criteria[i].read(selection, pair->value, why);
	}
	str_printf(
	    why, "there is no criterion `%.40s`: from, to, older, reason, state, all", pair->key);
	return -1;
}

static int
read_query(struct selection *selection, const char *query, struct str *why)
{
	struct evkeyvalq pairs;
	const struct evkeyval *pair;
	unsigned seen = 0;
	int result = 0;

	/* evhttp would cut the value off there, and so widen the selection. */
	if (strstr(query, "%00") != NULL || evhttp_parse_query_str(query, &pairs) == -1) {
		str_puts(why, "the query is malformed");
		return -1;
	}
	for (pair = pairs.tqh_first; pair != NULL && result == 0; pair = pair->next.tqe_next)
		result = read_one(selection, pair, &seen, why);
	evhttp_clear_headers(&pairs);
	if (result == 0 && selection->all && selection_is_partial(selection)) {
		str_puts(why, "either all messages, or those that meet criteria");
		result = -1;
	}
	return result;
}

struct selection *
selection_parse(const char *query, struct str *why)
{
	struct selection *selection = calloc(1, sizeof *selection);

	if (selection != NULL && query != NULL && *query != '\0' &&
	    read_query(selection, query, why) == -1)
		selection_free(&selection);
	if (selection == NULL && why->len == 0)
		str_puts(why, "out of memory");
	return selection;
}

void
selection_free(struct selection **selection)
{
	if (*selection == NULL)
		return;
	free((*selection)->from);
	free((*selection)->to);
	free((*selection)->reason);
	free(*selection);
	*selection = NULL;
}

bool
selection_is_named(const struct selection *selection)
{
	return selection->all || selection_is_partial(selection);
}

bool
selection_is_partial(const struct selection *selection)
{
	return selection->from != NULL || selection->to != NULL || selection->reason != NULL ||
	       selection->by_age || selection->by_state;
}

bool
selection_takes(const struct selection *selection, const struct queue *queue,
    const struct queue_item *item, int64_t now_ms)
{
	if (selection->by_state && item->state != selection->state)
		return false;
	if (selection->by_age && id_age_ms(item->id, now_ms) < selection->older_ms)
		return false;
	return !selection->by_sender || queue_sender_may_be(queue, item, selection->from);
}

bool
selection_reads_reason(const struct selection *selection)
{
	return selection->reason != NULL;
}

bool
selection_takes_reason(const struct selection *selection, const char *reason)
{
	return reason != NULL && strcasestr(reason, selection->reason) != NULL;
}

bool
selection_reads_envelope(const struct selection *selection)
{
	return selection->from != NULL || selection->to != NULL;
}

bool
selection_takes_envelope(const struct selection *selection, const struct queue_item *item,
    const struct envelope *envelope)
{
	if (selection->from != NULL && !smtp_pattern_fits(selection->from, envelope->from))
		return false;
	if (selection->to == NULL)
		return true;
	for (uint32_t i = 0; i < envelope->nrcpt; i++)
		if (!queue_rcpt_is_done(item, i) &&
		    smtp_pattern_fits(selection->to, envelope->rcpt[i]))
			return true;
	return false;
}
