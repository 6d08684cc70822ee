/* SPDX-License-Identifier: ISC */
/*
 * outcome.h - what became of messages: SEGMENT.out beside each segment.
 * An outcome is written at once (so kill -9 loses none) and synced in groups within 50 ms on a
 * thread.
 */
#ifndef SPOOL_OUTCOME_H
#define SPOOL_OUTCOME_H

#include <stddef.h>
#include <stdint.h>

struct spool;
struct spool_outcomes;

enum outcome_kind {
	OUTCOME_DELIVERED = 1, /* this recipient; reply: the upstream's words */
	OUTCOME_FAILED,        /* this recipient, and its bounce is in the log (or none is due) */
	OUTCOME_DEFERRED,      /* the whole message, until time_ms; counts as an attempt */
	OUTCOME_WARNED,        /* the delay warning is in the log */
	OUTCOME_HELD,          /* by an operator */
	OUTCOME_RELEASED,      /* by an operator: due at once */
	OUTCOME_REMOVED, /* the whole message is done: deleted by an operator, dropped, damaged */
	OUTCOME_MOVED,   /* the whole message is done here: it was copied to a later segment */
};

/* For kinds that concern the whole message. */
#define OUTCOME_ALL UINT32_MAX

enum { OUTCOME_REPLY_MAX = 512 };

struct outcome {
	enum outcome_kind kind;
	uint64_t id;       /* of the message */
	uint32_t offset;   /* of its record in the segment */
	uint32_t rcpt;     /* index into the envelope's recipients, or OUTCOME_ALL */
	int64_t time_ms;   /* real time: when it happened; for DEFERRED: the next try */
	const char *reply; /* words for operators, cut at OUTCOME_REPLY_MAX; may be NULL */
};

/*
 * One process at a time may have outcomes and a reader of a spool.  Starts the thread; removes .out
 * files whose segment is gone. NULL and errno on failure.
 */
struct spool_outcomes *spool_outcomes_new(struct spool *spool);

/* Write what is kept, if the disk takes it; sync what is left, end the thread.  Blocks. */
void spool_outcomes_free(struct spool_outcomes **outcomes);

/* The octets that it takes in SEGMENT.out. */
size_t spool_outcome_size(const struct outcome *outcome);

/*
 * Append to SEGMENT.out, which must have been loaded (a new one too): 0, or -1 and errno.  For what
 * need not happen: an operator's order.  The log tells when the disk begins to refuse and when that
 * is over, here and below.
 */
int spool_outcome_record(
    struct spool_outcomes *outcomes, uint64_t segment, const struct outcome *outcome);

/*
 * The same for what has happened: what the disk refuses is kept in memory, and written by
 * spool_outcomes_write_kept().  -1 and errno when there is no memory or far too many are kept: it
 * is lost, and after a restart something is sent twice.
 */
int spool_outcome_keep(
    struct spool_outcomes *outcomes, uint64_t segment, const struct outcome *outcome);

/* How many are kept.  Whoever makes them begins nothing new while they are many. */
size_t spool_outcomes_kept(const struct spool_outcomes *outcomes);

/* Write as many of them as the disk takes now. */
void spool_outcomes_write_kept(struct spool_outcomes *outcomes);

/*
 * Call fn for every sound outcome of the segment in order.  What is damaged is reported and
 * skipped; a torn tail is cut off so that appending goes on behind what is sound.  reply is valid
 * during the call.  0; -1 and errno when the file cannot be read now, though some may have been
 * passed on: it stays, and nothing of the segment may be sent.  A missing file is no error.
 */
int spool_outcomes_load(struct spool_outcomes *outcomes, uint64_t segment,
    void (*fn)(void *ctx, const struct outcome *outcome), void *ctx);

/*
 * All messages of the segment are done: sync every outcome, recycle or unlink the segment, then its
 * outcomes, on the thread, in an order in which no crash brings a message back.  Those of the
 * segment that are kept are forgotten once it has gone.
 */
void spool_outcomes_drop_segment(struct spool_outcomes *outcomes, uint64_t segment);

/* From now on no more than so many spares are kept: tells the writers, and removes what is
 * over, on the thread. */
void spool_outcomes_keep_spares(struct spool_outcomes *outcomes, uint32_t count);

/* A large message is done: unlink its file after its outcomes are written and synced. */
void spool_outcomes_drop_large(struct spool_outcomes *outcomes, uint64_t id);

#endif
