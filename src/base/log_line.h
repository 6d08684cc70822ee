/* SPDX-License-Identifier: ISC */
/*
 * log_line.h - how an event reads, as text and as JSON.  Pure; log.c sends the result.
 * A line never exceeds LOG_LINE_SIZE, whatever a peer put into its values: long values are cut and
 * end in "...", and fields for which no room is left are left out.
 */
#ifndef BASE_LOG_LINE_H
#define BASE_LOG_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "base/log.h"

enum { LOG_LINE_SIZE = 8192, LOG_VALUE_MAX = 2048 };

struct log_event {
	int64_t real_ms;
	enum log_level level;
	const char *process;
	const char *event;
	const struct log_field *fields; /* ends with a NULL key */
};

/* Each returns the length written to out, a newline at the end included; out is no string. */

/* `2026-11-23T21:18:04.123Z info listener event=accepted id=...` */
size_t log_line_text(const struct log_event *event, char out[LOG_LINE_SIZE]);

/*
 * `<6>listener event=accepted ...`, for what has a clock of its own: syslog, and a stderr that is
 * the journal.  priority < 0: without `<N>`.
 */
size_t log_line_plain(const struct log_event *event, int priority, char out[LOG_LINE_SIZE]);

/* `<6>{"time":"...","level":"info","process":"listener","event":"accepted",...}`; priority as
 * above. */
size_t log_line_json(const struct log_event *event, int priority, char out[LOG_LINE_SIZE]);

#endif
