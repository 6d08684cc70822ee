/* SPDX-License-Identifier: ISC */
/*
 * ledger.c - see ledger.h.  Order within a settlement: deliveries are recorded at once; failures
 * when their report is durable; then the rest of the message goes back to wait, or the message is
 * done.  A round: each outstanding route has its turn once; then the message waits as one.
 */
#include <event2/event.h>
#include <stdlib.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/id.h"
#include "base/log.h"
#include "config/config.h"
#include "outbound/detour.h"
#include "outbound/ledger_internal.h"
#include "outbound/route.h"
#include "queue/queue.h"
#include "queue/reasons.h"
#include "queue/retry.h"
#include "spool/envelope.h"

enum { THROTTLED_MS = 5 * 1000 };

struct ledger *
ledger_new(const struct ledger_context *context)
{
	struct ledger *ledger = calloc(1, sizeof *ledger);

	if (ledger == NULL)
		return NULL;
	ledger->of = *context;
	ledger->retry = event_new(context->base, -1, 0, ledger_write_kept, ledger);
	if (ledger->retry == NULL)
		ledger_free(&ledger);
	return ledger;
}

void
ledger_free(struct ledger **ledger)
{
	if (*ledger == NULL)
		return;
	if ((*ledger)->retry != NULL)
		event_free((*ledger)->retry);
	free(*ledger);
	*ledger = NULL;
}

bool
ledger_is_busy(const struct ledger *ledger)
{
	return ledger->pending > 0;
}

static void
log_attempt(const char *event, const struct delivery *delivery, size_t i,
    const struct config_upstream *upstream)
{
	const struct delivery_rcpt *rcpt = &delivery->rcpt[i];
	char id[ID_TEXT_SIZE];

	id_format(delivery->item->id, id);
	log_info(event, log_s("id", id), log_s("from", delivery->envelope->from),
	    log_s("to", delivery_address(delivery, i)),
	    log_s("upstream", upstream != NULL ? upstream->name : ""), log_d("code", rcpt->code),
	    log_s("enhanced", rcpt->enhanced), log_s("reply", rcpt->reply),
	    log_d("ms", clock_mono_ms() - delivery->started_ms),
	    log_d("age_ms", (int64_t)queue_age_ms(delivery->item, clock_real_ms())),
	    log_d("attempt", delivery->item->attempts + 1));
}

/* What can be done about a refusal, where that is known. */
static void
log_advice(const struct delivery *delivery, const struct config_upstream *upstream)
{
	char id[ID_TEXT_SIZE];

	if (delivery->remedy == NULL)
		return;
	id_format(delivery->item->id, id);
	log_info("advice", log_s("id", id), log_s("from", delivery->envelope->from),
	    log_s("upstream", upstream != NULL ? upstream->name : ""),
	    log_s("remedy", delivery->remedy));
}

static void
settle_delivered(
    struct ledger *ledger, struct delivery *delivery, const struct config_upstream *upstream)
{
	for (size_t i = 0; i < delivery->nrcpt; i++) {
		if (delivery->rcpt[i].fate != RCPT_DELIVERED)
			continue;
		ledger_keep_rcpt(ledger, delivery, i, OUTCOME_DELIVERED);
		queue_rcpt_done(delivery->item, delivery->rcpt[i].index);
		counter_add(&ledger->of.counters->delivered, 1);
		log_attempt("delivered", delivery, i, upstream);
	}
}

static void
settle_failed(
    struct ledger *ledger, struct delivery *delivery, const struct config_upstream *upstream)
{
	for (size_t i = 0; i < delivery->nrcpt; i++) {
		if (delivery->rcpt[i].fate != RCPT_FAILED)
			continue;
		ledger_keep_rcpt(ledger, delivery, i, OUTCOME_FAILED);
		queue_rcpt_done(delivery->item, delivery->rcpt[i].index);
		counter_add(&ledger->of.counters->failed, 1);
		log_attempt("failed", delivery, i, upstream);
	}
}

/* When the message is tried again.  It counts one attempt for each round, whatever the number of
 * its routes. */
static int64_t
count_attempt(struct ledger *ledger, struct queue_item *item)
{
	const struct config_queue *queue = &ledger->of.config->queue;
	const struct retry_policy policy = { queue->retry_min_ms, queue->retry_max_ms };
	uint32_t random = 0;

	if (item->next_try_ms > 0)
		return item->next_try_ms;
	queue_set_attempts(item, item->attempts + UINT64_C(1));
	(void)!getrandom(&random, sizeof random, GRND_NONBLOCK);
	return clock_real_ms() + (int64_t)retry_delay(&policy, item->attempts, random);
}

/* Record that the delivery's recipients are put off, and until when; the reason of the last one
 * stands for all. */
static int64_t
settle_deferred(
    struct ledger *ledger, struct delivery *delivery, const struct config_upstream *upstream)
{
	struct queue_item *item = delivery->item;
	const char *words = NULL;
	char id[ID_TEXT_SIZE];

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		if (delivery->rcpt[i].fate != RCPT_DEFERRED)
			continue;
		counter_add(&ledger->of.counters->deferred, 1);
		log_attempt("attempt", delivery, i, upstream);
		words = delivery->rcpt[i].reply;
	}

	int64_t next = count_attempt(ledger, item);

	reasons_drop(ledger->of.reasons, item->reason);
	item->reason = reasons_take(ledger->of.reasons, words);
	item->uncertain = delivery->uncertain;
	ledger_keep_all(ledger, item, OUTCOME_DEFERRED, next, words);
	id_format(item->id, id);
	log_info("deferred", log_s("id", id), log_d("attempts", item->attempts),
	    log_d("next_try_s", (next - clock_real_ms()) / 1000), log_s("why", words));
	return next;
}

/* What of the message is not done. */
static struct route_set
outstanding(const struct ledger *ledger, const struct delivery *delivery)
{
	return route_outstanding(
	    ledger->of.config, ledger->of.detours, delivery->item, delivery->envelope);
}

/* The plan becomes that of these ways; without memory for it the old one goes on. */
static void
replan(struct ledger *ledger, const struct delivery *delivery, const struct route_set *routes)
{
	size_t behind = route_set_next(&delivery->routes, 0);
	struct route_set of = { { 0 } };
	int64_t plan;

	for (size_t i = route_set_next(routes, 0); i < ROUTES_MAX;
	     i = route_set_next(routes, i + 1))
		route_set_add(&of, detours_route(ledger->of.detours, i));
	plan = queue_plan(ledger->of.queue, routes,
	    route_priority(ledger->of.config, delivery->envelope, &of), behind);

	if (plan != -1)
		queue_replan(ledger->of.queue, delivery->item, (uint32_t)plan);
}

void
ledger_give_back(struct ledger *ledger, const struct delivery *delivery, int64_t next_ms, bool last)
{
	struct queue_item *item = delivery->item;
	struct route_set all = outstanding(ledger, delivery);
	struct route_set round = *queue_routes(ledger->of.queue, item);

	if (next_ms > 0)
		route_set_subtract(&round, &delivery->routes);
	if (next_ms == 0 || (item->next_try_ms > 0 && item->next_try_ms < next_ms))
		next_ms = item->next_try_ms;
	route_set_unite(&round, &delivery->detours);
	route_set_intersect(&round, &all);
	if (!route_set_is_empty(&round)) {
		replan(ledger, delivery, &round);
		queue_put_back(ledger->of.queue, item, last, next_ms);
		return;
	}
	replan(ledger, delivery, &all);
	if (next_ms > 0)
		queue_wait(ledger->of.queue, item, next_ms);
	else
		queue_put_back(ledger->of.queue, item, last, 0);
}

void
ledger_rejoin(struct ledger *ledger, struct delivery *delivery)
{
	struct route_set all = outstanding(ledger, delivery);

	replan(ledger, delivery, &all);
	queue_put_back(ledger->of.queue, delivery->item, true, 0);
	delivery_free(&delivery);
}

/* How long a message waits without having burnt an attempt. */
static int64_t
rest_ms(const struct ledger *ledger, const struct delivery *delivery)
{
	int64_t longest = (int64_t)ledger->of.config->queue.retry_min_ms;

	return delivery->throttled && longest > THROTTLED_MS ? THROTTLED_MS : longest;
}

/* What is left of the message after its delivered and failed recipients were recorded. */
static void
settle_rest(struct ledger *ledger, struct delivery *delivery,
    const struct config_upstream *upstream, bool last)
{
	struct queue_item *item = delivery->item;
	int64_t next_ms = 0;

	if (queue_is_done(item)) {
		ledger_forget(ledger, item);
	} else {
		if (delivery_count(delivery, RCPT_DEFERRED) > 0)
			next_ms = settle_deferred(ledger, delivery, upstream);
		else if (delivery->rest || delivery->throttled)
			next_ms = clock_real_ms() + rest_ms(ledger, delivery);
		ledger_give_back(ledger, delivery, next_ms, last);
		/* Each route has had its turn; to be told to go slower is none. */
		if (item->state == QUEUE_WAITING && !delivery->throttled)
			item->was_tried = 1;
	}
	delivery_free(&delivery);
}

static void
on_bounce(void *ctx, int error, uint64_t report_id)
{
	struct settlement *settlement = ctx;
	struct delivery *delivery = settlement->delivery;
	char id[ID_TEXT_SIZE], report[ID_TEXT_SIZE];

	id_format(delivery->item->id, id);
	if (error == 0) {
		id_format(report_id, report);
		ledger_report_written(settlement->ledger);
		log_info("bounced", log_s("id", id), log_s("report", report),
		    log_s("to", delivery->envelope->from));
		settle_failed(settlement->ledger, delivery, settlement->upstream);
	} else {
		ledger_report_refused(settlement->ledger, delivery, error);
		delivery_judge_all(delivery, RCPT_FAILED, RCPT_DEFERRED, 0, "",
		    "refused, but the report to the sender could not be written yet");
	}
	settle_rest(settlement->ledger, delivery, settlement->upstream, settlement->last);
	ledger_settlement_end(settlement);
}

/* Why nobody hears of a failure. */
static const char *
no_bounce(const struct envelope *envelope)
{
	if (!envelope->is_report)
		return "null reverse-path";
	if (envelope->from[0] != '\0')
		return "a report of ours failed";
	return "a report of ours failed: if the upstream takes no null sender, set bounce_from";
}

static void
log_no_bounce(struct ledger *ledger, const struct delivery *delivery)
{
	char id[ID_TEXT_SIZE];

	id_format(delivery->item->id, id);
	counter_add(&ledger->of.counters->bounces_dropped, 1);
	log_warning("bounce_dropped", log_s("id", id), log_s("from", delivery->envelope->from),
	    log_s("why", no_bounce(delivery->envelope)));
}

void
ledger_settle(struct ledger *ledger, struct delivery *delivery,
    const struct config_upstream *upstream, bool last)
{
	log_advice(delivery, upstream);
	settle_delivered(ledger, delivery, upstream);
	ledger_tell_relayed(ledger, delivery, upstream);
	if (delivery_count(delivery, RCPT_FAILED) > 0) {
		if (!report_is_due(delivery->envelope)) {
			log_no_bounce(ledger, delivery);
			settle_failed(ledger, delivery, upstream);
		} else if (!report_is_wanted(BOUNCE_FAILED, delivery)) {
			settle_failed(ledger, delivery, upstream);
		} else if (ledger_send_report(
			       ledger, BOUNCE_FAILED, delivery, upstream, last, on_bounce) == 0) {
			return;
		} else {
			delivery_judge_all(delivery, RCPT_FAILED, RCPT_DEFERRED, 0, "",
			    "refused, but the report to the sender could not be written yet");
		}
	}
	settle_rest(ledger, delivery, upstream, last);
}
