/* SPDX-License-Identifier: ISC */
/* sweep.c - see sweep.h. */
#include "outbound/sweep.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "outbound/delivery.h"
#include "outbound/feed.h"
#include "outbound/ledger.h"
#include "outbound/served.h"
#include "outbound/step.h"
#include "outbound/turn.h"
#include "outbound/words.h"
#include "queue/queue.h"

enum {
	LOOKS_MAX = 20000, /* messages looked at in one turn, */
	WORK_MAX = 50,     /* and those that something was done about */
	TURN_S = 1,
};

struct sweep {
	struct sweep_context of;
	struct event *timer;
	struct queue_cursor at;
	struct step step;
	struct served served;
	uint64_t quiet_ms;     /* of this turn: since the start, or the clock's last step */
	struct route_set ways; /* of this turn: those that are served */
};

static void
expire(struct sweep *sweep, struct queue_item *item)
{
	struct delivery *delivery;
	const char *last = words_of(sweep->of.words, item);
	char words[1024];

	queue_grab(sweep->of.queue, item);
	enum delivery_result result =
	    delivery_open(sweep->of.spool, sweep->of.queue, item, false, &delivery);

	if (delivery == NULL) {
		if (result != DELIVERY_DAMAGED ||
		    ledger_discard(sweep->of.ledger, item, "damaged on disk, and too old") == -1)
			queue_put_back(sweep->of.queue, item, true, 0);
		return;
	}
	(void)snprintf(words, sizeof words, "given up after %" PRIu64 " minutes%s%s",
	    queue_age_ms(item, clock_real_ms()) / 60000,
	    last != NULL ? "; the last attempt: " : ": the mail provider could not be reached",
	    last != NULL ? last : "");
	delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_FAILED, 0, "4.4.7", words);
	ledger_settle(sweep->of.ledger, delivery, NULL, true);
}

static void
warn(struct sweep *sweep, struct queue_item *item)
{
	struct delivery *delivery;

	queue_grab(sweep->of.queue, item);
	delivery_open(sweep->of.spool, sweep->of.queue, item, false, &delivery);
	if (delivery != NULL)
		ledger_warn(sweep->of.ledger, delivery);
	else
		queue_put_back(sweep->of.queue, item, true, 0);
}

/* Recipients that wait are due, while others of the message still wait for their upstream. */
static void
rejoin(struct sweep *sweep, struct queue_item *item)
{
	struct delivery *delivery;

	queue_grab(sweep->of.queue, item);
	delivery_open(sweep->of.spool, sweep->of.queue, item, false, &delivery);
	if (delivery != NULL)
		ledger_rejoin(sweep->of.ledger, delivery);
	else
		queue_put_back(sweep->of.queue, item, true, 0);
}

static bool
is_rejoin_due(const struct queue_item *item)
{
	return item->state == QUEUE_READY && item->next_try_ms > 0 &&
	       item->next_try_ms <= clock_real_ms();
}

/* Whether it may be held against a message that it has waited for so long. */
static bool
is_fair(const struct sweep *sweep, const struct queue_item *item, uint64_t limit_ms)
{
	return item->was_tried != 0 || sweep->quiet_ms >= limit_ms ||
	       !route_set_meets(queue_routes(sweep->of.queue, item), &sweep->ways);
}

/* Whether something was done about the message. */
static bool
look(struct sweep *sweep, struct queue_item *item)
{
	const struct config_queue *config = &sweep->of.config->queue;
	uint64_t age = queue_age_ms(item, clock_real_ms());

	if (item->state == QUEUE_ACTIVE)
		return false;
	if (item->state != QUEUE_HELD && age >= config->lifetime_ms &&
	    is_fair(sweep, item, config->lifetime_ms)) {
		expire(sweep, item);
		return true;
	}
	if (item->state != QUEUE_HELD && config->warn_after_ms > 0 &&
	    age >= config->warn_after_ms && !item->warned &&
	    is_fair(sweep, item, config->warn_after_ms)) {
		warn(sweep, item);
		return true;
	}
	if (is_rejoin_due(item)) {
		rejoin(sweep, item);
		return true;
	}
	return false;
}

static void
look_at_clock(struct sweep *sweep, int64_t mono)
{
	int64_t by_ms = step_look(&sweep->step, clock_real_ms(), mono);

	sweep->quiet_ms = step_quiet_ms(&sweep->step, mono);
	if (by_ms == 0)
		return;
	log_warning("clock_stepped", log_d("by_ms", by_ms));
	served_init(&sweep->served, mono);
	sweep->of.on_step(sweep->of.ctx);
}

static void
look_at_upstreams(struct sweep *sweep, int64_t mono)
{
	const struct route_set up = turn_served(sweep->of.turn);

	served_note(&sweep->served, &up, mono);
	sweep->ways = served_ways(&sweep->served, mono);
}

static void
on_timer(evutil_socket_t fd, short what, void *ctx)
{
	struct sweep *sweep = ctx;
	int64_t mono = clock_mono_ms();
	unsigned work = 0;

	(void)fd;
	(void)what;
	look_at_clock(sweep, mono);
	look_at_upstreams(sweep, mono);
	/* A later copy of a message may still be to come; or the disk takes nothing. */
	if (!feed_is_recovered(sweep->of.feed) || !ledger_has_room(sweep->of.ledger))
		return;
	for (unsigned looks = 0; looks < LOOKS_MAX && work < WORK_MAX; looks++) {
		struct queue_item *item = queue_cursor_next(&sweep->at);

		if (item == NULL) {
			queue_cursor_close(&sweep->at);
			queue_cursor_open(&sweep->at, sweep->of.queue);
			break;
		}
		work += look(sweep, item);
	}
}

struct sweep *
sweep_new(const struct sweep_context *context)
{
	static const struct timeval turn = { .tv_sec = TURN_S };
	struct sweep *sweep = calloc(1, sizeof *sweep);

	if (sweep == NULL)
		return NULL;
	sweep->of = *context;
	queue_cursor_open(&sweep->at, context->queue);
	step_init(&sweep->step, clock_real_ms(), clock_mono_ms());
	served_init(&sweep->served, clock_mono_ms());
	sweep->timer = event_new(context->base, -1, EV_PERSIST, on_timer, sweep);
	if (sweep->timer == NULL || event_add(sweep->timer, &turn) == -1)
		sweep_free(&sweep);
	return sweep;
}

void
sweep_free(struct sweep **sweep)
{
	if (*sweep == NULL)
		return;
	queue_cursor_close(&(*sweep)->at);
	if ((*sweep)->timer != NULL)
		event_free((*sweep)->timer);
	free(*sweep);
	*sweep = NULL;
}
