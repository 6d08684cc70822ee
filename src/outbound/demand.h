/* SPDX-License-Identifier: ISC */
/*
 * demand.h - what a message asks of an upstream, which not every one has: whoever cannot be served
 * is judged here, in words of ours, and nothing is sent for him; see detour.h.
 */
#ifndef OUTBOUND_DEMAND_H
#define OUTBOUND_DEMAND_H

#include <stdbool.h>

struct delivery;
struct smtp_capabilities;

/* What is known of an upstream. */
struct demand_offer {
	const struct smtp_capabilities *caps;
	bool is_verified; /* by TLS */
	const char *host;
};

/* Judge the untried recipients that cannot be served; false: none is left. */
bool demand_is_met(struct delivery *delivery, const struct demand_offer *offer);

/* Whether the message needs SMTPUTF8, or may need it: its client said so, and it is not all ASCII
 * (RFC 6531 3.4).  A header of 8 bits alone goes as 8BITMIME. */
bool demand_is_utf8(const struct delivery *delivery);

#endif
