/* SPDX-License-Identifier: ISC */
/*
 * log_line.c - writing one event into a bounded buffer.  Values are walked by unit, a valid UTF-8
 * sequence or a stray octet, so that a cut never splits a character and an escape is whole or
 * absent.
 */
#include "base/log_line.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

/* Kept free of values for what ends a line: a cut mark, a quote, a brace and the newline. */
enum { TAIL = 8, UNIT_MAX = 16 };

static const char cut_mark[] = "...";

struct out {
	char *data;
	size_t len;
	size_t max;
};

/* Write the unit of len octets (valid: whole UTF-8) into at; returns the octets written, at most
 * UNIT_MAX. */
typedef size_t escape_fn(const unsigned char *unit, size_t len, bool valid, char at[UNIT_MAX]);

static const char *const level_names[] = { "error", "warning", "info", "debug" };

static void
put(struct out *out, const char *data, size_t len)
{
	if (len > out->max - out->len)
		len = out->max - out->len;
	memcpy(out->data + out->len, data, len);
	out->len += len;
}

static void
puts_to(struct out *out, const char *text)
{
	put(out, text, strlen(text));
}

/* The length of the UTF-8 sequence at the start of a text that is not empty; 0: there is none. */
static size_t
unit_len(const unsigned char *text)
{
	return utf8_len(text, strnlen((const char *)text, UTF8_LEN_MAX));
}

/* Controls, among them those of C1 (U+0080 to U+009F): a terminal would obey them. */
static bool
is_control(const unsigned char *unit, size_t len)
{
	if (len == 1)
		return *unit < 0x20 || *unit == 0x7f;
	return len == 2 && unit[0] == 0xc2 && unit[1] < 0xa0;
}

static size_t
escape_text(const unsigned char *unit, size_t len, bool valid, char at[UNIT_MAX])
{
	size_t n = 0;

	if (valid && (*unit == '"' || *unit == '\\'))
		return (size_t)snprintf(at, UNIT_MAX, "\\%c", *unit);
	if (valid && !is_control(unit, len)) {
		memcpy(at, unit, len);
		return len;
	}
	for (size_t i = 0; i < len; i++)
		n += (size_t)snprintf(at + n, UNIT_MAX - n, "\\x%02x", unit[i]);
	return n;
}

static size_t
escape_json(const unsigned char *unit, size_t len, bool valid, char at[UNIT_MAX])
{
	if (!valid) /* JSON cannot hold it (RFC 8259 8.1): the replacement character */
		return (size_t)snprintf(at, UNIT_MAX, "\\ufffd");
	if (*unit == '"' || *unit == '\\')
		return (size_t)snprintf(at, UNIT_MAX, "\\%c", *unit);
	if (is_control(unit, len))
		return (size_t)snprintf(at, UNIT_MAX, "\\u%04x", unit[len - 1]);
	memcpy(at, unit, len);
	return len;
}

/* Write the text escaped, up to what a value and the line may hold, and mark where it was cut. */
static void
put_escaped(struct out *out, const char *text, escape_fn *escape)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t end = out->max - TAIL;

	if (end - out->len > LOG_VALUE_MAX)
		end = out->len + LOG_VALUE_MAX;
	while (*p != '\0') {
		char at[UNIT_MAX];
		size_t len = unit_len(p);
		size_t n = escape(p, len > 0 ? len : 1, len > 0, at);

		if (n > end - out->len) {
			puts_to(out, cut_mark);
			return;
		}
		put(out, at, n);
		p += len > 0 ? len : 1;
	}
}

/* Whether text reads unambiguously without quotes. */
static bool
is_bare(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	if (*p == '\0')
		return false;
	while (*p != '\0') {
		size_t len = unit_len(p);

		if (len == 0 || is_control(p, len) || *p == ' ' || *p == '"' || *p == '\\')
			return false;
		p += len;
	}
	return true;
}

/* Whether a key, its punctuation and a shortest value still fit. */
static bool
has_room(const struct out *out, const char *key)
{
	return out->max - out->len > strlen(key) + 24 + TAIL;
}

static void
put_number(struct out *out, int64_t number)
{
	char text[24];

	put(out, text, (size_t)snprintf(text, sizeof text, "%" PRId64, number));
}

static void
put_text_field(struct out *out, const struct log_field *field)
{
	puts_to(out, " ");
	puts_to(out, field->key);
	puts_to(out, "=");
	if (field->text == NULL) {
		put_number(out, field->number);
	} else if (is_bare(field->text)) {
		put_escaped(out, field->text, escape_text);
	} else {
		puts_to(out, "\"");
		put_escaped(out, field->text, escape_text);
		puts_to(out, "\"");
	}
}

static void
put_json_field(struct out *out, const struct log_field *field)
{
	puts_to(out, "\"");
	puts_to(out, field->key);
	puts_to(out, field->text == NULL ? "\":" : "\":\"");
	if (field->text == NULL) {
		put_number(out, field->number);
		return;
	}
	put_escaped(out, field->text, escape_json);
	puts_to(out, "\"");
}

static void
put_priority(struct out *out, int priority)
{
	char text[16];

	put(out, text, (size_t)snprintf(text, sizeof text, "<%d>", priority));
}

/* `listener event=accepted id=...` and the newline. */
static void
put_text_event(struct out *out, const struct log_event *event)
{
	puts_to(out, event->process);

	const struct log_field head = log_s("event", event->event);

	put_text_field(out, &head);
	for (const struct log_field *f = event->fields; f->key != NULL && has_room(out, f->key);
	     f++)
		put_text_field(out, f);
	puts_to(out, "\n");
}

size_t
log_line_text(const struct log_event *event, char data[LOG_LINE_SIZE])
{
	struct out out = { .data = data, .max = LOG_LINE_SIZE };
	char time[CLOCK_ISO_SIZE];

	clock_format_iso(event->real_ms, time);
	puts_to(&out, time);
	puts_to(&out, " ");
	puts_to(&out, level_names[event->level]);
	puts_to(&out, " ");
	put_text_event(&out, event);
	return out.len;
}

size_t
log_line_plain(const struct log_event *event, int priority, char data[LOG_LINE_SIZE])
{
	struct out out = { .data = data, .max = LOG_LINE_SIZE };

	if (priority >= 0)
		put_priority(&out, priority);
	put_text_event(&out, event);
	return out.len;
}

size_t
log_line_json(const struct log_event *event, int priority, char data[LOG_LINE_SIZE])
{
	struct out out = { .data = data, .max = LOG_LINE_SIZE };
	char time[CLOCK_ISO_SIZE];

	clock_format_iso(event->real_ms, time);

	const struct log_field heads[] = { log_s("time", time),
		log_s("level", level_names[event->level]), log_s("process", event->process),
		log_s("event", event->event) };

	if (priority >= 0)
		put_priority(&out, priority);
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
		puts_to(&out, i == 0 ? "{" : ",");
		put_json_field(&out, &heads[i]);
	}
	for (const struct log_field *f = event->fields; f->key != NULL && has_room(&out, f->key);
	     f++) {
		puts_to(&out, ",");
		put_json_field(&out, f);
	}
	puts_to(&out, "}\n");
	return out.len;
}
