/* SPDX-License-Identifier: ISC */
/*
 * log.h - one line for each event: `event=accepted id=... size=4096`, or the same as JSON.
 * The only module with global state besides the mains.  Secrets are never passed to it.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG, LOG_TARGET_JOURNAL };
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* One key and its value.  Text values are escaped by the log: they may be anything that a peer
 * sent. */
struct log_field {
	const char *key;  /* NULL ends a list */
	const char *text; /* NULL: the value is number */
	int64_t number;
};

static inline struct log_field
log_s(const char *key, const char *text)
{
	return (struct log_field){ .key = key, .text = text != NULL ? text : "" };
}

#define log_d(k, v) ((struct log_field){ .key = (k), .number = (int64_t)(v) })

/*
 * log_error("segment_abandoned", log_d("segment", n), log_s("why", strerror(errno)));
 * event is a lower_case word that scripts may rely on.
 */
#define log_error(...)     log_at(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...)   log_at(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...)      log_at(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)     log_at(LOG_LEVEL_DEBUG, __VA_ARGS__)
#define log_at(level, ...) log_at_(level, __VA_ARGS__, (struct log_field){ .key = 0 })
#define log_at_(level, event, ...) \
	log_write((level), (event), (const struct log_field[]){ __VA_ARGS__ })

/*
 * Set where lines go from now on.  process names this process in each line ("master", "listener",
 * "outbound"); it is borrowed for good.  Before the first call lines go to stderr as text from info
 * on.
 */
void
log_open(enum log_target target, enum log_format format, enum log_level level, const char *process);

/* Whether a line of this level would be written: ask before costly formatting. */
bool log_wants(enum log_level level);

/* Use the macros above.  fields ends with a NULL key.  One write(2) or datagram for each line;
 * thread safe. */
void log_write(enum log_level level, const char *event, const struct log_field *fields);

#endif
