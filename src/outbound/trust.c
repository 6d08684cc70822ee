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

static bool
lower(struct trust *trust, enum pipelining bound, int64_t now_ms, int64_t for_ms)
{
	if (bound == PIPELINING_OFF || trust_bound(trust, now_ms) < bound)
		return false;
	trust->is_proven = false;
	trust->lowered = bound - 1;
	trust->until_ms = now_ms + for_ms;
	return true;
}

bool
trust_lose(struct trust *trust, enum pipelining bound, int64_t now_ms)
{
	return lower(trust, bound, now_ms, TRUST_LOST_MS);
}

bool
trust_doubt(struct trust *trust, enum pipelining bound, int64_t now_ms)
{
	bool is_news =
	    lower(trust, bound, now_ms, trust->is_doubted ? TRUST_LOST_MS : TRUST_DOUBTED_MS);

	trust->is_doubted = trust->is_doubted || is_news;
	return is_news;
}

void
trust_prove(struct trust *trust, enum pipelining bound, bool is_sure)
{
	if (bound != trust->configured)
		return;
	trust->is_doubted = false;
	trust->is_proven = trust->is_proven || is_sure;
}
