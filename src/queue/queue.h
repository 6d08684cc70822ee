/* SPDX-License-Identifier: ISC */
/*
 * queue.h - every message that is not done, in memory, in 80 bytes: where it lies, when it
 * is due. Pure: no disk, no network, no clock of its own.  Times are real time in milliseconds.
 *
 * A message is in one state: READY (due; in its sender's lane), WAITING (in the heap by next try),
 * ACTIVE (a session has it), HELD (by an operator).  Its plan (plan.h) says which of its recipients
 * may be tried when it is READY, and how urgent that is.  Senders share fairly: queue_take goes
 * round the lanes of a plan.
 */
#ifndef QUEUE_QUEUE_H
#define QUEUE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "queue/plan.h"
#include "spool/writer.h"

struct index;
struct queue;
struct spool_record;

enum queue_state { QUEUE_READY, QUEUE_WAITING, QUEUE_ACTIVE, QUEUE_HELD };

/*
 * Read by anyone, written by queue.c alone, but for the fields marked "caller's".  Numbers of items
 * and lanes are those of their slabs (slab.h).
 */
struct queue_item {
	uint64_t id;    /* its time (id_time_ms) is when the message was received */
	uint64_t place; /* packed: see queue_place() */
	union {
		uint64_t bits; /* a bit for each recipient that is done, for up to 64 of them */
		uint64_t *map; /* the same for more */
	} done;
	int64_t next_try_ms;  /* while READY: of the recipients that its plan leaves out; 0: none */
	uint32_t content_len; /* octets; UINT32_MAX stands for more */
	uint32_t nrcpt;
	uint32_t release_s; /* after its id's time its sender wants it sent; 0: at once */
	uint32_t self, lane;
	union {
		struct {
			uint32_t prev, next;
		} in_lane;          /* while READY */
		uint32_t heap_slot; /* while WAITING */
	};
	uint32_t hash_next, all_prev, all_next;
	uint16_t reason;        /* caller's: of the last deferral, a number of reasons.h */
	uint16_t attempts : 15; /* that failed; see queue_set_attempts() */
	uint16_t was_tried : 1; /* caller's: all of it, since queue_add() or queue_retry_all() */
	uint32_t record_units : 24; /* see queue_record_len() */
	uint32_t state : 2;         /* enum queue_state */
	bool warned : 1;            /* caller's: the delay warning was sent */
	bool is_report : 1;
	bool is_large : 1;
	bool uncertain : 1;  /* caller's: the last attempt's outcome is unknown */
	bool unrecorded : 1; /* caller's: an outcome of it is not on disk */
	bool is_stuck : 1;   /* caller's: damaged, so that it cannot be copied */
};

struct queue *queue_new(void);
void queue_free(struct queue **queue);

/* The number of a plan, as plan_find() gives it. */
int64_t
queue_plan(struct queue *queue, const struct route_set *routes, int priority, size_t behind);

/*
 * Take in a record from the reader: its envelope gives sender, recipients, attempts, next try,
 * held.  Its plan is PLAN_USUAL.  An older item of the same id, which the caller is about to
 * remove, hands its turn in the walks on to it.  NULL: out of memory.
 */
struct queue_item *queue_add(struct queue *queue, const struct spool_record *record);

struct queue_item *queue_find(const struct queue *queue, uint64_t id);

/* Make READY what WAITS until now_ms or an earlier time: how many. */
size_t queue_release_due(struct queue *queue, int64_t now_ms);

/* Make READY all that WAITS, but for what its sender wants to wait: how many.  The recipients that
 * a plan leaves out are due now as well, and no message counts as tried any more. */
size_t queue_retry_all(struct queue *queue, int64_t now_ms);

/* The next READY message with a route of the taker's, now ACTIVE; NULL when there is none. */
struct queue_item *queue_take(struct queue *queue, struct plan_taker *taker);

/* How many READY messages have any of these routes in their plan. */
size_t queue_count_ready(const struct queue *queue, const struct route_set *routes);

/* The routes in a message's plan, and another plan for it, in any state; false: out of memory. */
const struct route_set *queue_routes(const struct queue *queue, const struct queue_item *item);
bool queue_replan(struct queue *queue, struct queue_item *item, uint32_t plan);

/*
 * An ACTIVE message goes back: to be taken again at once, from the head of its lane or as the last
 * of it; or to wait until a time.  rest_ms: when the recipients are due that its plan leaves out;
 * 0: it leaves out none.
 */
void queue_put_back(struct queue *queue, struct queue_item *item, bool last, int64_t rest_ms);
void queue_wait(struct queue *queue, struct queue_item *item, int64_t until_ms);

/* Take a message out of its turn, from any state but ACTIVE: now it is ACTIVE. */
void queue_grab(struct queue *queue, struct queue_item *item);

/* From any state but ACTIVE. */
void queue_hold(struct queue *queue, struct queue_item *item);
void queue_make_ready(struct queue *queue, struct queue_item *item);

/* From any state: forget the item and free it. */
void queue_remove(struct queue *queue, struct queue_item *item);

/* One recipient is done: true when all are. */
bool queue_rcpt_done(struct queue_item *item, uint32_t rcpt);
bool queue_rcpt_is_done(const struct queue_item *item, uint32_t rcpt);
bool queue_is_done(const struct queue_item *item);

/* That so many have failed, as far as they are counted. */
void queue_set_attempts(struct queue_item *item, uint64_t attempts);

/* When its sender wants it sent (RFC 4865): 0, or the whole second after that. */
int64_t queue_release_ms(const struct queue_item *item);

/* Whether that is what it waits for. */
bool queue_awaits_release(const struct queue_item *item);

/* How long it has been ours to send: since its release if it has one, else since it came. */
uint64_t queue_age_ms(const struct queue_item *item, int64_t now_ms);

/* Whether its sender may be this one, whatever the case: false is certain, and needs no disk. */
bool
queue_sender_may_be(const struct queue *queue, const struct queue_item *item, const char *sender);

/* When the next WAITING message is due; INT64_MAX if none. */
int64_t queue_next_due(const struct queue *queue);

size_t queue_count(const struct queue *queue);
size_t queue_count_state(const struct queue *queue, enum queue_state state);

/* Where its record lies, and the bytes that it takes there. */
struct spool_place queue_place(const struct queue_item *item);
uint32_t queue_record_len(const struct queue_item *item);

/*
 * A walk over all messages, oldest first, which may take many turns of the loop: whatever is
 * removed or changed meanwhile does not disturb it.  It ends with those that were there when it
 * began, so it does end.  Close it before the queue is freed; a zeroed cursor may be closed, and a
 * closed one opened again.
 */
struct queue_cursor {
	struct index *index;           /* NULL: closed */
	struct queue_item *next, *end; /* both NULL: nothing is left */
	struct queue_cursor *prev_open, *next_open;
};

void queue_cursor_open(struct queue_cursor *cursor, struct queue *queue);
void queue_cursor_close(struct queue_cursor *cursor);

/* The next message; NULL when the walk is over.  The caller may remove it at once. */
struct queue_item *queue_cursor_next(struct queue_cursor *cursor);

#endif
