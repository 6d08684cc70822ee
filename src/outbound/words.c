/* SPDX-License-Identifier: ISC */
/* words.c - see words.h.  A message that was deferred, then copied forward, has the reply in the
 * envelope of its copy. */
#include "outbound/words.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "queue/reasons.h"
#include "spool/envelope.h"
#include "spool/last_reply.h"
#include "spool/reader.h"

struct words {
	const struct reasons *reasons;
	struct spool *spool;
	struct last_replies *replies;
	char text[OUTCOME_REPLY_MAX + 1];
};

struct words *
words_new(const struct reasons *reasons, struct spool *spool)
{
	struct words *words = calloc(1, sizeof *words);

	if (words == NULL)
		return NULL;
	words->reasons = reasons;
	words->spool = spool;
	if ((words->replies = last_replies_new(spool)) == NULL)
		words_free(&words);
	return words;
}

void
words_free(struct words **words)
{
	if (*words == NULL)
		return;
	last_replies_free(&(*words)->replies);
	free(*words);
	*words = NULL;
}

static bool
read_envelope(struct words *words, const struct spool_place *place)
{
	struct envelope *envelope = NULL;
	bool has_reply;

	(void)!spool_read_envelope(words->spool, place, &envelope);
	has_reply = envelope != NULL && envelope->last_reply != NULL;
	if (has_reply) {
		size_t len = strnlen(envelope->last_reply, OUTCOME_REPLY_MAX);

		memcpy(words->text, envelope->last_reply, len);
		words->text[len] = '\0';
	}
	envelope_free(&envelope);
	return has_reply;
}

const char *
words_of(struct words *words, const struct queue_item *item)
{
	const struct spool_place place = queue_place(item);

	if (!reasons_is_kept(words->reasons, item->reason) &&
	    (last_reply_read(words->replies, &place, words->text) || read_envelope(words, &place)))
		return words->text;
	return reasons_text(words->reasons, item->reason);
}
