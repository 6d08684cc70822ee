/* SPDX-License-Identifier: ISC */
/* clock.h - the two clocks, in milliseconds (ms) or microseconds (us).  Pure modules take times as
 * arguments instead. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

/* Monotonic time: for timeouts and measuring. */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);

/* Time since the epoch: for ids, headers and what is kept on disk. */
int64_t clock_real_ms(void);

enum { CLOCK_RFC5322_SIZE = 40, CLOCK_ISO_SIZE = 40 };

/* Write "Mon, 23 Nov 2026 21:18:04 +0000" (RFC 5322 3.3, in UTC) into out. */
void clock_format_rfc5322(int64_t real_ms, char out[CLOCK_RFC5322_SIZE]);

/* Write "2026-11-23T21:18:04.123Z" (RFC 3339, in UTC) into out. */
void clock_format_iso(int64_t real_ms, char out[CLOCK_ISO_SIZE]);

/* The same in whole seconds: "2026-11-23T21:18:04Z". */
void clock_format_seconds(int64_t real_ms, char out[CLOCK_ISO_SIZE]);

#endif
