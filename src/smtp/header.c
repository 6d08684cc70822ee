/* SPDX-License-Identifier: ISC */
/* header.c - a walk over the lines of a header: octet by octet in names, by memchr() over bodies.
 */
#include "smtp/header.h"

#include <string.h>

enum state {
	LINE_START,
	BLANK_CR, /* a CR at the start of a line */
	NAME,
	NAME_SPACE, /* obsolete: spaces before the colon (RFC 5322 4.5) */
	BODY
};

static const char *const names[SMTP_HEADER_FIELDS] = {
#define X(name, text) [SMTP_HEADER_##name] = (text),
	SMTP_HEADERS(X)
#undef X
};

static bool
is_name_octet(char octet)
{
	return octet > ' ' && octet < 0x7F && octet != ':';
}

static bool
is_space(char octet)
{
	return octet == ' ' || octet == '\t';
}

static void
add_name(struct smtp_header_scan *scan, char octet)
{
	if (octet >= 'A' && octet <= 'Z')
		octet = (char)(octet - 'A' + 'a');
	if (scan->name_len < sizeof scan->name)
		scan->name[scan->name_len] = octet;
	scan->name_len++;
}

static void
count_field(struct smtp_header_scan *scan)
{
	for (size_t i = 0; i < SMTP_HEADER_FIELDS; i++)
		if (strlen(names[i]) == scan->name_len &&
		    memcmp(names[i], scan->name, scan->name_len) == 0)
			scan->count[i]++;
}

/* A line has begun with octet; scan->length is where. */
static void
begin_line(struct smtp_header_scan *scan, char octet)
{
	scan->name_len = 0;
	if (octet == '\r') {
		scan->state = BLANK_CR;
	} else if (is_space(octet) && scan->length > 0) {
		scan->state = BODY;
	} else if (is_name_octet(octet)) {
		add_name(scan, octet);
		scan->state = NAME;
	} else {
		scan->end = SMTP_HEADER_BODY;
	}
}

static void
step(struct smtp_header_scan *scan, char octet)
{
	if (scan->state == LINE_START) {
		begin_line(scan, octet);
	} else if (scan->state == BLANK_CR) {
		scan->end = octet == '\n' ? SMTP_HEADER_BLANK : SMTP_HEADER_BODY;
	} else if (octet == ':') {
		count_field(scan);
		scan->state = BODY;
	} else if (is_space(octet)) {
		scan->state = NAME_SPACE;
	} else if (scan->state == NAME && is_name_octet(octet)) {
		add_name(scan, octet);
	} else {
		scan->end = SMTP_HEADER_BODY;
	}
}

void
smtp_header_feed(struct smtp_header_scan *scan, const char *data, size_t len)
{
	const char *at = data;
	const char *end = data + len;

	while (at < end && scan->end == SMTP_HEADER_OPEN) {
		if (scan->state != BODY) {
			step(scan, *at++);
			continue;
		}

		const char *lf = memchr(at, '\n', (size_t)(end - at));

		at = lf != NULL ? lf + 1 : end;
		if (lf != NULL) {
			scan->state = LINE_START;
			scan->length = scan->offset + (uint64_t)(at - data);
		}
	}
	scan->offset += len;
}

void
smtp_header_finish(struct smtp_header_scan *scan)
{
	if (scan->end != SMTP_HEADER_OPEN)
		return;
	if (scan->state == NAME || scan->state == NAME_SPACE || scan->state == BLANK_CR) {
		scan->end = SMTP_HEADER_BODY;
		return;
	}
	scan->end = SMTP_HEADER_EOF;
	scan->length = scan->offset;
}

bool
smtp_header_needs_blank(const struct smtp_header_scan *scan)
{
	return scan->length == 0 && scan->end != SMTP_HEADER_BLANK;
}
