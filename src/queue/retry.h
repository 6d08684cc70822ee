/* SPDX-License-Identifier: ISC */
/* retry.h - when to try again: exponential with jitter.  Pure. */
#ifndef QUEUE_RETRY_H
#define QUEUE_RETRY_H

#include <stdbool.h>
#include <stdint.h>

struct retry_policy {
	uint64_t min_ms, max_ms;
};

/*
 * The delay before the next attempt after `attempts` failed ones (1 or more): min, 2 min, 4 min,
 * ... up to max, each shortened or stretched by up to an eighth.  random is any number.
 */
uint64_t retry_delay(const struct retry_policy *policy, unsigned attempts, uint32_t random);

/* No delay is longer. */
uint64_t retry_longest(const struct retry_policy *policy);

#endif
