/* SPDX-License-Identifier: ISC */
/* flight.c - see flight.h. */
#include "outbound/flight.h"

#include <assert.h>

#include "outbound/delivery.h"
#include "smtp/capability.h"

enum pipelining
flight_mode(enum pipelining bound, const struct smtp_capabilities *caps)
{
	enum pipelining offered = PIPELINING_OFF;

	if (smtp_offers(caps, SMTP_EXT_PIPELINING))
		offered =
		    smtp_offers(caps, SMTP_EXT_CHUNKING) ? PIPELINING_STREAM : PIPELINING_ENVELOPE;
	return bound < offered ? bound : offered;
}

bool
flight_may_begin(const struct flight *flight, enum pipelining mode, uint64_t served)
{
	uint64_t most[] = {
		[PIPELINING_OFF] = 1,
		[PIPELINING_ENVELOPE] = 2,
		[PIPELINING_STREAM] =
		    served < FLIGHT_MAX - FLIGHT_FIRST ? FLIGHT_FIRST + served : FLIGHT_MAX,
	};

	return flight->count < most[mode] && flight->octets < FLIGHT_OCTETS;
}

static struct transaction *
at(struct flight *flight, size_t nth)
{
	return &flight->ring[(flight->first + nth) % FLIGHT_MAX];
}

/* Which one it is, from the oldest on. */
static size_t
place_of(const struct flight *flight, const struct transaction *transaction)
{
	size_t slot = (size_t)(transaction - flight->ring);

	return (slot + FLIGHT_MAX - flight->first) % FLIGHT_MAX;
}

/* Large content goes alone, and is never in memory. */
static uint64_t
weight(const struct delivery *delivery)
{
	return delivery->fd == -1 ? delivery->content_len : 0;
}

struct transaction *
flight_add(struct flight *flight, struct delivery *delivery)
{
	struct transaction *transaction = at(flight, flight->count);

	assert(flight->count < FLIGHT_MAX);
	*transaction = (struct transaction){ .delivery = delivery, .weight = weight(delivery) };
	flight->octets += transaction->weight;
	flight->count++;
	return transaction;
}

struct transaction *
flight_first(struct flight *flight)
{
	return flight->count > 0 ? at(flight, 0) : NULL;
}

struct transaction *
flight_last(struct flight *flight)
{
	return flight->count > 0 ? at(flight, flight->count - 1) : NULL;
}

const struct transaction *
flight_newest(const struct flight *flight)
{
	return flight->count > 0 ? &flight->ring[(flight->first + flight->count - 1) % FLIGHT_MAX]
				 : NULL;
}

struct transaction *
flight_before(struct flight *flight, const struct transaction *transaction)
{
	size_t place = place_of(flight, transaction);

	return place > 0 ? at(flight, place - 1) : NULL;
}

struct transaction *
flight_behind(struct flight *flight, const struct transaction *transaction)
{
	size_t place = place_of(flight, transaction) + 1;

	return place < flight->count ? at(flight, place) : NULL;
}

void
flight_drop_first(struct flight *flight)
{
	struct transaction *first = at(flight, 0);

	assert(flight->count > 0);
	flight->octets -= first->weight;
	first->delivery = NULL;
	flight->first = (flight->first + 1) % FLIGHT_MAX;
	flight->count--;
}
