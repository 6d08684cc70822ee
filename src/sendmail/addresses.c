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
	const char *mailbox_end;
	bool has_angle, in_angle;
	bool gap;       /* white space or a comment came just before */
	bool is_phrase; /* what is in bare are words, and no address */
};

static struct str *
target(struct scan *scan)
{
	return scan->in_angle ? &scan->angle : &scan->bare;
}

/*
 * A word begins, or goes on, with c.  "a @ b" is a@b (RFC 5322 4.4), but "Bob b@c" is not Bobb@c:
 * mail would go to somebody else.
 */
static void
note_word(struct scan *scan, char c)
{
	const struct str *out = target(scan);
	char last = out->len > 0 ? out->data[out->len - 1] : '@';

	scan->is_phrase |= scan->gap && strchr("@.", c) == NULL && strchr("@.", last) == NULL;
	scan->gap = false;
}

/* The mailbox goes up to here, at least; what stands behind its brackets is none. */
static void
note_end(struct scan *scan)
{
	if (!scan->has_angle || scan->in_angle)
		scan->mailbox_end = scan->at;
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

	note_word(scan, *scan->at);
	str_add(out, scan->at++, 1);
	while (scan->at < scan->end) {
		char c = *scan->at++;

		if (c == '\r' || c == '\n')
			continue;
		str_add(out, &c, 1);
		if (c == '\\' && scan->at < scan->end && *scan->at != '\r' && *scan->at != '\n')
			str_add(out, scan->at++, 1);
		else if (c == closing) {
			note_end(scan);
			return 0;
		}
	}
	return -1;
}

/* Hand over the mailbox gathered so far, if there is one. */
static int
emit(struct scan *scan, addresses_fn *fn, void *ctx)
{
	struct str *from = scan->has_angle ? &scan->angle : &scan->bare;
	const char *mailbox = from->data;
	int result = 0;

	if (str_is_bad(&scan->bare) || str_is_bad(&scan->angle) || scan->is_phrase)
		return -1;
	if (from->len > 0 && *mailbox == '@' && strchr(mailbox, ':') != NULL)
		mailbox = strchr(mailbox, ':') + 1; /* a source route */
	if (from->len > 0 && *mailbox != '\0')
		result = fn(ctx, mailbox, scan->mailbox_end);
	str_cut(&scan->bare, 0);
	str_cut(&scan->angle, 0);
	scan->has_angle = scan->gap = false;
	return result;
}

static int
step(struct scan *scan, addresses_fn *fn, void *ctx)
{
	char c = *scan->at;

	if (c == '"')
		return copy_enclosed(scan, '"');
	if (c == '[')
		return copy_enclosed(scan, ']');
	scan->at++;
	switch (c) {
	case '(':
		scan->gap = true;
		return skip_comment(scan);
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		scan->gap = true;
		return 0;
	case '<':
		if (scan->in_angle || scan->has_angle)
			return -1;
		scan->in_angle = scan->has_angle = true;
		scan->gap = scan->is_phrase = false; /* it was a display name */
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
		scan->is_phrase = false;
		return 0;
	}
	if (!scan->in_angle && (c == ',' || c == ';'))
		return emit(scan, fn, ctx);
	if (!scan->has_angle || scan->in_angle) {
		note_word(scan, c);
		str_add(target(scan), &c, 1);
		note_end(scan);
	}
	return 0;
}

int
addresses_each(const char *text, size_t len, addresses_fn *fn, void *ctx)
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
