/* SPDX-License-Identifier: ISC */
/* eventlog.c - JSON lines, written out at each line's end so that a reader sees whole events. */
#include "eventlog.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct eventlog {
	FILE *file;
};

struct eventlog *
eventlog_open(const char *file)
{
	struct eventlog *log = calloc(1, sizeof(*log));

	if (log == NULL)
		return NULL;
	log->file = fopen(file, "ae");
	if (log->file == NULL) {
		free(log);
		return NULL;
	}
	setvbuf(log->file, NULL, _IOLBF, BUFSIZ);
	return log;
}

void
eventlog_close(struct eventlog **log)
{
	if (*log == NULL)
		return;
	fclose((*log)->file);
	free(*log);
	*log = NULL;
}

double
now_seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

void
eventlog_write(struct eventlog *log, const char *event, unsigned long connection, json_t *fields)
{
	json_t *line = json_pack("{s:f, s:s, s:I}", "t", now_seconds(), "event", event,
	    "connection", (json_int_t)connection);

	if (fields != NULL)
		json_object_update(line, fields);
	json_decref(fields);
	json_dumpf(line, log->file, JSON_COMPACT);
	fputc('\n', log->file);
	json_decref(line);
}

json_t *
json_octets(const char *data, size_t len)
{
	json_t *string = json_stringn(data, len);
	char *latin1;
	size_t n = 0;

	if (string != NULL)
		return string;
	latin1 = malloc(2 * len);
	if (latin1 == NULL)
		return json_null();
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)data[i];

		if (c >= 0x80)
			latin1[n++] = (char)(0xc0 | c >> 6);
		latin1[n++] = (char)(c >= 0x80 ? 0x80 | (c & 0x3f) : c);
	}
	string = json_stringn(latin1, n);
	free(latin1);
	return string;
}

json_t *
json_text(const char *text)
{
	return json_octets(text, strlen(text));
}
