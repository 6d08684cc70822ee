/* SPDX-License-Identifier: ISC */
/* content.c - dot-unstuffing, and the flaws of lines.  Two plain machines, one after the other. */
#include "content.h"

#include <string.h>

#define LINE_MAX_CONTENT 998 /* RFC 5321 4.5.3.1.6: 1000 with its CRLF */

static bool
has_8bit(const char *data, size_t len)
{
	unsigned char any = 0;

	for (size_t i = 0; i < len; i++)
		any |= (unsigned char)data[i];
	return any & 0x80;
}

/* Text of a line, without CR or LF. */
static void
check_text(struct line_check *check, size_t len)
{
	if (len == 0)
		return;
	if (check->cr) {
		check->flaws |= FLAW_BARE_CR;
		check->line++;
		check->cr = false;
	}
	check->line += len;
	if (check->line > LINE_MAX_CONTENT)
		check->flaws |= FLAW_LONG_LINE;
}

static void
check_lf(struct line_check *check)
{
	if (!check->cr)
		check->flaws |= FLAW_BARE_LF;
	check->cr = false;
	check->line = 0;
}

static void
check_cr(struct line_check *check)
{
	if (check->cr) {
		check->flaws |= FLAW_BARE_CR;
		check->line++;
	}
	check->cr = true;
}

void
line_check_feed(struct line_check *check, const char *data, size_t len)
{
	const char *end = data + len;

	if (!(check->flaws & FLAW_8BIT) && has_8bit(data, len))
		check->flaws |= FLAW_8BIT;
	while (data < end) {
		const char *lf = memchr(data, '\n', (size_t)(end - data));
		const char *stop = lf != NULL ? lf : end;

		while (data < stop) {
			const char *cr = memchr(data, '\r', (size_t)(stop - data));

			check_text(check, (size_t)((cr != NULL ? cr : stop) - data));
			if (cr != NULL)
				check_cr(check);
			data = cr != NULL ? cr + 1 : stop;
		}
		if (lf != NULL) {
			check_lf(check);
			data = lf + 1;
		}
	}
}

void
line_check_end(struct line_check *check)
{
	if (check->cr)
		check->flaws |= FLAW_BARE_CR;
	if (check->cr || check->line > 0)
		check->flaws |= FLAW_NO_FINAL_CRLF;
}

/*
 * One octet at the edges of a line.  Returns whether the octet itself belongs
 * to the content; octets held back earlier go to the sink here.
 */
static bool
dots_step(struct dots *dots, char c, content_sink *sink, void *ctx)
{
	switch (dots->state) {
	case DOTS_START:
		dots->state = c == '.' ? DOTS_DOT : c == '\r' ? DOTS_CR : DOTS_TEXT;
		return c != '.';
	case DOTS_DOT:
		if (c == '\r') {
			dots->state = DOTS_DOT_CR;
			return false;
		}
		if (c != '.')
			dots->flaws |= FLAW_DOT;
		dots->state = DOTS_TEXT;
		return true;
	case DOTS_DOT_CR:
		if (c == '\n') {
			dots->state = DOTS_END;
			return false;
		}
		dots->flaws |= FLAW_DOT;
		sink(ctx, "\r", 1);
		dots->state = c == '\r' ? DOTS_CR : DOTS_TEXT;
		return true;
	default:
		dots->state = c == '\n' ? DOTS_START : c == '\r' ? DOTS_CR : DOTS_TEXT;
		return true;
	}
}

size_t
dots_feed(struct dots *dots, const char *data, size_t len, content_sink *sink, void *ctx)
{
	size_t i = 0;
	size_t kept = 0; /* data[kept..i) is content that the sink has yet to see */

	while (i < len && dots->state != DOTS_END) {
		if (dots->state == DOTS_TEXT) {
			const char *cr = memchr(data + i, '\r', len - i);

			i = cr != NULL ? (size_t)(cr - data) + 1 : len;
			if (cr != NULL)
				dots->state = DOTS_CR;
			continue;
		}
		if (!dots_step(dots, data[i], sink, ctx)) {
			if (i > kept)
				sink(ctx, data + kept, i - kept);
			kept = i + 1;
		}
		i++;
	}
	if (i > kept)
		sink(ctx, data + kept, i - kept);
	return i;
}
