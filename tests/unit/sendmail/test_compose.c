/* SPDX-License-Identifier: ISC */
/* test_compose.c - what becomes of a header, and who gets the message. */
#include "sendmail/compose.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "sendmail/input.h"
#include "sendmail/options.h"
#include "unit.h"

static struct input input;
static struct draft draft;

static int
compose(const struct options *options, const char *text)
{
	input = (struct input){ .stream = fmemopen((void *)(uintptr_t)text, strlen(text), "r") };
	ck_assert_ptr_nonnull(input.stream);
	return draft_compose(options, &input, "example.org", &draft);
}

static void
finish(void)
{
	fclose(input.stream);
	input_free(&input);
	draft_free(&draft);
}

static void
assert_recipients(const char *expected)
{
	struct str all = STR_EMPTY;

	for (size_t i = 0; i < draft.nrecipient; i++)
		str_printf(&all, "%s%s", i > 0 ? "|" : "", draft.recipient[i]);
	ck_assert_str_eq(all.len > 0 ? all.data : "", expected);
	str_free(&all);
}

static const struct options from_header = { .recipients_in_header = true, .sender = "s@x" };

struct header_case {
	const char *text, *recipients, *header; /* NULL: EX_DATAERR */
};

static const struct header_case headers[] = {
	{ "From: f@x\nTo: a@b\n\nbody\n", "a@b", "From: f@x\nTo: a@b\n\n" },
	/* Bcc is read and removed, with its continuation lines. */
	{ "From: f@x\nBcc: a@b,\n c@d\nSubject: s\n\n", "a@b|c@d", "From: f@x\nSubject: s\n\n" },
	{ "From: f@x\nBCC : a@b\n\n", "a@b", "From: f@x\n\n" },
	{ "From: f@x\r\nTo: a@b\r\nBcc: c@d,\r\n\te@f\r\n\r\n", "a@b|c@d|e@f",
	    "From: f@x\r\nTo: a@b\r\n\n" },
	{ "From: f@x\nTo: John Smith\n\n", NULL, NULL },
	/* Who is named twice gets it once. */
	{ "From: f@x\nTo: c@d, a@b\nCc: a@b\n\n", "a@b|c@d",
	    "From: f@x\nTo: c@d, a@b\nCc: a@b\n\n" },
	/* A message sent on goes to those it is sent on to. */
	{ "Resent-To: n@x\nResent-Bcc: m@x\nFrom: f@x\nTo: a@b\n\n", "m@x|n@x",
	    "Resent-To: n@x\nFrom: f@x\nTo: a@b\n\n" },
	/* The separator of an mbox; a body without a blank line; an end within the header. */
	{ "From f@x Mon Jan  1\nFrom: f@x\nTo: a@b\n\n", "a@b", "From: f@x\nTo: a@b\n\n" },
	{ "From: f@x\nTo: a@b\nno field\n", "a@b", "From: f@x\nTo: a@b\n\n" },
	{ "To: a@b\nSubject: hi", "a@b", "To: a@b\nSubject: hi\nFrom: <s@x>\n\n" },
	{ "From: f@x\nTo: a@b", "a@b", "From: f@x\nTo: a@b\n\n" },
};

START_TEST(reads_the_header)
{
	const struct header_case *c = &headers[_i];
	int code = compose(&from_header, c->text);

	ck_assert_int_eq(code, c->recipients != NULL ? EX_OK : EX_DATAERR);
	if (code == EX_OK) {
		assert_recipients(c->recipients);
		ck_assert_str_eq(draft.header.data, c->header);
	}
	finish();
}
END_TEST

START_TEST(leaves_bcc_alone_without_t)
{
	char *to[] = { (char[]){ "a@b" } };
	const struct options options = { .sender = "s@x", .recipient = to, .nrecipient = 1 };

	ck_assert_int_eq(compose(&options, "From: f@x\nTo: c@d\nBcc: e@f\n\n"), EX_OK);
	assert_recipients("a@b");
	ck_assert_str_eq(draft.header.data, "From: f@x\nTo: c@d\nBcc: e@f\n\n");
	finish();
}
END_TEST

START_TEST(one_bad_argument_stops_all)
{
	char *to[] = { (char[]){ "a@b>" }, (char[]){ "c@d" } };
	const struct options options = { .sender = "s@x", .recipient = to, .nrecipient = 2 };

	ck_assert_int_eq(compose(&options, "From: f@x\n\n"), EX_USAGE);
	finish();
}
END_TEST

START_TEST(needs_a_recipient)
{
	ck_assert_int_eq(compose(&from_header, "From: f@x\nTo: nobody:;\n\n"), EX_USAGE);
	finish();
}
END_TEST

START_TEST(takes_no_command_for_a_sender)
{
	char *to[] = { (char[]){ "a@b" } };
	struct options options = { .recipient = to, .nrecipient = 1 };

	options.sender = "s@x>\r\nRCPT TO:<evil@e";
	ck_assert_int_eq(compose(&options, "From: f@x\n\n"), EX_USAGE);
	finish();
}
END_TEST

START_TEST(the_null_sender_has_a_from)
{
	char *to[] = { (char[]){ "a@b" } };
	const struct options options = {
		.sender = "<>", .full_name = "A \"B\"\n", .recipient = to, .nrecipient = 1
	};

	ck_assert_int_eq(compose(&options, "Subject: s\n\nbody\n"), EX_OK);
	ck_assert_str_eq(draft.sender, "");
	ck_assert_ptr_nonnull(strstr(draft.header.data, "\nFrom: \"A \\\"B\\\" \" <"));
	ck_assert_ptr_nonnull(strstr(draft.header.data, "@example.org>\n\n"));
	ck_assert_int_gt(input_line(&input), 0);
	ck_assert_str_eq(input.line, "body\n");
	finish();
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("header");

	tcase_add_loop_test(table, reads_the_header, 0, sizeof headers / sizeof *headers);
	suite_add_tcase(suite, table);
	add_tests(suite, "compose", leaves_bcc_alone_without_t, one_bad_argument_stops_all,
	    needs_a_recipient, takes_no_command_for_a_sender, the_null_sender_has_a_from);
}

UNIT_MAIN("compose")
