/* SPDX-License-Identifier: ISC */
/* test_reply_format.c - what a server sends is always a reply that a client can read. */
#include <string.h>

#include "base/str.h"
#include "smtp/reply.h"

#include "../unit.h"

START_TEST(formats_replies)
{
	static const struct {
		int code;
		const char *enhanced, *text, *want;
	} cases[] = {
		{ 220, NULL, "mx ready", "220 mx ready\r\n" },
		{ 250, "2.1.0", "OK", "250 2.1.0 OK\r\n" },
		{ 250, NULL, "", "250 \r\n" },
		{ 250, "2.0.0", "", "250 2.0.0\r\n" },
		{ 250, NULL, "a\nb\nc", "250-a\r\n250-b\r\n250 c\r\n" },
		{ 214, "2.0.0", "a\nb", "214-2.0.0 a\r\n214 2.0.0 b\r\n" },
		{ 550, "5.1.1", "a\r\nb\tc\x01", "550-5.1.1 a?\r\n550 5.1.1 b?c?\r\n" },
		{ 550, NULL, "a\n\nb", "550-a\r\n550-\r\n550 b\r\n" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str out = STR_EMPTY;

		smtp_reply_format(&out, cases[i].code, cases[i].enhanced, "%s", cases[i].text);
		ck_assert_str_eq(out.data, cases[i].want);
		str_free(&out);
	}
}
END_TEST

START_TEST(appends)
{
	struct str out = STR_EMPTY;

	smtp_reply_format(&out, 250, "2.1.0", "size %d", 7);
	smtp_reply_status(&out, &(struct smtp_status){ 554, "5.5.1", "no" });
	smtp_reply_status(&out, &(struct smtp_status){ 354, NULL, "go" });
	ck_assert_str_eq(out.data, "250 2.1.0 size 7\r\n554 5.5.1 no\r\n354 go\r\n");
	str_free(&out);
}
END_TEST

/* Read a reply back, checking the lengths of its lines; the words go into words. */
static void
read_back(const char *text, char *words, size_t size)
{
	enum smtp_reply_result result = SMTP_REPLY_MORE;
	struct smtp_reply reply;

	smtp_reply_reset(&reply);
	while (*text != '\0') {
		size_t len = strcspn(text, "\r");

		ck_assert_int_eq(result, SMTP_REPLY_MORE);
		ck_assert_uint_le(len + 2, SMTP_REPLY_LINE_MAX);
		result = smtp_reply_feed(&reply, text, len);
		text += len + 2;
	}
	ck_assert_int_eq(result, SMTP_REPLY_DONE);
	smtp_reply_words(&reply, words, size);
}

START_TEST(breaks_long_lines_at_spaces)
{
	char text[1500], words[SMTP_REPLY_TEXT_SIZE];
	struct str out = STR_EMPTY;

	for (size_t i = 0; i < sizeof text - 1; i++)
		text[i] = i % 10 == 9 ? ' ' : (char)('a' + i % 10);
	text[sizeof text - 2] = '.';
	text[sizeof text - 1] = '\0';
	smtp_reply_format(&out, 550, "5.7.1", "%s", text);
	read_back(out.data, words, sizeof words);
	ck_assert_str_eq(words, text);
	str_free(&out);
}
END_TEST

START_TEST(breaks_lines_of_any_length)
{
	for (size_t len = SMTP_REPLY_LINE_MAX - 20; len < 2 * SMTP_REPLY_LINE_MAX + 10; len++) {
		char text[2 * SMTP_REPLY_LINE_MAX + 10], words[SMTP_REPLY_TEXT_SIZE];
		struct str out = STR_EMPTY;
		size_t seen = 0;

		memset(text, 'x', len);
		text[len] = '\0';
		smtp_reply_format(&out, 451, "4.3.0", "%s", text);
		read_back(out.data, words, sizeof words);
		for (const char *p = words; *p != '\0'; p++)
			seen += *p == 'x';
		ck_assert_uint_eq(seen, len);
		str_free(&out);
	}
}
END_TEST

START_TEST(cuts_text_without_end)
{
	static char text[3 * SMTP_REPLY_TEXT_SIZE];
	char words[SMTP_REPLY_TEXT_SIZE];
	struct str out = STR_EMPTY;

	memset(text, 'x', sizeof text - 1);
	smtp_reply_format(&out, 550, NULL, "%s", text);
	read_back(out.data, words, sizeof words);
	ck_assert_uint_lt(out.len, 2 * SMTP_REPLY_TEXT_SIZE);
	str_free(&out);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "format", formats_replies, appends);
	add_tests(suite, "bounds", breaks_long_lines_at_spaces, breaks_lines_of_any_length,
	    cuts_text_without_end);
}

UNIT_MAIN("smtp/reply_format")
