/* SPDX-License-Identifier: ISC */
/* dsn.c - the words of NOTIFY and RET, one table each. */
#include "smtp/dsn.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/str.h"
#include "smtp/utf8.h"
#include "smtp/xtext.h"

static const struct {
	const char *word;
	unsigned bit;
} words[] = {
	{ "NEVER", SMTP_NOTIFY_NEVER },
	{ "SUCCESS", SMTP_NOTIFY_SUCCESS },
	{ "FAILURE", SMTP_NOTIFY_FAILURE },
	{ "DELAY", SMTP_NOTIFY_DELAY },
};

enum { WORDS = sizeof words / sizeof *words };

/* 0: no word of NOTIFY. */
static unsigned
bit_of(const char *word, size_t len)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strlen(words[i].word) == len && strncasecmp(words[i].word, word, len) == 0)
			return words[i].bit;
	return 0;
}

int
smtp_notify_parse(const char *text, size_t len, unsigned *out)
{
	unsigned notify = 0;
	size_t at = 0;

	do {
		size_t start = at;

		while (at < len && text[at] != ',')
			at++;

		unsigned bit = bit_of(text + start, at - start);

		if (bit == 0 || (notify & bit) != 0)
			return -1;
		notify |= bit;
	} while (at++ < len);
	if ((notify & SMTP_NOTIFY_NEVER) && notify != SMTP_NOTIFY_NEVER)
		return -1;
	*out = notify;
	return 0;
}

void
smtp_notify_format(struct str *out, unsigned notify)
{
	const char *comma = "";

	for (size_t i = 0; i < WORDS; i++) {
		if ((notify & words[i].bit) == 0)
			continue;
		str_printf(out, "%s%s", comma, words[i].word);
		comma = ",";
	}
}

bool
smtp_notify_wants(unsigned notify, enum smtp_notify what)
{
	return notify == 0 ? what != SMTP_NOTIFY_SUCCESS : (notify & (unsigned)what) != 0;
}

/* Copy it, with "\x{HEX}" for what is beyond ASCII.  Returns the length; -1: no UTF-8, or too long.
 */
static int
escape(const char *text, size_t len, char out[SMTP_ORCPT_MAX + 1])
{
	size_t used = 0;

	for (size_t at = 0; at < len;) {
		size_t room = SMTP_ORCPT_MAX + 1 - used;
		uint32_t point;
		size_t n = smtp_utf8_decode(text + at, len - at, &point);
		int wrote;

		if (n == 0)
			return -1;
		wrote = n == 1 ? snprintf(out + used, room, "%c", text[at])
			       : snprintf(out + used, room, "\\x{%X}", (unsigned)point);
		if (wrote <= 0 || (size_t)wrote >= room)
			return -1;
		used += (size_t)wrote;
		at += n;
	}
	return (int)used;
}

int
smtp_orcpt_parse(const char *text, size_t len, bool takes_utf8, char out[SMTP_ORCPT_MAX + 1])
{
	static const char utf8_type[] = "utf-8;";
	bool is_utf8 =
	    len >= strlen(utf8_type) && strncasecmp(text, utf8_type, strlen(utf8_type)) == 0;
	int out_len;

	if (text[0] == ';' || memchr(text, ';', len) == NULL)
		return -1;
	if (!smtp_is_ascii(text, len) && !(is_utf8 && takes_utf8))
		return -1;
	out_len = escape(text, len, out);
	return out_len > 0 && smtp_xtext_is_valid(out, (size_t)out_len) ? 0 : -1;
}

const char *
smtp_ret_name(enum smtp_ret ret)
{
	static const char *const names[] = { [SMTP_RET_FULL] = "FULL", [SMTP_RET_HDRS] = "HDRS" };

	return names[ret];
}
