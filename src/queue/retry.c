/* SPDX-License-Identifier: ISC */
/* retry.c - see retry.h. */
#include "queue/retry.h"

uint64_t
retry_delay(const struct retry_policy *policy, unsigned attempts, uint32_t random)
{
	uint64_t delay = policy->min_ms;

	for (unsigned i = 1; i < attempts && delay < policy->max_ms; i++)
		delay *= 2;
	if (delay > policy->max_ms)
		delay = policy->max_ms;

	uint64_t spread = delay / 4;

	return spread > 0 ? delay - spread / 2 + random % (spread + 1) : delay;
}

uint64_t
retry_longest(const struct retry_policy *policy)
{
	uint64_t spread = policy->max_ms / 4;

	return policy->max_ms + spread - spread / 2;
}
