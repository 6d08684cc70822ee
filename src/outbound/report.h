/* SPDX-License-Identifier: ISC */
/* report.h - put a bounce or a delay warning into the log as a message of our own. */
#ifndef OUTBOUND_REPORT_H
#define OUTBOUND_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "outbound/delivery.h"
#include "queue/bounce.h"

struct config;
struct reporter;
struct spool;
struct spool_writer;

struct reporter *
reporter_new(const struct config *config, struct spool *spool, struct spool_writer *writer);
void reporter_free(struct reporter **reporter);

/* Whether the sender of a message is to be told at all: not for a null reverse-path, not for
 * reports. */
bool report_is_due(const struct envelope *envelope);

/* error 0: the report is durable, with this id. */
typedef void report_fn(void *ctx, int error, uint64_t report_id);

/* Whether that sender wants to hear this of any recipient (RFC 3461 4.1): of failed ones, of
 * deferred ones, of delivered ones. */
bool report_is_wanted(enum bounce_kind kind, const struct delivery *delivery);

/*
 * Tell the sender of the delivery about those recipients; there must be some.  upstream may be
 * NULL. done is called later, once; 0, or -1 when it will not be.
 */
int reporter_send(struct reporter *reporter, enum bounce_kind kind, const struct delivery *delivery,
    const char *upstream, report_fn *done, void *ctx);

#endif
