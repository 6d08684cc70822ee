/* SPDX-License-Identifier: ISC */
/* eventlog.h - the log of events, one JSON object a line, for tests to read. */
#ifndef PROVIDER_EVENTLOG_H
#define PROVIDER_EVENTLOG_H

#include <jansson.h>

struct eventlog;

/* Append to the file; NULL with errno. */
struct eventlog *eventlog_open(const char *file);
void eventlog_close(struct eventlog **log);

/* Write the event with the time "t" and the connection's number; takes `fields`. */
void
eventlog_write(struct eventlog *log, const char *event, unsigned long connection, json_t *fields);

/* Octets of a peer as a JSON string: UTF-8 where it is, else each octet as one character. */
json_t *json_octets(const char *data, size_t len);
json_t *json_text(const char *text);

/* Seconds since the epoch. */
double now_seconds(void);

#endif
