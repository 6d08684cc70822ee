/* SPDX-License-Identifier: ISC */
/*
 * ledger_report.c - settlements that wait for a report, and delay warnings; see ledger.h.  A
 * message whose report cannot be written is not done: it is tried again, and so is the report.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/id.h"
#include "base/log.h"
#include "config/config.h"
#include "outbound/ledger_internal.h"
#include "outbound/report.h"
#include "outbound/words.h"
#include "queue/queue.h"
#include "spool/envelope.h"

void
ledger_report_refused(struct ledger *ledger, const struct delivery *delivery, int error)
{
	char id[ID_TEXT_SIZE];

	if (ledger->refused++ > 0)
		return;
	id_format(delivery->item->id, id);
	log_error("bounce_not_written", log_s("id", id), log_s("why", strerror(error)),
	    log_s("means", "it is tried again with its message, and so are others from now on"));
}

void
ledger_report_written(struct ledger *ledger)
{
	counter_add(&ledger->of.counters->bounces, 1);
	if (ledger->refused > 0)
		log_info("bounces_written", log_d("refused", ledger->refused));
	ledger->refused = 0;
}

void
ledger_settlement_end(struct settlement *settlement)
{
	struct ledger *ledger = settlement->ledger;

	free(settlement);
	ledger->pending--;
	ledger->of.on_idle(ledger->of.ctx);
}

int
ledger_send_report(struct ledger *ledger, enum bounce_kind kind, struct delivery *delivery,
    const struct config_upstream *upstream, bool last, report_fn *done)
{
	struct settlement *settlement = calloc(1, sizeof *settlement);

	if (settlement == NULL) {
		ledger_report_refused(ledger, delivery, ENOMEM);
		return -1;
	}
	*settlement = (struct settlement){ ledger, delivery, upstream, last };
	if (reporter_send(ledger->of.reporter, kind, delivery,
		upstream != NULL ? upstream->host : NULL, done, settlement) == -1) {
		free(settlement);
		ledger_report_refused(ledger, delivery, ENOMEM);
		return -1;
	}
	ledger->pending++;
	return 0;
}

static void
on_relayed(void *ctx, int error, uint64_t report_id)
{
	struct ledger *ledger = ctx;
	char report[ID_TEXT_SIZE];

	id_format(report_id, report);
	if (error == 0) {
		ledger_report_written(ledger);
		log_info("relayed", log_s("report", report));
	} else {
		log_warning(
		    "relayed_not_reported", log_s("report", report), log_s("why", strerror(error)));
	}
	ledger->pending--;
	ledger->of.on_idle(ledger->of.ctx);
}

void
ledger_tell_relayed(
    struct ledger *ledger, const struct delivery *delivery, const struct config_upstream *upstream)
{
	if (delivery->passes_dsn || !report_is_due(delivery->envelope) ||
	    !report_is_wanted(BOUNCE_RELAYED, delivery))
		return;
	if (reporter_send(ledger->of.reporter, BOUNCE_RELAYED, delivery,
		upstream != NULL ? upstream->host : NULL, on_relayed, ledger) == 0)
		ledger->pending++;
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
		ledger_report_written(ledger);
		ledger_keep_all(ledger, item, OUTCOME_WARNED, clock_real_ms(), NULL);
		log_info("warned", log_s("id", id), log_s("report", report),
		    log_s("to", settlement->delivery->envelope->from));
	} else {
		ledger_report_refused(ledger, settlement->delivery, error);
	}
	ledger_give_back(ledger, settlement->delivery, item->next_try_ms, false);
	delivery_free(&settlement->delivery);
	ledger_settlement_end(settlement);
}

void
ledger_warn(struct ledger *ledger, struct delivery *delivery)
{
	struct queue_item *item = delivery->item;
	const char *words = words_of(ledger->of.words, item);

	if (report_is_due(delivery->envelope)) {
		delivery_judge_all(delivery, RCPT_UNTRIED, RCPT_DEFERRED, 0, "",
		    words != NULL ? words : "the mail provider cannot be reached");
		if (!report_is_wanted(BOUNCE_DELAYED, delivery))
			item->warned = true;
		else if (ledger_send_report(
			     ledger, BOUNCE_DELAYED, delivery, NULL, false, on_warning) == 0)
			return;
	} else {
		item->warned = true; /* nobody to tell; need not survive a restart */
	}
	ledger_give_back(ledger, delivery, item->next_try_ms, false);
	delivery_free(&delivery);
}
