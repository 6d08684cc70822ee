/* SPDX-License-Identifier: ISC */
/* dsn.c - the words of NOTIFY and RET, one table each. */
#include "smtp/dsn.h"

#include <string.h>
#include <strings.h>

#include "base/str.h"

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

const char *
smtp_ret_name(enum smtp_ret ret)
{
	static const char *const names[] = { [SMTP_RET_FULL] = "FULL", [SMTP_RET_HDRS] = "HDRS" };

	return names[ret];
}
