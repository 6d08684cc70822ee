/* SPDX-License-Identifier: ISC */
/* capability.c - the lines of an EHLO reply: one keyword each, and what its arguments mean. */
#include "smtp/capability.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/str.h"
#include "smtp/reply.h"

struct word {
	const char *text;
	size_t len;
};

static const char *const keywords[SMTP_EXT_COUNT] = {
#define X(name, keyword) [SMTP_EXT_INDEX_##name] = (keyword),
	SMTP_EXTENSIONS(X)
#undef X
};

static const char *const mechanisms[SMTP_MECH_COUNT] = {
#define X(name, text) [SMTP_MECH_INDEX_##name] = (text),
	SMTP_MECHANISMS(X)
#undef X
};

/* Take the next word off a line; false: there is none. */
static bool
next_word(const char **at, const char *end, struct word *out)
{
	while (*at < end && **at == ' ')
		(*at)++;
	out->text = *at;
	while (*at < end && **at != ' ')
		(*at)++;
	out->len = (size_t)(*at - out->text);
	return out->len > 0;
}

static bool
word_is(const struct word *word, const char *text)
{
	return strlen(text) == word->len && strncasecmp(text, word->text, word->len) == 0;
}

/* The number that a word is; 0: none, or over max. */
static uint64_t
read_number(const char *text, size_t len, uint64_t max)
{
	uint64_t value = 0;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return 0;

		uint64_t digit = (uint64_t)(text[i] - '0');

		if (value > (max - digit) / 10)
			return 0;
		value = value * 10 + digit;
	}
	return value;
}

static void
read_size(struct smtp_capabilities *out, const char *at, const char *end)
{
	struct word word;

	if (next_word(&at, end, &word))
		out->size = read_number(word.text, word.len, UINT64_MAX);
}

/* Whether the list, words with a space between, has the word. */
static bool
list_has(const char *list, const struct word *word)
{
	const char *end = list + strlen(list);
	struct word other;

	while (next_word(&list, end, &other))
		if (other.len == word->len && strncasecmp(other.text, word->text, word->len) == 0)
			return true;
	return false;
}

/* Add a word to auth_text, unless it has it or has no room. */
static void
add_auth_text(struct smtp_capabilities *out, const struct word *word)
{
	size_t len = strlen(out->auth_text);
	size_t space = len > 0;

	if (len + space + word->len >= sizeof out->auth_text || list_has(out->auth_text, word))
		return;
	if (space)
		out->auth_text[len++] = ' ';
	memcpy(out->auth_text + len, word->text, word->len);
	out->auth_text[len + word->len] = '\0';
}

/* A server may say AUTH twice, in the standard's form and in that of old clients ("AUTH=LOGIN"). */
static void
read_auth(struct smtp_capabilities *out, const char *at, const char *end)
{
	struct word word;

	while (next_word(&at, end, &word)) {
		for (size_t i = 0; i < SMTP_MECH_COUNT; i++)
			if (word_is(&word, mechanisms[i]))
				out->mechanisms |= 1u << i;
		add_auth_text(out, &word);
	}
}

/* RFC 9422 4: "LIMITS RCPTMAX=20 MAILMAX=5"; limits of other names are not for us. */
static void
read_limits(struct smtp_capabilities *out, const char *at, const char *end)
{
	struct word word;

	while (next_word(&at, end, &word)) {
		const char *equals = memchr(word.text, '=', word.len);

		if (equals == NULL)
			continue;

		size_t value_len = word.len - (size_t)(equals + 1 - word.text);
		uint32_t value = (uint32_t)read_number(equals + 1, value_len, UINT32_MAX);

		word.len = (size_t)(equals - word.text);
		if (word_is(&word, "RCPTMAX"))
			out->rcpt_max = value;
		else if (word_is(&word, "MAILMAX"))
			out->mail_max = value;
	}
}

static void
read_line(struct smtp_capabilities *out, const char *at, const char *end)
{
	struct word keyword;

	if (!next_word(&at, end, &keyword))
		return;
	if (keyword.len > 5 && strncasecmp(keyword.text, "AUTH=", 5) == 0) {
		keyword.len = 4;
		at = keyword.text + 5;
	}
	for (size_t i = 0; i < SMTP_EXT_COUNT; i++)
		if (word_is(&keyword, keywords[i]))
			out->extensions |= 1u << i;
	if (word_is(&keyword, keywords[SMTP_EXT_INDEX_SIZE]))
		read_size(out, at, end);
	else if (word_is(&keyword, keywords[SMTP_EXT_INDEX_AUTH]))
		read_auth(out, at, end);
	else if (word_is(&keyword, keywords[SMTP_EXT_INDEX_LIMITS]))
		read_limits(out, at, end);
}

void
smtp_capabilities_parse(const char *text, struct smtp_capabilities *out)
{
	const char *line = text + strcspn(text, "\n");

	*out = (struct smtp_capabilities){ .extensions = 0 };
	while (*line == '\n') {
		const char *end = line + 1 + strcspn(line + 1, "\n");

		read_line(out, line + 1, end);
		line = end;
	}
}

static void
put_auth(struct str *text, const struct smtp_capabilities *offered)
{
	for (size_t i = 0; i < SMTP_MECH_COUNT; i++)
		if (offered->mechanisms & (1u << i))
			str_printf(text, " %s", mechanisms[i]);
}

static void
put_limits(struct str *text, const struct smtp_capabilities *offered)
{
	if (offered->mail_max > 0)
		str_printf(text, " MAILMAX=%" PRIu32, offered->mail_max);
	if (offered->rcpt_max > 0)
		str_printf(text, " RCPTMAX=%" PRIu32, offered->rcpt_max);
}

static void
put_future_release(struct str *text, const struct smtp_capabilities *offered)
{
	char until[CLOCK_ISO_SIZE];

	clock_format_seconds(offered->hold_until_ms, until);
	str_printf(text, " %" PRIu32 " %s", offered->hold_max_s, until);
}

void
smtp_capabilities_format(
    struct str *out, const char *hostname, const struct smtp_capabilities *offered)
{
	struct str text = STR_EMPTY;

	str_puts(&text, hostname);
	for (size_t i = 0; i < SMTP_EXT_COUNT; i++) {
		if (!(offered->extensions & (1u << i)))
			continue;
		str_printf(&text, "\n%s", keywords[i]);
		if (i == SMTP_EXT_INDEX_SIZE && offered->size > 0)
			str_printf(&text, " %" PRIu64, offered->size);
		else if (i == SMTP_EXT_INDEX_AUTH)
			put_auth(&text, offered);
		else if (i == SMTP_EXT_INDEX_LIMITS)
			put_limits(&text, offered);
		else if (i == SMTP_EXT_INDEX_FUTURERELEASE)
			put_future_release(&text, offered);
	}
	if (str_is_bad(&text))
		out->bad = true;
	else
		smtp_reply_format(out, 250, NULL, "%s", text.data);
	str_free(&text);
}

const char *
smtp_mechanism_name(unsigned mechanism)
{
	for (size_t i = 0; i < SMTP_MECH_COUNT; i++)
		if (mechanism == 1u << i)
			return mechanisms[i];
	return NULL;
}
