/* SPDX-License-Identifier: ISC */
/* reply.c - replies as a client reads them: line by line, trusting nothing. */
#include "smtp/reply.h"

#include <string.h>

enum { CODE_INVALID = -1 };

void
smtp_reply_reset(struct smtp_reply *reply)
{
	/* Not the text: 4 KiB for each reply would be most of the work. */
	reply->code = 0;
	reply->enhanced[0] = '\0';
	reply->lines = 0;
	reply->octets = 0;
	reply->text_len = 0;
	reply->text[0] = '\0';
}

static bool
is_digit(char octet)
{
	return octet >= '0' && octet <= '9';
}

/* The code at the start of a line; CODE_INVALID if there is none within 200..599. */
static int
read_code(const char *line, size_t len)
{
	if (len < 3 || line[0] < '2' || line[0] > '5' || !is_digit(line[1]) || !is_digit(line[2]))
		return CODE_INVALID;
	if (len > 3 && line[3] != ' ' && line[3] != '-')
		return CODE_INVALID;
	return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

/* An octet as it may be logged and put into a report. */
static char
clean(char octet)
{
	if (octet == '\t')
		return ' ';
	return (unsigned char)octet < ' ' || octet == 0x7F ? '?' : octet;
}

/* Add a line of text, its control octets replaced.  The first one is cut to fit, others left out.
 */
static void
add_text(struct smtp_reply *reply, const char *text, size_t len)
{
	size_t separator = reply->lines > 1;
	size_t room = sizeof reply->text - 1 - reply->text_len;

	if (separator + len > room) {
		if (separator)
			return;
		len = room;
	}
	if (separator)
		reply->text[reply->text_len++] = '\n';
	for (size_t i = 0; i < len; i++)
		reply->text[reply->text_len++] = clean(text[i]);
	reply->text[reply->text_len] = '\0';
}

/* Keep the enhanced code of the first line, unless it contradicts the code. */
static void
note_enhanced(struct smtp_reply *reply)
{
	struct smtp_enhanced enhanced;
	size_t len = smtp_enhanced_parse(reply->text, &enhanced);

	if (len == 0 || enhanced.class != reply->code / 100)
		return;
	memcpy(reply->enhanced, reply->text, len);
	reply->enhanced[len] = '\0';
}

static enum smtp_reply_result
refuse(struct smtp_reply *reply)
{
	reply->code = CODE_INVALID;
	return SMTP_REPLY_INVALID;
}

enum smtp_reply_result
smtp_reply_feed(struct smtp_reply *reply, const char *line, size_t len)
{
	int code = read_code(line, len);

	if (code == CODE_INVALID || (reply->code != 0 && reply->code != code))
		return refuse(reply);
	if (reply->lines == SMTP_REPLY_LINES_MAX || len + 2 > SMTP_REPLY_OCTETS_MAX - reply->octets)
		return refuse(reply);
	reply->code = code;
	reply->lines++;
	reply->octets += len + 2;
	if (len > 4)
		add_text(reply, line + 4, len - 4);
	else
		add_text(reply, "", 0);
	if (reply->lines == 1)
		note_enhanced(reply);
	return len > 3 && line[3] == '-' ? SMTP_REPLY_MORE : SMTP_REPLY_DONE;
}

/* Where the words of a line begin, behind the enhanced code if it has the reply's. */
static const char *
skip_enhanced(const struct smtp_reply *reply, const char *line)
{
	size_t len = strlen(reply->enhanced);

	if (len == 0 || strncmp(line, reply->enhanced, len) != 0)
		return line;
	if (line[len] == ' ')
		return line + len + strspn(line + len, " ");
	return line[len] == '\0' || line[len] == '\n' ? line + len : line;
}

void
smtp_reply_words(const struct smtp_reply *reply, char *out, size_t size)
{
	const char *line = reply->text;
	size_t at = 0;

	for (;;) {
		const char *words = skip_enhanced(reply, line);
		size_t len = strcspn(words, "\n");

		if (at > 0 && len > 0 && at + 1 < size)
			out[at++] = ' ';
		if (len > size - 1 - at)
			len = size - 1 - at;
		memcpy(out + at, words, len);
		at += len;
		line = words + strcspn(words, "\n");
		if (*line == '\0')
			break;
		line++;
	}
	out[at] = '\0';
}

void
smtp_reply_excerpt(const char *line, size_t len, char *out, size_t size)
{
	if (len > size - 1)
		len = size - 1;
	for (size_t i = 0; i < len; i++)
		out[i] = clean(line[i]);
	out[len] = '\0';
}
