/* SPDX-License-Identifier: ISC */
/*
 * history.h - the outcomes of a segment that were recorded before this process started, until its
 * records come by and are told their past.
 */
#ifndef OUTBOUND_HISTORY_H
#define OUTBOUND_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "spool/outcome.h"
#include "spool/writer.h"

struct history;
struct reasons;

/* What is known of the message whose record lies at a place. */
struct past {
	struct spool_place place;
	int64_t next_try_ms; /* 0: at once */
	uint32_t *done;      /* recipients delivered or failed, in the order of time */
	uint32_t ndone;
	uint32_t attempts;
	struct reasons *reasons; /* where reason counts, or NULL */
	uint16_t reason;         /* the reply of the last deferral: a reference */
	bool removed;            /* done as a whole */
	bool moved;              /* a later segment has it */
	bool held, warned;
	bool released; /* later than it was held, here or in the envelope of a copy */
};

/*
 * Replies are kept in reasons, which is borrowed: a segment may have a hundred thousand, which say
 * much the same.  NULL: they are not kept.
 */
struct history *history_new(struct reasons *reasons);
void history_free(struct history **history);

/* Take note of an outcome; false when out of memory. */
bool history_add(struct history *history, uint64_t segment, const struct outcome *outcome);

/* As if nothing had been noted of the segment. */
void history_forget(struct history *history, uint64_t segment);

/* What is known of a record, which the caller frees with past_free(); NULL: nothing. */
struct past *history_take(struct history *history, const struct spool_place *place);
void past_free(struct past **past);

#endif
