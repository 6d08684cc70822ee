/* SPDX-License-Identifier: ISC */
/* ledger_internal.h - shared by the files of the ledger alone: ledger.c (settlements),
 * ledger_record.c (outcomes) and ledger_report.c (reports). */
#ifndef OUTBOUND_LEDGER_INTERNAL_H
#define OUTBOUND_LEDGER_INTERNAL_H

#include <event2/util.h>
#include <stddef.h>

#include "outbound/ledger.h"
#include "outbound/report.h"

struct event;
struct queue_item;

/* So many outcomes may wait for the disk; then no message is begun. */
enum { LEDGER_KEPT_MAX = 4096 };

struct ledger {
	struct ledger_context of;
	struct event *retry; /* of outcomes that the disk refused */
	size_t pending;      /* reports on their way to the log */
	size_t refused;      /* reports since the last one that was written */
};

/* A settlement that waits for its report. */
struct settlement {
	struct ledger *ledger;
	struct delivery *delivery;
	const struct config_upstream *upstream;
	bool last;
};

/*
 * ledger.c: what is left of a message has its next turn.  Recipients of the delivery's routes wait
 * until next_ms, or the earlier time that others wait for already; 0: none of them has to.
 */
void ledger_give_back(
    struct ledger *ledger, const struct delivery *delivery, int64_t next_ms, bool last);

/* ledger_record.c: what has happened, to one recipient or to the whole message. */
void ledger_keep_rcpt(
    struct ledger *ledger, const struct delivery *delivery, size_t i, enum outcome_kind kind);
void ledger_keep_all(struct ledger *ledger, struct queue_item *item, enum outcome_kind kind,
    int64_t time_ms, const char *words);

/* The callback of the retry event. */
void ledger_write_kept(evutil_socket_t fd, short what, void *ctx);

/* ledger_report.c: 0 when done will be called with a struct settlement; it is to be ended then. */
int ledger_send_report(struct ledger *ledger, enum bounce_kind kind, struct delivery *delivery,
    const struct config_upstream *upstream, bool last, report_fn *done);
void ledger_settlement_end(struct settlement *settlement);

/* ledger_report.c: tell the sender who asked for it what an upstream took that reports no success
 * itself (RFC 3461 5.2.2).  Nothing waits for that report. */
void ledger_tell_relayed(
    struct ledger *ledger, const struct delivery *delivery, const struct config_upstream *upstream);

/* Count it, and log the first of a series; the next one that is written ends it. */
void ledger_report_refused(struct ledger *ledger, const struct delivery *delivery, int error);
void ledger_report_written(struct ledger *ledger);

#endif
