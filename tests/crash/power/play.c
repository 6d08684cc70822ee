/* SPDX-License-Identifier: ISC */
/*
 * play.c - see play.h.  Each promise is noted at the moment of the trace at which it is made: that
 * something is safe after the fact, that something may be done before.
 */
#include "config.h"

#include "play.h"

#include <check.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "letters.h"
#include "outbound/delivery.h"
#include "outbound/forward.h"
#include "outbound/ledger.h"
#include "outbound/segments.h"
#include "queue/queue.h"
#include "spool/envelope.h"
#include "spool/writer.h"
#include "trace.h"

static unsigned
draw(struct play *play, unsigned below)
{
	return (unsigned)rand_r(&play->seed) % below;
}

static void
on_commit(void *ctx, int error, const struct spool_place *place)
{
	struct letter *letter = ctx;

	(void)place;
	if (error == 0)
		letter->acked = trace_now();
	else
		letter->refused = trace_now();
	letter->letters->waiting--;
}

static void
give_up(struct play *play, size_t i)
{
	play->open[i].letter->is_aborted = true;
	spool_message_abort(&play->open[i].message);
}

/* Send a part of it; the last one commits. */
static void
send_part(struct play *play, size_t i, size_t part)
{
	const struct letter *letter = play->open[i].letter;
	struct evbuffer *data = evbuffer_new();
	size_t left = letter->size - play->open[i].sent;
	int result;

	part = part < left ? part : left;
	letter_fill(letter, play->open[i].sent, part, data);
	result = spool_message_append(play->open[i].message, data);
	evbuffer_free(data);
	if (result < 0) {
		ck_assert(play->disk != PLAY_SOUND);
		give_up(play, i);
		return;
	}
	play->open[i].sent += part;
	if (part < left)
		return;
	letter->letters->waiting++;
	spool_message_commit(
	    play->open[i].message, letter_envelope(letter), on_commit, play->open[i].letter);
	play->open[i].message = NULL;
}

static void
begin(struct play *play)
{
	unsigned n = draw(play, RELAY_LISTENERS);
	size_t i = 0;

	while (i < PLAY_OPEN && play->open[i].message != NULL)
		i++;
	if (i == PLAY_OPEN || play->relay.listener[n] == NULL)
		return;
	play->open[i].letter = letters_new(play->letters, &play->seed);
	if (play->open[i].letter == NULL)
		return;
	play->open[i].sent = 0;
	play->open[i].listener = n;
	play->open[i].message =
	    spool_message_begin(play->relay.listener[n], play->open[i].letter->id);
	ck_assert_ptr_nonnull(play->open[i].message);
}

/* Most messages come at once, some in parts with much in between, some never to their end. */
static void
receive(struct play *play)
{
	for (unsigned n = 1 + draw(play, 4); n > 0; n--)
		begin(play);
	for (size_t i = 0; i < PLAY_OPEN; i++) {
		if (play->open[i].message == NULL)
			continue;
		if (draw(play, 20) == 0)
			give_up(play, i);
		else
			send_part(play, i, draw(play, 4) == 0 ? 3000 : SIZE_MAX);
	}
}

/* The fate of this recipient of a letter is about to be recorded. */
static void
note_done(struct letter *letter, const struct queue_item *item, const char *mailbox, bool is_failed)
{
	struct letter_rcpt *rcpt = &letter->rcpt[letter_rcpt_index(letter, mailbox)];
	size_t moment = trace_now();

	/* What was delivered may be tried again when that was not recorded. */
	rcpt->is_failed = is_failed && (rcpt->done == NEVER || rcpt->is_failed) &&
			  letter_envelope(letter)->from[0] != '\0';
	if (rcpt->done > moment)
		rcpt->done = moment;
	rcpt->segment = queue_place(item).segment;
}

static void
note_report_done(struct play *play, const struct envelope *envelope)
{
	struct letter *letter = letters_find_sender(play->letters, envelope->rcpt[0]);
	size_t moment = trace_now();

	ck_assert_ptr_nonnull(letter);
	if (letter->reported > moment)
		letter->reported = moment;
}

static void
judge(struct play *play, struct delivery *delivery, struct letter *letter)
{
	static const enum rcpt_fate fates[] = { RCPT_DELIVERED, RCPT_FAILED, RCPT_DEFERRED,
		RCPT_DELIVERED };
	unsigned all = draw(play, 8);

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		enum rcpt_fate fate = all < 5    ? RCPT_DELIVERED
				      : all == 5 ? fates[draw(play, 4)]
						 : fates[all - 5];

		delivery_judge(delivery, i, fate, 250, "2.0.0", "so it is");
		if (fate != RCPT_DEFERRED && letter != NULL)
			note_done(letter, delivery->item, delivery_address(delivery, i),
			    fate == RCPT_FAILED);
	}
	if (letter == NULL && delivery_count(delivery, RCPT_DEFERRED) < delivery->nrcpt)
		note_report_done(play, delivery->envelope);
}

static bool
deliver_one(struct play *play)
{
	struct queue_item *item = queue_take(play->relay.queue, &play->relay.taker);
	struct letter *letter;
	struct delivery *delivery;

	if (item == NULL)
		return false;
	ck_assert_int_eq(delivery_open(play->relay.spool, play->relay.queue, item, true, &delivery),
	    DELIVERY_OPENED);
	letter = item->is_report ? NULL : letters_find(play->letters, item->id);
	ck_assert(item->is_report || letter != NULL);
	if (letter != NULL)
		letter_check_envelope(letter, delivery->envelope);
	judge(play, delivery, letter);
	ledger_settle(play->relay.ledger, delivery, NULL, draw(play, 2) == 0);
	return true;
}

static void
deliver(struct play *play)
{
	queue_release_due(play->relay.queue, clock_real_ms());
	for (unsigned n = 1 + draw(play, 10); n > 0; n--)
		if (!deliver_one(play))
			return;
}

/* Some message that is not ACTIVE, or NULL. */
static struct queue_item *
pick(struct play *play)
{
	size_t count = queue_count(play->relay.queue);
	struct queue_cursor cursor = { .index = NULL };
	struct queue_item *item = NULL;

	queue_cursor_open(&cursor, play->relay.queue);
	for (size_t n = count == 0 ? 0 : 1 + draw(play, (unsigned)count); n > 0; n--)
		item = queue_cursor_next(&cursor);
	queue_cursor_close(&cursor);
	return item != NULL && item->state != QUEUE_ACTIVE ? item : NULL;
}

static void
discard(struct play *play, struct queue_item *item)
{
	struct letter *letter = letters_find(play->letters, item->id);
	struct delivery *delivery;

	ck_assert_int_eq(
	    delivery_open(play->relay.spool, play->relay.queue, item, false, &delivery),
	    DELIVERY_OPENED);
	for (size_t i = 0; i < delivery->nrcpt && letter != NULL; i++)
		note_done(letter, item, delivery_address(delivery, i), false);
	if (letter == NULL)
		note_report_done(play, delivery->envelope);
	delivery_free(&delivery);
	ledger_discard(play->relay.ledger, item, "deleted");
}

/* What an operator, or compaction, does. */
static void
operate(struct play *play)
{
	struct queue_item *item = pick(play);
	struct relay *relay = &play->relay;

	if (item == NULL)
		return;
	switch (draw(play, 8)) {
	case 0:
		discard(play, item);
		break;
	case 1:
		ledger_record(relay->ledger, item, OUTCOME_WARNED, clock_real_ms());
		break;
	case 2:
		if (item->state == QUEUE_HELD)
			break;
		ledger_record(relay->ledger, item, OUTCOME_HELD, clock_real_ms());
		queue_hold(relay->queue, item);
		break;
	case 3:
	case 4:
		if (item->state != QUEUE_HELD)
			break;
		ledger_record(relay->ledger, item, OUTCOME_RELEASED, clock_real_ms());
		queue_make_ready(relay->queue, item);
		break;
	default:
		forward_message(relay->forward, item);
	}
}

/* Some segment is emptied, as compaction does it. */
static void
compact(struct play *play)
{
	const struct queue_item *any = pick(play);
	struct queue_cursor cursor = { .index = NULL };
	struct queue_item *item;

	if (any == NULL)
		return;

	uint64_t segment = queue_place(any).segment;

	queue_cursor_open(&cursor, play->relay.queue);
	while ((item = queue_cursor_next(&cursor)) != NULL)
		if (item->state != QUEUE_ACTIVE && queue_place(item).segment == segment)
			forward_message(play->relay.forward, item);
	queue_cursor_close(&cursor);
}

static void
stop_listener(struct play *play, unsigned n)
{
	for (size_t i = 0; i < PLAY_OPEN; i++)
		if (play->open[i].message != NULL && play->open[i].listener == n)
			give_up(play, i);
	relay_stop_listener(&play->relay, n);
}

static void
be_sound(void)
{
	trace_fail_nth(0, 0, false); /* first, for it may begin a lasting one */
	trace_fail(0);
	trace_fail_all(0);
}

static void
stop_outbound(struct play *play)
{
	relay_stop_outbound(&play->relay);
	if (play->disk == PLAY_SOUND)
		letters_are_synced(play->letters);
}

static void
restart_something(struct play *play)
{
	unsigned n = draw(play, RELAY_LISTENERS + 1);

	if (n == RELAY_LISTENERS) {
		stop_outbound(play);
		/* Where outcomes cannot be read, what is done may be sent again: not here. */
		if (play->disk == PLAY_TROUBLED)
			be_sound();
		relay_start_outbound(&play->relay, false);
	} else if (play->relay.listener[n] != NULL) {
		stop_listener(play, n);
	} else {
		relay_start_listener(&play->relay, n);
	}
}

/* Trouble of one kind or another, or the end of it. */
static void
trouble(struct play *play)
{
	static const int errors[] = { ENOSPC, EDQUOT, EIO, EROFS };
	unsigned kind = draw(play, 6);

	trace_fail(kind == 0 ? 2 + draw(play, 30) : 0);
	trace_fail_all(kind == 1 ? errors[draw(play, 4)] : 0);
}

static void
step(struct play *play)
{
	unsigned what = draw(play, 100);

	if (what < 45)
		receive(play);
	else if (what < 78)
		deliver(play);
	else if (what < 88)
		operate(play);
	else if (what < 92)
		compact(play);
	else if (what < 95)
		restart_something(play);
	else
		usleep(draw(play, 3000));
	if (play->disk == PLAY_TROUBLED && draw(play, 10) == 0)
		trouble(play);
	for (unsigned turns = draw(play, 4); turns > 0; turns--)
		relay_turn(&play->relay);
	if (play->letters->waiting > 30)
		event_base_loop(play->relay.base, EVLOOP_ONCE);
}

/* The disk is sound again: the next messages are taken. */
static void
recover(struct play *play)
{
	size_t count = play->letters->count;

	be_sound();
	for (size_t i = 0; i < PLAY_OPEN; i++)
		if (play->open[i].message != NULL)
			give_up(play, i);
	for (unsigned n = 0; n < RELAY_LISTENERS; n++)
		begin(play);
	for (size_t i = 0; i < PLAY_OPEN; i++)
		if (play->open[i].message != NULL)
			send_part(play, i, SIZE_MAX);
	relay_wait(&play->relay, &play->letters->waiting);
	for (; count < play->letters->count; count++)
		ck_assert_msg(play->letters->letter[count].acked != NEVER,
		    "letter %zu is refused by a sound disk", count);
}

void
play_run(struct play *play, const char *path, uint64_t segment_size, unsigned steps)
{
	memset(play->open, 0, sizeof play->open);
	relay_open(&play->relay, path, &trace_disk, segment_size);
	relay_start_outbound(&play->relay, false);
	relay_start_listener(&play->relay, 0);
	for (; steps > 0; steps--)
		step(play);
	recover(play);
	for (unsigned n = 0; n < RELAY_LISTENERS; n++)
		stop_listener(play, n);
	ck_assert_uint_eq(play->letters->waiting, 0);
	stop_outbound(play);
	relay_close(&play->relay);
}
