/* SPDX-License-Identifier: ISC */
/*
 * early.h - what every upstream would refuse that a message may go to, so that its client hears it
 * at once: its size, and its sender.  Pure.  Where one upstream may take it, or nothing is known,
 * the message is taken.
 */
#ifndef LISTENER_EARLY_H
#define LISTENER_EARLY_H

#include <stdbool.h>
#include <stdint.h>

struct config;
struct config_upstream;
struct sizes;

struct early_limit {
	uint64_t size;                          /* octets; UINT64_MAX: none is known */
	const struct config_upstream *upstream; /* which takes most; NULL: none is known */
};

/* Of messages through this listener, from this sender (NULL: any); sizes may be NULL. */
struct early_limit early_find_limit(const struct config *config, const struct sizes *sizes,
    const char *listener, const char *sender, int64_t mono_ms);

/* NULL: an upstream takes the sender ("" for the null one); else one that does not. */
const struct config_upstream *
early_find_refusal(const struct config *config, const char *listener, const char *sender);

#endif
