/* SPDX-License-Identifier: ISC */
/* trust.c - see trust.h. */
#include "outbound/trust.h"

enum pipelining
trust_bound(const struct trust *trust, int64_t now_ms)
{
	if (now_ms < trust->until_ms && trust->lowered < trust->configured)
		return trust->lowered;
	return trust->configured;
}

bool
trust_lose(struct trust *trust, enum pipelining bound, int64_t now_ms)
{
	if (bound == PIPELINING_OFF || trust_bound(trust, now_ms) < bound)
		return false;
	trust->lowered = bound - 1;
	trust->until_ms = now_ms + TRUST_LOST_MS;
	return true;
}
