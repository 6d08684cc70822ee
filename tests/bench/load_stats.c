/* SPDX-License-Identifier: ISC */
/*
 * load_stats.c - latencies, counts and errors of one run.
 * Every latency is kept (4 octets each), so that percentiles are exact.
 */
#include "load_stats.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/xalloc.h"

enum { MAX_ERROR_KEYS = 64, KEY_SIZE = 96 };

struct samples {
	uint32_t *us;
	size_t count;
	size_t room;
};

struct stats {
	struct samples series[SERIES_COUNT];
	uint64_t accepted;
	uint64_t failed;
	uint64_t first_us;
	uint64_t last_us;
	json_t *errors;
};

static const char *const series_names[SERIES_COUNT] = {
	[SERIES_GREETING] = "greeting_ms",
	[SERIES_MESSAGE] = "message_ms",
	[SERIES_COMMIT] = "commit_ms",
};

struct stats *
stats_new(void)
{
	struct stats *s = xcalloc(1, sizeof *s);

	s->errors = json_object();
	return s;
}

void
stats_free(struct stats **s)
{
	if (*s == NULL)
		return;
	for (size_t i = 0; i < SERIES_COUNT; i++)
		free((*s)->series[i].us);
	json_decref((*s)->errors);
	free(*s);
	*s = NULL;
}

void
stats_record(struct stats *s, enum series series, uint64_t us)
{
	struct samples *x = &s->series[series];

	if (x->count == x->room) {
		x->room = x->room == 0 ? 1024 : 2 * x->room;
		x->us = xreallocarray(x->us, x->room, sizeof *x->us);
	}
	x->us[x->count++] = us > UINT32_MAX ? UINT32_MAX : (uint32_t)us;
}

void
stats_begin(struct stats *s, uint64_t us)
{
	if (s->first_us == 0)
		s->first_us = us;
}

void
stats_accept(struct stats *s, uint64_t us)
{
	s->accepted++;
	s->last_us = us;
}

void
stats_fail(struct stats *s)
{
	s->failed++;
}

void
stats_error(struct stats *s, const char *key)
{
	json_t *seen = json_object_get(s->errors, key);

	if (seen == NULL && json_object_size(s->errors) >= MAX_ERROR_KEYS) {
		key = "other";
		seen = json_object_get(s->errors, key);
	}
	json_object_set_new(
	    s->errors, key, json_integer(seen == NULL ? 1 : json_integer_value(seen) + 1));
}

void
stats_reply_error(struct stats *s, const char *step, const char *reply)
{
	char key[KEY_SIZE];
	size_t code = strspn(reply, "0123456789");
	size_t enhanced = reply[code] == '\0' ? 0 : strspn(reply + code + 1, "0123456789.");
	size_t len = enhanced > 0 ? code + 1 + enhanced : code;

	snprintf(key, sizeof key, "%.*s at %s", len > 16 ? 16 : (int)len, reply, step);
	stats_error(s, key);
}

uint64_t
stats_accepted(const struct stats *s)
{
	return s->accepted;
}

uint64_t
stats_failed(const struct stats *s)
{
	return s->failed;
}

static int
compare_us(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a;
	uint32_t y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static double
percentile_ms(const struct samples *x, double share)
{
	size_t at = (size_t)(share * (double)(x->count - 1) + 0.5);

	return (double)x->us[at] / 1000;
}

static json_t *
series_report(struct samples *x)
{
	if (x->count == 0)
		return json_null();
	qsort(x->us, x->count, sizeof *x->us, compare_us);
	return json_pack("{s:f, s:f, s:f, s:f}", "p50", percentile_ms(x, 0.50), "p90",
	    percentile_ms(x, 0.90), "p99", percentile_ms(x, 0.99), "max", percentile_ms(x, 1));
}

json_t *
stats_report(struct stats *s)
{
	uint64_t us = s->last_us > s->first_us ? s->last_us - s->first_us : 0;
	double seconds = (double)us / 1e6;
	json_t *report = json_pack("{s:I, s:I, s:f, s:f, s:f, s:f, s:O}", "accepted",
	    (json_int_t)s->accepted, "failed", (json_int_t)s->failed, "seconds", seconds, "rate",
	    seconds > 0 ? (double)s->accepted / seconds : 0.0, "first_mail_mono",
	    (double)s->first_us / 1e6, "last_accept_mono", (double)s->last_us / 1e6, "errors",
	    s->errors);

	for (size_t i = 0; report != NULL && i < SERIES_COUNT; i++)
		json_object_set_new(report, series_names[i], series_report(&s->series[i]));
	return report;
}
