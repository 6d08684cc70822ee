/* SPDX-License-Identifier: ISC */
/* log_limit.h - so many lines a second of what a peer may cause: a flood must not fill the log. */
#ifndef BASE_LOG_LIMIT_H
#define BASE_LOG_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* All zeros at first, but for per_second. */
struct log_limit {
	unsigned per_second;
	unsigned passed; /* in the second that began at since_ms */
	int64_t since_ms;
	uint64_t omitted; /* since the last line */
};

/*
 * Whether a line may be written at this monotonic time.  If so, *ret_omitted is how many were left
 * out since the last one, for a field `omitted` of this one.
 */
bool log_limit_pass(struct log_limit *limit, int64_t now_ms, uint64_t *ret_omitted);

#endif
