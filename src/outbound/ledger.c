/* SPDX-License-Identifier: ISC */
/*
 * ledger.c - see ledger.h.  Order within a settlement: deliveries are recorded at once; failures
 * when their report is durable; then the rest of the message goes back to wait, or the message is
 * done.
 */
#include "outbound/ledger.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/id.h"
#include "base/log.h"
#include "config/config.h"
#include "outbound/report.h"
#include "outbound/segments.h"
#include "queue/queue.h"
#include "queue/reasons.h"
#include "queue/retry.h"
#include "spool/envelope.h"

struct ledger {
	struct ledger_context of;
	size_t pending; /* reports on their way to the log */
};

/* A settlement that waits for its report. */
struct settlement {
	struct ledger *ledger;
	struct delivery *delivery;
	const struct config_upstream *upstream;
	bool last;
};

struct ledger *
ledger_new(const struct ledger_context *context)
{
	struct ledger *ledger = calloc(1, sizeof *ledger);

	if (ledger != NULL)
		ledger->of = *context;
	return ledger;
}

void
ledger_free(struct ledger **ledger)
{
	free(*ledger);
	*ledger = NULL;
}

bool
ledger_is_busy(const struct ledger *ledger)
{
	return ledger->pending > 0;
}

static int
record(struct ledger *ledger, const struct queue_item *item, const struct outcome *outcome)
{
	uint64_t segment = queue_place(item).segment;
	char id[ID_TEXT_SIZE];

	if (spool_outcome_record(ledger->of.outcomes, segment, outcome) == 0) {
		segments_add_used(ledger->of.segments, segment, spool_outcome_size(outcome));
		return 0;
	}

	int saved = errno;

	id_format(item->id, id);
	log_error("outcome_not_recorded", log_s("id", id), log_s("why", strerror(saved)),
	    log_s("means", "after a restart this message may be sent again"));
	errno = saved;
	return -1;
}

static void
record_rcpt(
    struct ledger *ledger, const struct delivery *delivery, size_t i, enum outcome_kind kind)
{
	struct queue_item *item = delivery->item;
	const struct outcome outcome = {
		.kind = kind,
		.id = item->id,
		.offset = queue_place(item).offset,
		.rcpt = delivery->rcpt[i].index,
		.time_ms = clock_real_ms(),
		.reply = delivery->rcpt[i].reply,
	};

	if (record(ledger, item, &outcome) == -1)
		item->unrecorded = true;
}

static int
record_all(struct ledger *ledger, const struct queue_item *item, enum outcome_kind kind,
    int64_t time_ms, const char *words)
{
	return record(ledger, item,
	    &(struct outcome){
		.kind = kind,
		.id = item->id,
		.offset = queue_place(item).offset,
		.rcpt = OUTCOME_ALL,
		.time_ms = time_ms,
		.reply = words,
	    });
}

int
ledger_record(
    struct ledger *ledger, const struct queue_item *item, enum outcome_kind kind, int64_t time_ms)
{
	return record_all(ledger, item, kind, time_ms, NULL);
}

void
ledger_drop_if_finished(struct ledger *ledger, uint64_t segment)
{
	if (segments_take_finished(ledger->of.segments, segment))
		spool_outcomes_drop_segment(ledger->of.outcomes, segment);
}

static void
forget(struct ledger *ledger, struct queue_item *item)
{
	uint64_t segment = queue_place(item).segment;

	segments_unref(ledger->of.segments, segment, queue_record_len(item));
	reasons_drop(ledger->of.reasons, item->reason);
	queue_remove(ledger->of.queue, item);
	ledger_drop_if_finished(ledger, segment);
}

void
ledger_forget(struct ledger *ledger, struct queue_item *item)
{
	/* What may be sent again after a restart needs its content then. */
	if (item->is_large && !item->unrecorded)
		spool_outcomes_drop_large(ledger->of.outcomes, item->id);
	forget(ledger, item);
}

int
ledger_discard(struct ledger *ledger, struct queue_item *item, const char *why)
{
	char id[ID_TEXT_SIZE];

	if (record_all(ledger, item, OUTCOME_REMOVED, clock_real_ms(), why) == -1)
		return -1;
	id_format(item->id, id);
	log_info("removed", log_s("id", id), log_s("why", why));
	ledger_forget(ledger, item);
	return 0;
}

void
ledger_supersede(struct ledger *ledger, struct queue_item *item)
{
	record_all(ledger, item, OUTCOME_MOVED, clock_real_ms(), NULL);
	forget(ledger, item);
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
	    log_d("age_ms", clock_real_ms() - id_time_ms(delivery->item->id)),
	    log_d("attempt", delivery->item->attempts + 1));
}

static void
settle_delivered(
    struct ledger *ledger, struct delivery *delivery, const struct config_upstream *upstream)
{
	for (size_t i = 0; i < delivery->nrcpt; i++) {
		if (delivery->rcpt[i].fate != RCPT_DELIVERED)
			continue;
		record_rcpt(ledger, delivery, i, OUTCOME_DELIVERED);
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
		record_rcpt(ledger, delivery, i, OUTCOME_FAILED);
		queue_rcpt_done(delivery->item, delivery->rcpt[i].index);
		counter_add(&ledger->of.counters->failed, 1);
		log_attempt("failed", delivery, i, upstream);
	}
}

/* Put the message off; the reason of its last deferred recipient stands for all. */
static void
settle_deferred(
    struct ledger *ledger, struct delivery *delivery, const struct config_upstream *upstream)
{
	struct queue_item *item = delivery->item;
	const struct config_queue *queue = &ledger->of.config->queue;
	const struct retry_policy policy = { queue->retry_min_ms, queue->retry_max_ms };
	const char *words = NULL;
	uint32_t random = 0;
	char id[ID_TEXT_SIZE];

	for (size_t i = 0; i < delivery->nrcpt; i++) {
		if (delivery->rcpt[i].fate != RCPT_DEFERRED)
			continue;
		counter_add(&ledger->of.counters->deferred, 1);
		log_attempt("attempt", delivery, i, upstream);
		words = delivery->rcpt[i].reply;
	}
	if (item->attempts < UINT16_MAX)
		item->attempts++;
	(void)!getrandom(&random, sizeof random, GRND_NONBLOCK);

	uint64_t delay = retry_delay(&policy, item->attempts, random);
	int64_t next = clock_real_ms() + (int64_t)delay;

	reasons_drop(ledger->of.reasons, item->reason);
	item->reason = reasons_take(ledger->of.reasons, words);
	item->uncertain = delivery->uncertain;
	record_all(ledger, item, OUTCOME_DEFERRED, next, words);
	queue_wait(ledger->of.queue, item, next);
	id_format(item->id, id);
	log_info("deferred", log_s("id", id), log_d("attempts", item->attempts),
	    log_d("next_try_s", delay / 1000), log_s("why", words));
}

/* What is left of the message after its delivered and failed recipients were recorded. */
static void
settle_rest(struct ledger *ledger, struct delivery *delivery,
    const struct config_upstream *upstream, bool last)
{
	struct queue_item *item = delivery->item;

	if (item->ndone == item->nrcpt)
		ledger_forget(ledger, item);
	else if (delivery_count(delivery, RCPT_DEFERRED) > 0)
		settle_deferred(ledger, delivery, upstream);
	else if (delivery->rest)
		queue_wait(ledger->of.queue, item,
		    clock_real_ms() + (int64_t)ledger->of.config->queue.retry_min_ms);
	else
		queue_put_back(ledger->of.queue, item, last);
	delivery_free(&delivery);
}

static void
settlement_end(struct settlement *settlement)
{
	struct ledger *ledger = settlement->ledger;

	free(settlement);
	ledger->pending--;
	ledger->of.on_idle(ledger->of.ctx);
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
		counter_add(&settlement->ledger->of.counters->bounces, 1);
		log_info("bounced", log_s("id", id), log_s("report", report),
		    log_s("to", delivery->envelope->from));
		settle_failed(settlement->ledger, delivery, settlement->upstream);
	} else {
		log_error("bounce_not_written", log_s("id", id), log_s("why", strerror(error)));
		delivery_judge_all(delivery, RCPT_FAILED, RCPT_DEFERRED, 0, "",
		    "refused, but the report to the sender could not be written yet");
	}
	settle_rest(settlement->ledger, delivery, settlement->upstream, settlement->last);
	settlement_end(settlement);
}

static void
log_no_bounce(struct ledger *ledger, const struct delivery *delivery)
{
	char id[ID_TEXT_SIZE];

	id_format(delivery->item->id, id);
	counter_add(&ledger->of.counters->bounces_dropped, 1);
	log_warning("bounce_dropped", log_s("id", id), log_s("from", delivery->envelope->from),
	    log_s("why",
		delivery->envelope->is_report ? "a report of ours failed" : "null reverse-path"));
}

static int
send_report(struct ledger *ledger, enum bounce_kind kind, struct delivery *delivery,
    enum rcpt_fate which, const struct config_upstream *upstream, bool last, report_fn *done)
{
	struct settlement *settlement = calloc(1, sizeof *settlement);

	if (settlement == NULL)
		return -1;
	*settlement = (struct settlement){ ledger, delivery, upstream, last };
	if (reporter_send(ledger->of.reporter, kind, delivery, which,
		upstream != NULL ? upstream->host : NULL, done, settlement) == -1) {
		free(settlement);
		return -1;
	}
	ledger->pending++;
	return 0;
}

void
ledger_settle(struct ledger *ledger, struct delivery *delivery,
    const struct config_upstream *upstream, bool last)
{
	settle_delivered(ledger, delivery, upstream);
	if (delivery_count(delivery, RCPT_FAILED) > 0) {
		if (!report_is_due(delivery->envelope)) {
			log_no_bounce(ledger, delivery);
			settle_failed(ledger, delivery, upstream);
		} else if (send_report(ledger, BOUNCE_FAILED, delivery, RCPT_FAILED, upstream, last,
			       on_bounce) == 0) {
			return;
		} else {
			delivery_judge_all(delivery, RCPT_FAILED, RCPT_DEFERRED, 0, "",
			    "refused, but the report to the sender could not be written yet");
		}
	}
	settle_rest(ledger, delivery, upstream, last);
}

static void
on_warning(void *ctx, int error, uint64_t report_id)
{
	struct settlement *settlement = ctx;
	struct ledger *ledger = settlement->ledger;
	struct queue_item *item = settlement->delivery->item;
	char id[ID_TEXT_SIZE], report[ID_TEXT_SIZE];

	if (error == 0) {
		id_format(item->id, id);
		id_format(report_id, report);
		item->warned = true;
		counter_add(&ledger->of.counters->bounces, 1);
		ledger_record(ledger, item, OUTCOME_WARNED, clock_real_ms());
		log_info("warned", log_s("id", id), log_s("report", report),
		    log_s("to", settlement->delivery->envelope->from));
	}
	if (item->next_try_ms > 0)
		queue_wait(ledger->of.queue, item, item->next_try_ms);
	else
		queue_put_back(ledger->of.queue, item, false);
	delivery_free(&settlement->delivery);
	settlement_end(settlement);
}

void
ledger_warn(struct ledger *ledger, struct delivery *delivery)
{
	struct queue_item *item = delivery->item;
	const char *words = reasons_text(ledger->of.reasons, item->reason);

	if (report_is_due(delivery->envelope)) {
		delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_DEFERRED, 0, "",
		    words != NULL ? words : "the mail provider cannot be reached");
		if (send_report(ledger, BOUNCE_DELAYED, delivery, RCPT_DEFERRED, NULL, false,
			on_warning) == 0)
			return;
	} else {
		item->warned = true; /* nobody to tell; need not survive a restart */
	}
	if (item->next_try_ms > 0)
		queue_wait(ledger->of.queue, item, item->next_try_ms);
	else
		queue_put_back(ledger->of.queue, item, false);
	delivery_free(&delivery);
}
