/* SPDX-License-Identifier: ISC */
/* test_header.c - what a header has, at every split of the content. */
#include "smtp/header.h"

#include <string.h>

#include "../unit.h"

struct header_case {
	const char *in;
	unsigned from, date, message_id, received;
	enum smtp_header_end end;
	uint64_t length;
	bool needs_blank;
};

#define BLANK SMTP_HEADER_BLANK
#define BODY  SMTP_HEADER_BODY
#define EOF_  SMTP_HEADER_EOF

static const struct header_case cases[] = {
	{ "", 0, 0, 0, 0, EOF_, 0, true },
	{ "\r\n", 0, 0, 0, 0, BLANK, 0, false },
	{ "\r\nFrom: a\r\n", 0, 0, 0, 0, BLANK, 0, false },
	{ "From: a\r\n", 1, 0, 0, 0, EOF_, 9, false },
	{ "From: a\r\n\r\nDate: x\r\n", 1, 0, 0, 0, BLANK, 9, false },
	{ "FROM: a\r\ndate: b\r\nMessage-Id: c\r\n\r\n", 1, 1, 1, 0, BLANK, 33, false },
	{ "From : a\r\nDate\t: b\r\nMessage-ID \t :c\r\n\r\n", 1, 1, 1, 0, BLANK, 37, false },
	{ "From:\r\n\r\n", 1, 0, 0, 0, BLANK, 7, false },
	{ "Received: a\r\n b\r\n\tc\r\nReceived: d\r\nreceived: e\r\n\r\n", 0, 0, 0, 3, BLANK, 47,
	    false },
	/* Not the fields that are counted. */
	{ "Subject: From: a\r\n Date: b\r\n\r\n", 0, 0, 0, 0, BLANK, 28, false },
	{ "Resent-From: a\r\nFrom-X: b\r\nFro: c\r\nFromm: d\r\n\r\n", 0, 0, 0, 0, BLANK, 45,
	    false },
	{ "X-A-Very-Long-Name-Of-A-Field-From: a\r\nFrom: b\r\n\r\n", 1, 0, 0, 0, BLANK, 48,
	    false },
	/* A space and nothing else goes on with the field before. */
	{ "From: a\r\n \r\nDate: b\r\n\r\n", 1, 1, 0, 0, BLANK, 21, false },
	/* No header, or its end is missing. */
	{ "Hello\r\n", 0, 0, 0, 0, BODY, 0, true },
	{ "Hello world: x\r\n", 0, 0, 0, 0, BODY, 0, true },
	{ " From: a\r\n", 0, 0, 0, 0, BODY, 0, true },
	{ ": a\r\n", 0, 0, 0, 0, BODY, 0, true },
	{ "From a@b Mon Nov 23 2026\r\nFrom: a\r\n", 0, 0, 0, 0, BODY, 0, true },
	{ "Fr\xC3\xBCm: a\r\n", 0, 0, 0, 0, BODY, 0, true },
	{ "From: a\r\nHello world\r\nDate: b\r\n", 1, 0, 0, 0, BODY, 9, false },
	{ "From: a\r\nHello\r\n\r\nDate: b\r\n", 1, 0, 0, 0, BODY, 9, false },
	{ "From: a\r\n\x01: b\r\n", 1, 0, 0, 0, BODY, 9, false },
	{ "From: a\r\n\rDate: b\r\n", 1, 0, 0, 0, BODY, 9, false },
	/* Content that ends in the middle of a line is not canonical, but it may be asked about. */
	{ "Fro", 0, 0, 0, 0, BODY, 0, true },
	{ "From: a\r\nDate", 1, 0, 0, 0, BODY, 9, false },
	{ "From: a\r\nDate: ", 1, 1, 0, 0, EOF_, 15, false },
};

static void
check(const struct header_case *c, const struct smtp_header_scan *scan, size_t split)
{
	ck_assert_msg(scan->count[SMTP_HEADER_FROM] == c->from &&
			  scan->count[SMTP_HEADER_DATE] == c->date &&
			  scan->count[SMTP_HEADER_MESSAGE_ID] == c->message_id &&
			  scan->count[SMTP_HEADER_RECEIVED] == c->received,
	    "counts of '%s' cut at %zu", c->in, split);
	ck_assert_msg(
	    scan->end == c->end, "end %d of '%s' cut at %zu", (int)scan->end, c->in, split);
	ck_assert_msg(scan->length == c->length, "length %u of '%s' cut at %zu",
	    (unsigned)scan->length, c->in, split);
	ck_assert_msg(smtp_header_needs_blank(scan) == c->needs_blank, "blank of '%s'", c->in);
}

START_TEST(sees_the_same_at_every_split)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t len = strlen(cases[i].in);

		for (size_t split = 0; split <= len; split++) {
			struct smtp_header_scan scan = { .end = SMTP_HEADER_OPEN };

			smtp_header_feed(&scan, cases[i].in, split);
			smtp_header_feed(&scan, cases[i].in + split, len - split);
			smtp_header_finish(&scan);
			check(&cases[i], &scan, split);
		}
	}
}
END_TEST

START_TEST(sees_the_same_octet_by_octet)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_header_scan scan = { .end = SMTP_HEADER_OPEN };

		for (const char *p = cases[i].in; *p != '\0'; p++)
			smtp_header_feed(&scan, p, 1);
		smtp_header_finish(&scan);
		check(&cases[i], &scan, strlen(cases[i].in));
	}
}
END_TEST

START_TEST(counts_many_fields)
{
	static const char field[] = "Received: x\r\n";
	struct smtp_header_scan scan = { .end = SMTP_HEADER_OPEN };

	for (unsigned i = 1; i <= 1000; i++) {
		smtp_header_feed(&scan, field, sizeof field - 1);
		ck_assert_uint_eq(scan.count[SMTP_HEADER_RECEIVED], i);
		ck_assert_uint_eq(scan.length, i * (sizeof field - 1));
	}
}
END_TEST

START_TEST(looks_no_further_than_the_header)
{
	struct smtp_header_scan scan = { .end = SMTP_HEADER_OPEN };

	smtp_header_feed(&scan, "A: b\r\n\r\n", 8);
	ck_assert_int_eq(scan.end, SMTP_HEADER_BLANK);
	smtp_header_feed(&scan, "From: a\r\n", 9);
	smtp_header_finish(&scan);
	ck_assert_int_eq(scan.end, SMTP_HEADER_BLANK);
	ck_assert_uint_eq(scan.count[SMTP_HEADER_FROM], 0);
	ck_assert_uint_eq(scan.length, 6);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "header", sees_the_same_at_every_split, sees_the_same_octet_by_octet,
	    counts_many_fields, looks_no_further_than_the_header);
}

UNIT_MAIN("smtp/header")
