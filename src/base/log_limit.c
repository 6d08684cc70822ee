/* SPDX-License-Identifier: ISC */
/* log_limit.c - count the lines of a second; see log_limit.h. */
#include "base/log_limit.h"

enum { SECOND_MS = 1000 };

bool
log_limit_pass(struct log_limit *limit, int64_t now_ms, uint64_t *ret_omitted)
{
	if (now_ms - limit->since_ms >= SECOND_MS) {
		limit->since_ms = now_ms;
		limit->passed = 0;
	}
	if (limit->passed >= limit->per_second) {
		limit->omitted++;
		return false;
	}
	limit->passed++;
	*ret_omitted = limit->omitted;
	limit->omitted = 0;
	return true;
}
