/* SPDX-License-Identifier: ISC */
/* addresses.c - see addresses.h: one pass, in which quoted strings, comments and literals hide
 * separators. */
#include "sendmail/addresses.h"

#include <stdbool.h>
#include <string.h>

#include "base/str.h"

struct scan {
	const char *at, *end;
	struct str bare;  /* outside of angle brackets */
	struct str angle; /* within them */
	bool has_angle, in_angle;
};

static struct str *
target(struct scan *scan)
{
	return scan->in_angle ? &scan->angle : &scan->bare;
}

/* Skip a comment, which may hold others; at is behind its "(". */
static int
skip_comment(struct scan *scan)
{
	for (unsigned depth = 1; scan->at < scan->end;) {
		char c = *scan->at++;

		if (c == '\\' && scan->at < scan->end)
			scan->at++;
		else if (c == '(')
			depth++;
		else if (c == ')' && --depth == 0)
			return 0;
	}
	return -1;
}

/* Copy up to and with the closing octet, minding quoted pairs; at is on the opening one. */
static int
copy_enclosed(struct scan *scan, char closing)
{
	struct str *out = target(scan);

	str_add(out, scan->at++, 1);
	while (scan->at < scan->end) {
		char c = *scan->at++;

		if (c == '\r' || c == '\n')
			continue;
		str_add(out, &c, 1);
		if (c == '\\' && scan->at < scan->end)
			str_add(out, scan->at++, 1);
		else if (c == closing)
			return 0;
	}
	return -1;
}

/* Hand over the mailbox gathered so far, if there is one. */
static int
emit(struct scan *scan, int (*fn)(void *ctx, const char *mailbox), void *ctx)
{
	struct str *from = scan->has_angle ? &scan->angle : &scan->bare;
	const char *mailbox = from->data;
	int result = 0;

	if (str_is_bad(&scan->bare) || str_is_bad(&scan->angle))
		return -1;
	if (from->len > 0 && *mailbox == '@' && strchr(mailbox, ':') != NULL)
		mailbox = strchr(mailbox, ':') + 1; /* a source route */
	if (from->len > 0 && *mailbox != '\0')
		result = fn(ctx, mailbox);
	str_cut(&scan->bare, 0);
	str_cut(&scan->angle, 0);
	scan->has_angle = false;
	return result;
}

static int
step(struct scan *scan, int (*fn)(void *ctx, const char *mailbox), void *ctx)
{
	char c = *scan->at;

	if (c == '"')
		return copy_enclosed(scan, '"');
	if (c == '[')
		return copy_enclosed(scan, ']');
	scan->at++;
	switch (c) {
	case '(':
		return skip_comment(scan);
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return 0; /* "a @ b" is a@b; words of a display name are dropped anyway */
	case '<':
		if (scan->in_angle || scan->has_angle)
			return -1;
		scan->in_angle = scan->has_angle = true;
		return 0;
	case '>':
		if (!scan->in_angle)
			return -1;
		scan->in_angle = false;
		return 0;
	default:
		break;
	}
	if (!scan->in_angle && c == ':') { /* what came before was a group's name */
		str_cut(&scan->bare, 0);
		return 0;
	}
	if (!scan->in_angle && (c == ',' || c == ';'))
		return emit(scan, fn, ctx);
	if (!scan->has_angle || scan->in_angle)
		str_add(target(scan), &c, 1);
	return 0;
}

int
addresses_each(const char *text, size_t len, int (*fn)(void *ctx, const char *mailbox), void *ctx)
{
	struct scan scan = { .at = text, .end = text + len, .bare = STR_EMPTY, .angle = STR_EMPTY };
	int result = 0;

	while (result == 0 && scan.at < scan.end)
		result = step(&scan, fn, ctx);
	if (result == 0)
		result = scan.in_angle ? -1 : emit(&scan, fn, ctx);
	str_free(&scan.bare);
	str_free(&scan.angle);
	return result;
}
