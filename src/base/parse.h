/* SPDX-License-Identifier: ISC */
/* parse.h - sizes, durations and rates as people write them in a config file. */
#ifndef BASE_PARSE_H
#define BASE_PARSE_H

#include <stddef.h>
#include <stdint.h>

/* "50M": bytes with an optional K, M, G or T (powers of 1024, an optional trailing B or iB).  -1:
 * not a size. */
int parse_size(const char *text, uint64_t *out);

/*
 * "90s", "4h", "1h30m", "5d": w, d, h, m, s, ms, the larger first; a bare number is seconds.
 * In milliseconds, at most INT64_MAX.  -1: not a duration.
 */
int parse_duration(const char *text, uint64_t *out_ms);

struct rate {
	uint32_t count; /* 0: no limit */
	uint32_t per_ms;
};

/* "14/s", "30/m", "500/h", "10000/d".  -1: not a rate. */
int parse_rate(const char *text, struct rate *out);

/*
 * "2026-11-28T11:00:00Z", "2026-11-28T12:00:00.25+01:00" (RFC 3339 5.6): len octets, as
 * milliseconds since the epoch.  -1: not a date-time, or not after the epoch.
 */
int parse_date_time(const char *text, size_t len, int64_t *out_ms);

/* A whole decimal number within [min, max].  -1 otherwise. */
int parse_number(const char *text, uint64_t min, uint64_t max, uint64_t *out);

#endif
