/* SPDX-License-Identifier: ISC */
/*
 * flight.h - the transactions of an uplink that are on their way, in the order in which they were
 * begun; and how many that may be.  Pure.
 */
#ifndef OUTBOUND_FLIGHT_H
#define OUTBOUND_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "outbound/transaction.h"

struct smtp_capabilities;

/* All bounds of what is in flight on one connection stand here. */
enum {
	FLIGHT_RCPT_MAX = 100,       /* of one transaction: every server takes so many (RFC 5321
					4.5.3.1.8) */
	FLIGHT_MAX = 100,            /* transactions */
	FLIGHT_FIRST = 8,            /* before the first one ended; one more for each that has */
	FLIGHT_OCTETS = 1024 * 1024, /* of content: no more are begun beyond */
};

/* All zeros: empty. */
struct flight {
	struct transaction ring[FLIGHT_MAX];
	size_t first, count;
	uint64_t octets;
};

/* How messages are sent to an upstream that offers this: the most that `bound` allows. */
enum pipelining flight_mode(enum pipelining bound, const struct smtp_capabilities *caps);

/* Whether another may be begun while all that are in flight were sent, after `served` have ended
 * on this connection. */
bool flight_may_begin(const struct flight *flight, enum pipelining mode, uint64_t served);

/* Begin one; its place stays until it is taken out. */
struct transaction *flight_add(struct flight *flight, struct delivery *delivery);

/* The oldest and the newest; NULL: none. */
struct transaction *flight_first(struct flight *flight);
struct transaction *flight_last(struct flight *flight);
const struct transaction *flight_newest(const struct flight *flight);

/* The one before this; NULL: it is the oldest. */
struct transaction *flight_before(struct flight *flight, const struct transaction *transaction);

/* The one behind this; NULL: it is the newest. */
struct transaction *flight_behind(struct flight *flight, const struct transaction *transaction);

/* Take out the oldest one. */
void flight_drop_first(struct flight *flight);

#endif
