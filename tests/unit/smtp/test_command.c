/* SPDX-License-Identifier: ISC */
/* test_command.c - command lines, and the paths of MAIL and RCPT with the answers to bad ones. */
#include "smtp/command.h"

#include <string.h>

#include "../unit.h"
#include "smtp/extension.h"

enum { ALL = (1 << SMTP_EXT_COUNT) - 1 };

static const struct smtp_status *
parse_mail(const char *argument, unsigned offered, struct smtp_mail *out)
{
	return smtp_mail_parse(argument, strlen(argument), offered, out);
}

static const struct smtp_status *
parse_rcpt(const char *argument, bool utf8, struct smtp_rcpt *out)
{
	return smtp_rcpt_parse(argument, strlen(argument), ALL, utf8, out);
}

START_TEST(splits_lines)
{
	static const struct {
		const char *line;
		enum smtp_verb verb;
		const char *argument;
	} cases[] = {
		{ "QUIT", SMTP_VERB_QUIT, "" },
		{ "quit", SMTP_VERB_QUIT, "" },
		{ "QUIT  ", SMTP_VERB_QUIT, "" },
		{ "EHLO host", SMTP_VERB_EHLO, "host" },
		{ "EHLO   host  ", SMTP_VERB_EHLO, "host" },
		{ "MAIL FROM:<a@b> SIZE=1", SMTP_VERB_MAIL, "FROM:<a@b> SIZE=1" },
		{ "NOOP a b", SMTP_VERB_NOOP, "a b" },
		{ "MAILFROM:<a@b>", SMTP_VERB_UNKNOWN, "" },
		{ "MAIL:FROM", SMTP_VERB_UNKNOWN, "" },
		{ " QUIT", SMTP_VERB_UNKNOWN, "QUIT" },
		{ "", SMTP_VERB_UNKNOWN, "" },
		{ "   ", SMTP_VERB_UNKNOWN, "" },
		{ "GET / HTTP/1.1", SMTP_VERB_UNKNOWN, "/ HTTP/1.1" },
		{ "\xC3\xBC x", SMTP_VERB_UNKNOWN, "x" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_command out;

		ck_assert_ptr_null(smtp_command_split(cases[i].line, strlen(cases[i].line), &out));
		ck_assert_msg(out.verb == cases[i].verb, "'%s'", cases[i].line);
		ck_assert_uint_eq(out.argument_len, strlen(cases[i].argument));
		ck_assert_mem_eq(out.argument, cases[i].argument, out.argument_len);
	}
}
END_TEST

START_TEST(refuses_control_octets_in_a_line)
{
	for (int octet = 0; octet < 256; octet++) {
		char line[] = "NOOP a?b";
		struct smtp_command out;
		const struct smtp_status *status;

		line[6] = (char)octet;
		status = smtp_command_split(line, sizeof line - 1, &out);
		ck_assert_msg((status != NULL) == (octet < ' ' || octet == 0x7F), "%d", octet);
		if (status != NULL) {
			ck_assert_int_eq(status->code, 500);
			ck_assert_str_eq(status->enhanced, "5.5.2");
		}
	}
}
END_TEST

START_TEST(reads_senders)
{
	static const struct {
		const char *argument, *from;
	} cases[] = {
		{ "FROM:<a@b>", "a@b" },
		{ "from:<a@b>", "a@b" },
		{ "FROM: <a@b>", "a@b" },
		{ "FROM:a@b", "a@b" },
		{ "FROM: a@b SIZE=1", "a@b" },
		{ "FROM:<>", "" },
		{ "FROM:<root>", "root" },
		{ "FROM:root", "root" },
		{ "FROM:<@x:a@b> BODY=8BITMIME", "a@b" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_mail mail;
		const struct smtp_status *status = parse_mail(cases[i].argument, ALL, &mail);

		ck_assert_msg(status == NULL, "'%s'", cases[i].argument);
		ck_assert_str_eq(mail.from.text, cases[i].from);
	}
}
END_TEST

START_TEST(answers_bad_senders)
{
	static const struct {
		const char *argument;
		int code;
		const char *enhanced;
	} cases[] = {
		{ "", 501, "5.5.4" },
		{ "<a@b>", 501, "5.5.4" },
		{ "FROM", 501, "5.5.4" },
		{ "FROM <a@b>", 501, "5.5.4" },
		{ "TO:<a@b>", 501, "5.5.4" },
		{ "FROM:", 501, "5.1.7" },
		{ "FROM: ", 501, "5.1.7" },
		{ "FROM:SIZE=10", 501, "5.1.7" },
		{ "FROM: SIZE=10", 501, "5.1.7" },
		{ "FROM:<a@b", 501, "5.1.7" },
		{ "FROM:<a@b>SIZE=10", 501, "5.1.7" },
		{ "FROM:<a b@c>", 501, "5.1.7" },
		{ "FROM:<a@b..c>", 501, "5.1.7" },
		{ "FROM:<a@b> SIZE", 501, "5.5.4" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_mail mail;
		const struct smtp_status *status = parse_mail(cases[i].argument, ALL, &mail);

		ck_assert_msg(status != NULL, "'%s'", cases[i].argument);
		ck_assert_int_eq(status->code, cases[i].code);
		ck_assert_msg(strcmp(status->enhanced, cases[i].enhanced) == 0, "'%s': %s",
		    cases[i].argument, status->enhanced);
	}
}
END_TEST

START_TEST(reads_recipients)
{
	static const struct {
		const char *argument, *to;
	} cases[] = {
		{ "TO:<a@b>", "a@b" },
		{ "to: a@b", "a@b" },
		{ "TO:<Postmaster>", "Postmaster" },
		{ "TO:postmaster", "postmaster" },
		{ "TO:<root>", "root" },
		{ "TO:root", "root" },
		{ "TO:<@x,@y:a@b> NOTIFY=NEVER", "a@b" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_rcpt rcpt;
		const struct smtp_status *status = parse_rcpt(cases[i].argument, false, &rcpt);

		ck_assert_msg(status == NULL, "'%s'", cases[i].argument);
		ck_assert_str_eq(rcpt.to.text, cases[i].to);
	}
}
END_TEST

START_TEST(answers_bad_recipients)
{
	static const struct {
		const char *argument, *enhanced;
	} cases[] = {
		{ "", "5.5.4" },
		{ "FROM:<a@b>", "5.5.4" },
		{ "TO:", "5.1.3" },
		{ "TO:<>", "5.1.3" },
		{ "TO:Ann <ann@x>", "5.1.3" },
		{ "TO:<a@b>, <c@d>", "5.1.3" },
		{ "TO:<a@b> c@d", "5.5.4" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_rcpt rcpt;
		const struct smtp_status *status = parse_rcpt(cases[i].argument, false, &rcpt);

		ck_assert_msg(status != NULL, "'%s'", cases[i].argument);
		ck_assert_int_eq(status->code, 501);
		ck_assert_str_eq(status->enhanced, cases[i].enhanced);
	}
}
END_TEST

START_TEST(wants_smtputf8_for_more_than_ascii)
{
	static const char argument[] = "FROM:<\xC3\xBC@b>";
	struct smtp_mail mail;
	struct smtp_rcpt rcpt;
	const struct smtp_status *status = parse_mail(argument, 0, &mail);

	ck_assert_int_eq(status->code, 553);
	ck_assert_str_eq(status->enhanced, "5.6.7");
	status = parse_mail(argument, SMTP_EXT_SMTPUTF8, &mail);
	ck_assert_int_eq(status->code, 553);
	ck_assert_ptr_null(parse_mail("FROM:<\xC3\xBC@b> SMTPUTF8", SMTP_EXT_SMTPUTF8, &mail));
	ck_assert(mail.smtputf8);
	status = parse_mail("FROM:<\xFC@b> SMTPUTF8", SMTP_EXT_SMTPUTF8, &mail);
	ck_assert_int_eq(status->code, 501);

	ck_assert_int_eq(parse_rcpt("TO:<\xC3\xBC@b>", false, &rcpt)->code, 553);
	ck_assert_ptr_null(parse_rcpt("TO:<\xC3\xBC@b>", true, &rcpt));
}
END_TEST

START_TEST(reads_chunk_sizes)
{
	static const struct {
		const char *argument;
		bool is_fine, knows_size;
		uint64_t size;
		bool is_last;
	} cases[] = {
		{ "0", true, true, 0, false },
		{ "1000", true, true, 1000, false },
		{ "1000 LAST", true, true, 1000, true },
		{ "007  last", true, true, 7, true },
		{ "18446744073709551615", true, true, UINT64_MAX, false },
		{ "18446744073709551616", false, false, 0, false },
		{ "18446744073709551616 LAST", false, false, 0, false },
		{ "1000 FIRST", false, true, 1000, false },
		{ "1000 LAST 2", false, true, 1000, false },
		{ "1000LAST", false, false, 0, false },
		{ "LAST", false, false, 0, false },
		{ "-1", false, false, 0, false },
		{ "0x10", false, false, 0, false },
		{ "", false, false, 0, false },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *argument = cases[i].argument;
		struct smtp_bdat bdat;
		bool knows_size;
		const struct smtp_status *wrong =
		    smtp_bdat_parse(argument, strlen(argument), &bdat, &knows_size);

		ck_assert_msg((wrong == NULL) == cases[i].is_fine, "'%s'", argument);
		ck_assert_msg(knows_size == cases[i].knows_size, "'%s'", argument);
		if (knows_size)
			ck_assert_uint_eq(bdat.size, cases[i].size);
		ck_assert_msg(bdat.is_last == cases[i].is_last, "'%s'", argument);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "line", splits_lines, refuses_control_octets_in_a_line);
	add_tests(
	    suite, "mail", reads_senders, answers_bad_senders, wants_smtputf8_for_more_than_ascii);
	add_tests(suite, "rcpt", reads_recipients, answers_bad_recipients);
	add_tests(suite, "bdat", reads_chunk_sizes);
}

UNIT_MAIN("smtp/command")
