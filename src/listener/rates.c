/* SPDX-License-Identifier: ISC */
/*
 * rates.c - see rates.h.  A bucket is the generic cell rate algorithm: the one time at which it
 * will be full.  A key has its place in one set of few, so that a look-up is short, and so is the
 * search for what to forget.
 */
#include "listener/rates.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "listener/host.h"

enum { RATES_WAYS = 8, RATES_SETS = RATES_MAX / RATES_WAYS };

struct bucket {
	struct host host;
	unsigned section;
	int64_t full_at_us; /* before now: as good as not there */
};

struct rates {
	uint64_t seed;
	struct bucket set[RATES_SETS][RATES_WAYS];
};

struct rates *
rates_new(void)
{
	struct rates *rates = calloc(1, sizeof *rates);

	if (rates != NULL)
		rates->seed = host_seed();
	return rates;
}

void
rates_free(struct rates **rates)
{
	free(*rates);
	*rates = NULL;
}

static bool
is_of(const struct bucket *bucket, const struct host *host, unsigned section)
{
	return bucket->section == section && memcmp(&bucket->host, host, sizeof bucket->host) == 0;
}

/* The bucket of a host, a full one if it is new. */
static struct bucket *
find(struct rates *rates, const struct host *host, unsigned section)
{
	struct bucket *set = rates->set[host_hash(host, rates->seed + section) % RATES_SETS];
	struct bucket *fullest = &set[0];

	for (size_t i = 0; i < RATES_WAYS; i++) {
		if (is_of(&set[i], host, section))
			return &set[i];
		if (set[i].full_at_us < fullest->full_at_us)
			fullest = &set[i];
	}
	*fullest = (struct bucket){ .host = *host, .section = section };
	return fullest;
}

uint64_t
rates_take(struct rates *rates, const struct sockaddr *address, unsigned section,
    const struct rate *rate, int64_t mono_ms)
{
	const struct host host = host_of(address);
	struct bucket *bucket = find(rates, &host, section);
	int64_t now_us = mono_ms * 1000, depth_us = (int64_t)rate->per_ms * 1000;
	int64_t full_at_us = bucket->full_at_us > now_us ? bucket->full_at_us : now_us;

	full_at_us += depth_us / rate->count;
	if (full_at_us - now_us > depth_us)
		return (uint64_t)(full_at_us - now_us - depth_us + 999) / 1000;
	bucket->full_at_us = full_at_us;
	return 0;
}
