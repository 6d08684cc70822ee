/* SPDX-License-Identifier: ISC */
/* reply_format.c - replies as a server writes them: no line too long, no octet that is not text. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "smtp/reply.h"

/* How much of the len octets goes on one line with room for room: up to the last space that fits.
 */
static size_t
line_span(const char *text, size_t len, size_t room)
{
	if (len <= room)
		return len;
	for (size_t n = room; n > 0; n--)
		if (text[n] == ' ')
			return n;
	return room;
}

static void
replace_controls(char *text)
{
	for (; *text != '\0'; text++)
		if (*text != '\n' && (((unsigned char)*text < ' ') || *text == 0x7F))
			*text = '?';
}

static void
put_line(struct str *out, int code, bool last, const char *enhanced, const char *text, size_t len)
{
	str_printf(out, "%03d%c", code, last ? ' ' : '-');
	if (enhanced != NULL)
		str_puts(out, enhanced);
	if (enhanced != NULL && len > 0)
		str_puts(out, " ");
	str_add(out, text, len);
	str_puts(out, "\r\n");
}

/* "250-" and "5.7.1 " and CRLF stand on the line besides the text. */
static size_t
text_room(const char *enhanced)
{
	return SMTP_REPLY_LINE_MAX - 6 - (enhanced == NULL ? 0 : strlen(enhanced) + 1);
}

static void
put_lines(struct str *out, int code, const char *enhanced, const char *text)
{
	size_t room = text_room(enhanced);

	for (;;) {
		size_t len = strcspn(text, "\n");
		size_t n = line_span(text, len, room);
		const char *rest = text + n;

		if (n < len)
			rest += strspn(rest, " ");

		bool last = *rest == '\0';

		put_line(out, code, last, enhanced, text, n);
		if (last)
			return;
		text = *rest == '\n' ? rest + 1 : rest;
	}
}

void
smtp_reply_vformat(
    struct str *out, int code, const char *enhanced, const char *format, va_list args)
{
	char text[SMTP_REPLY_TEXT_SIZE];

	if (vsnprintf(text, sizeof text, format, args) < 0)
		text[0] = '\0';
	replace_controls(text);
	put_lines(out, code, enhanced, text);
}

void
smtp_reply_format(struct str *out, int code, const char *enhanced, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	smtp_reply_vformat(out, code, enhanced, format, args);
	va_end(args);
}

void
smtp_reply_status(struct str *out, const struct smtp_status *status)
{
	smtp_reply_format(out, status->code, status->enhanced, "%s", status->text);
}
