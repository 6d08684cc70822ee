/* SPDX-License-Identifier: ISC */
/* load_stats.h - latencies, counts and errors of one run, and their report in JSON. */
#ifndef BENCH_LOAD_STATS_H
#define BENCH_LOAD_STATS_H

#include <jansson.h>
#include <stdint.h>

struct stats;

enum series {
	SERIES_GREETING, /* connect to 220 */
	SERIES_MESSAGE,  /* MAIL to the 250 after the dot */
	SERIES_COMMIT,   /* the final dot sent, to its 250 */
	SERIES_COUNT
};

struct stats *stats_new(void);
void stats_free(struct stats **s);

/* One measured latency in microseconds. */
void stats_record(struct stats *s, enum series series, uint64_t us);

/* The first MAIL and the last 250, in monotonic microseconds, bound the run. */
void stats_begin(struct stats *s, uint64_t us);
void stats_accept(struct stats *s, uint64_t us);

/* One message that was begun and not accepted. */
void stats_fail(struct stats *s);

/* Something that went wrong, counted under `key` (bounded: what is rare falls under "other"). */
void stats_error(struct stats *s, const char *key);

/* The same for a reply: its key is code and enhanced code with the step, its text is not kept. */
void stats_reply_error(struct stats *s, const char *step, const char *reply);

uint64_t stats_accepted(const struct stats *s);
uint64_t stats_failed(const struct stats *s);

/* The report; the caller owns it.  Sorts the series. */
json_t *stats_report(struct stats *s);

#endif
