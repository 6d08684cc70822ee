/* SPDX-License-Identifier: ISC */
/*
 * outcome_keep.c - outcomes that the disk refuses stay in memory until it takes them.
 * Two things must not be turned round: the outcomes of one segment stay in their order, and what an
 * outcome allows to be dropped waits behind it in the same list.
 */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "spool/outcomes.h"

enum {
	KEPT_MAX = 64 * 1024, /* far beyond where their owner stops */
	FAILED_MAX = 16,      /* segments that refuse in one turn; then all of the disk does */
};

struct kept {
	TAILQ_ENTRY(kept) link;
	drop_fn *drop;   /* NULL: it is an outcome */
	uint64_t number; /* the outcome's segment, or what drop is for */
	struct outcome outcome;
	char reply[];
};

static void
begin_trouble(struct spool_outcomes *outcomes, int error)
{
	if (outcomes->trouble == 0)
		log_error("outcomes_not_written", log_s("why", strerror(error)),
		    log_s("means",
			"kept in memory and written later; if postern ended before, some mail "
			"would be sent again"));
	outcomes->trouble = error;
}

static void
end_trouble(struct spool_outcomes *outcomes)
{
	if (outcomes->trouble == 0 || !TAILQ_EMPTY(&outcomes->kept))
		return;
	log_info(
	    "outcomes_written", log_d("kept", outcomes->ever_kept), log_d("lost", outcomes->lost));
	outcomes->trouble = 0;
	outcomes->ever_kept = 0;
	outcomes->lost = 0;
}

static bool
add(struct spool_outcomes *outcomes, drop_fn *drop, uint64_t number, const struct outcome *outcome)
{
	const char *reply = outcome != NULL ? outcome->reply : NULL;
	size_t len = reply != NULL ? strnlen(reply, OUTCOME_REPLY_MAX) : 0;
	struct kept *kept = calloc(1, sizeof *kept + len + 1);

	if (kept == NULL)
		return false;
	kept->drop = drop;
	kept->number = number;
	if (outcome != NULL)
		kept->outcome = *outcome;
	if (reply != NULL) {
		memcpy(kept->reply, reply, len);
		kept->outcome.reply = kept->reply;
	}
	TAILQ_INSERT_TAIL(&outcomes->kept, kept, link);
	outcomes->nkept += drop == NULL;
	outcomes->ever_kept += drop == NULL;
	return true;
}

static void
take_out(struct spool_outcomes *outcomes, struct kept *kept)
{
	TAILQ_REMOVE(&outcomes->kept, kept, link);
	outcomes->nkept -= kept->drop == NULL;
	free(kept);
}

/* Whether one that is kept is of this segment. */
static bool
is_of_segment(const struct kept *kept, uint64_t segment)
{
	return kept->drop == NULL && kept->number == segment;
}

static bool
is_of_message(const struct kept *kept, uint64_t id)
{
	return kept->drop == NULL && kept->outcome.id == id;
}

/* A later copy of a message must not go before it is known that it was moved there. */
static bool
is_moved_elsewhere(const struct kept *kept, uint64_t segment)
{
	return kept->drop == NULL && kept->outcome.kind == OUTCOME_MOVED && kept->number != segment;
}

static bool
is_any(const struct spool_outcomes *outcomes, bool (*what)(const struct kept *, uint64_t),
    uint64_t number)
{
	const struct kept *kept;

	TAILQ_FOREACH(kept, &outcomes->kept, link)
	if (what(kept, number))
		return true;
	return false;
}

int
spool_outcome_record(
    struct spool_outcomes *outcomes, uint64_t segment, const struct outcome *outcome)
{
	int error = 0;

	if (!TAILQ_EMPTY(&outcomes->kept))
		spool_outcomes_write_kept(outcomes);
	if (is_any(outcomes, is_of_segment, segment))
		error = outcomes->trouble;
	else if (outcome_append(outcomes, segment, outcome) < 0)
		error = errno;
	if (error == 0) {
		end_trouble(outcomes);
		return 0;
	}
	begin_trouble(outcomes, error);
	errno = error;
	return -1;
}

int
spool_outcome_keep(struct spool_outcomes *outcomes, uint64_t segment, const struct outcome *outcome)
{
	int error = outcomes->trouble;

	if (!is_any(outcomes, is_of_segment, segment)) {
		if (outcome_append(outcomes, segment, outcome) == 0) {
			end_trouble(outcomes);
			return 0;
		}
		error = errno;
	}
	begin_trouble(outcomes, error);
	if (outcomes->nkept < KEPT_MAX && add(outcomes, NULL, segment, outcome))
		return 0;
	outcomes->lost++;
	errno = error;
	return -1;
}

size_t
spool_outcomes_kept(const struct spool_outcomes *outcomes)
{
	return outcomes->nkept;
}

/* They tell of messages that are all done, in a segment that has gone. */
static void
forget_segment(struct spool_outcomes *outcomes, uint64_t segment)
{
	struct kept *kept, *next;

	for (kept = TAILQ_FIRST(&outcomes->kept); kept != NULL; kept = next) {
		next = TAILQ_NEXT(kept, link);
		if (is_of_segment(kept, segment))
			take_out(outcomes, kept);
	}
}

/* Large contents that waited for what was forgotten give the room that all may lack. */
static void
drop_large_behind(struct spool_outcomes *outcomes)
{
	struct kept *kept, *next;

	for (kept = TAILQ_FIRST(&outcomes->kept); kept != NULL; kept = next) {
		next = TAILQ_NEXT(kept, link);
		if (kept->drop != recycle_large || is_any(outcomes, is_of_message, kept->number))
			continue;
		if (outcomes->is_ending)
			recycle_large(outcomes->spool, kept->number);
		else
			outcome_sync_then(outcomes->sync, recycle_large, kept->number);
		take_out(outcomes, kept);
	}
}

/* Until their segment has gone they are kept: it may not go, and then they count. */
static void
forget_gone(struct spool_outcomes *outcomes)
{
	uint64_t segment;

	while (outcome_sync_take_gone(outcomes->sync, &segment))
		if (is_any(outcomes, is_of_segment, segment)) {
			forget_segment(outcomes, segment);
			drop_large_behind(outcomes);
		}
}

static bool
is_among(const uint64_t *numbers, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

void
spool_outcomes_write_kept(struct spool_outcomes *outcomes)
{
	uint64_t failed[FAILED_MAX];
	size_t nfailed = 0;
	struct kept *kept, *next;

	forget_gone(outcomes);
	for (kept = TAILQ_FIRST(&outcomes->kept); kept != NULL; kept = next) {
		next = TAILQ_NEXT(kept, link);
		if (kept->drop != NULL) {
			if (nfailed > 0)
				continue;
			outcome_sync_then(outcomes->sync, kept->drop, kept->number);
		} else if (is_among(failed, nfailed, kept->number)) {
			continue;
		} else if (outcome_append(outcomes, kept->number, &kept->outcome) < 0) {
			outcomes->trouble = errno;
			if (nfailed == FAILED_MAX)
				break;
			failed[nfailed++] = kept->number;
			continue;
		}
		take_out(outcomes, kept);
	}
	end_trouble(outcomes);
}

void
spool_outcomes_drop_segment(struct spool_outcomes *outcomes, uint64_t segment)
{
	outcome_close(outcomes, segment);
	forget_gone(outcomes);
	/* Without memory it stays until the next start, which finds it done.  Its own outcomes that
	 * are kept need not be written before: it gives the room that they lack. */
	if (is_any(outcomes, is_moved_elsewhere, segment))
		add(outcomes, recycle_segment, segment, NULL);
	else
		outcome_sync_then(outcomes->sync, recycle_segment, segment);
}

void
spool_outcomes_drop_large(struct spool_outcomes *outcomes, uint64_t id)
{
	/* A message that would be sent again after a restart needs its content then. */
	if (is_any(outcomes, is_of_message, id))
		add(outcomes, recycle_large, id, NULL);
	else
		outcome_sync_then(outcomes->sync, recycle_large, id);
}

void
outcome_keep_end(struct spool_outcomes *outcomes)
{
	struct kept *kept;

	forget_gone(outcomes);
	if (outcomes->nkept > 0)
		log_error("outcomes_lost", log_d("number", outcomes->nkept),
		    log_s("why", strerror(outcomes->trouble)),
		    log_s("means", "after a restart this mail is sent again"));
	while ((kept = TAILQ_FIRST(&outcomes->kept)) != NULL)
		take_out(outcomes, kept);
}
