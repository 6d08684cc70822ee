/* SPDX-License-Identifier: ISC */
/* test_parameter.c - the parameters of MAIL and RCPT. */
#include "smtp/parameter.h"

#include <string.h>

#include "../unit.h"
#include "smtp/extension.h"

#define X50  "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X100 X50 X50
#define X493 X100 X100 X100 X100 X50 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

enum { ALL = (1 << SMTP_EXT_COUNT) - 1 };

struct bad_case {
	const char *text;
	unsigned offered;
	int code;
};

static const struct smtp_status *
read_mail(const char *text, unsigned offered, struct smtp_mail *out)
{
	*out = (struct smtp_mail){ .size = 0 };
	return smtp_mail_parameters(text, strlen(text), offered, out);
}

static const struct smtp_status *
read_rcpt(const char *text, unsigned offered, struct smtp_rcpt *out)
{
	*out = (struct smtp_rcpt){ .notify = 0 };
	return smtp_rcpt_parameters(text, strlen(text), offered, out);
}

START_TEST(reads_no_parameters)
{
	struct smtp_mail mail;

	ck_assert_ptr_null(read_mail("", 0, &mail));
	ck_assert_ptr_null(read_mail("   ", 0, &mail));
	ck_assert(!mail.has_size);
	ck_assert_int_eq(mail.body, SMTP_BODY_UNSAID);
}
END_TEST

START_TEST(reads_all_parameters_of_mail)
{
	struct smtp_mail mail;

	ck_assert_ptr_null(
	    read_mail(" SIZE=12345 body=8bitmime  SMTPUTF8 RET=hdrs ENVID=QQ314159+20"
		      " AUTH=<> REQUIRETLS",
		ALL, &mail));
	ck_assert(mail.has_size);
	ck_assert_uint_eq(mail.size, 12345);
	ck_assert_int_eq(mail.body, SMTP_BODY_8BITMIME);
	ck_assert(mail.smtputf8);
	ck_assert_int_eq(mail.ret, SMTP_RET_HDRS);
	ck_assert_str_eq(mail.envid, "QQ314159+20");
	ck_assert(mail.requiretls);
}
END_TEST

START_TEST(reads_holds)
{
	struct smtp_mail mail;

	ck_assert_ptr_null(read_mail("HOLDFOR=999999999", ALL, &mail));
	ck_assert_uint_eq(mail.hold_for_s, 999999999);
	ck_assert_int_eq(mail.hold_until_ms, 0);
	ck_assert_ptr_null(read_mail("holduntil=2026-11-23T22:18:04+01:00", ALL, &mail));
	ck_assert_uint_eq(mail.hold_for_s, 0);
	ck_assert_int_eq(mail.hold_until_ms, 1795468684000);
}
END_TEST

START_TEST(reads_sizes)
{
	static const struct {
		const char *text;
		uint64_t size;
	} cases[] = {
		{ "SIZE=0", 0 },
		{ "SIZE=18446744073709551615", UINT64_MAX },
		{ "SIZE=18446744073709551616", UINT64_MAX },
		{ "SIZE=99999999999999999999", UINT64_MAX },
		{ "SIZE=00000000000000000010", 10 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_mail mail;

		ck_assert_msg(read_mail(cases[i].text, ALL, &mail) == NULL, "%s", cases[i].text);
		ck_assert(mail.has_size);
		ck_assert_uint_eq(mail.size, cases[i].size);
	}
}
END_TEST

START_TEST(reads_bodies)
{
	static const struct {
		const char *text;
		enum smtp_body body;
	} cases[] = {
		{ "BODY=7BIT", SMTP_BODY_7BIT },
		{ "BODY=8BITMIME", SMTP_BODY_8BITMIME },
		{ "BODY=BINARYMIME", SMTP_BODY_BINARYMIME },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_mail mail;

		ck_assert_ptr_null(read_mail(cases[i].text, ALL, &mail));
		ck_assert_int_eq(mail.body, cases[i].body);
	}
}
END_TEST

START_TEST(answers_bad_parameters_of_mail)
{
	static const struct bad_case cases[] = {
		{ "SIZE", ALL, 501 },
		{ "SIZE=", ALL, 501 },
		{ "SIZE=x", ALL, 501 },
		{ "SIZE=-1", ALL, 501 },
		{ "SIZE=1x", ALL, 501 },
		{ "SIZE=100000000000000000000", ALL, 501 },
		{ "SIZE=1 SIZE=2", ALL, 501 },
		{ "SIZE=1 size=1", ALL, 501 },
		{ "SIZE=1=2", ALL, 501 },
		{ "=1", ALL, 501 },
		{ "-X=1", ALL, 501 },
		{ "SI_ZE=1", ALL, 501 },
		{ "<a@b>", ALL, 501 },
		{ "SIZE=1\x7F", ALL, 501 },
		{ "ENVID=\xC3\xBC", ALL, 501 },
		{ "BODY", ALL, 501 },
		{ "BODY=9BIT", ALL, 501 },
		{ "BODY=BINARYMIME", SMTP_EXT_8BITMIME, 501 },
		{ "SMTPUTF8=1", ALL, 501 },
		{ "REQUIRETLS=1", ALL, 501 },
		{ "RET=ALL", ALL, 501 },
		{ "RET", ALL, 501 },
		{ "ENVID", ALL, 501 },
		{ "ENVID=a+", ALL, 501 },
		{ "ENVID=a+2", ALL, 501 },
		{ "ENVID=" X100 "x", ALL, 501 },
		{ "AUTH", ALL, 501 },
		{ "AUTH=a+zz", ALL, 501 },
		{ "HOLDFOR", ALL, 501 },
		{ "HOLDFOR=0", ALL, 501 },
		{ "HOLDFOR=01", ALL, 501 },
		{ "HOLDFOR=-1", ALL, 501 },
		{ "HOLDFOR=1000000000", ALL, 501 },
		{ "HOLDFOR=1 HOLDFOR=1", ALL, 501 },
		{ "HOLDFOR=1 HOLDUNTIL=2026-11-23T21:18:04Z", ALL, 501 },
		{ "HOLDUNTIL=2026-11-23T21:18:04Z HOLDFOR=1", ALL, 501 },
		{ "HOLDUNTIL", ALL, 501 },
		{ "HOLDUNTIL=2026-11-23", ALL, 501 },
		{ "X", ALL, 555 },
		{ "X=1", ALL, 555 },
		{ "SIZES=1", ALL, 555 },
		{ "NOTIFY=NEVER", ALL, 555 },
		{ "SIZE=1 X=1", ALL, 555 },
		/* What was not offered is not known, be it good or bad. */
		{ "SIZE=1", 0, 555 },
		{ "SIZE=1", ALL & ~SMTP_EXT_SIZE, 555 },
		{ "BODY=8BITMIME", SMTP_EXT_SIZE, 555 },
		{ "SMTPUTF8", ALL & ~SMTP_EXT_SMTPUTF8, 555 },
		{ "RET=FULL", ALL & ~SMTP_EXT_DSN, 555 },
		{ "AUTH=<>", ALL & ~SMTP_EXT_AUTH, 555 },
		{ "HOLDFOR=x", ALL & ~SMTP_EXT_FUTURERELEASE, 555 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_mail mail;
		const struct smtp_status *status =
		    read_mail(cases[i].text, cases[i].offered, &mail);

		ck_assert_msg(status != NULL, "'%s'", cases[i].text);
		ck_assert_msg(
		    status->code == cases[i].code, "'%s': %d", cases[i].text, status->code);
		ck_assert_str_eq(status->enhanced, "5.5.4");
	}
}
END_TEST

START_TEST(keeps_the_longest_values)
{
	struct smtp_mail mail;
	struct smtp_rcpt rcpt;

	ck_assert_ptr_null(read_mail("ENVID=" X100, ALL, &mail));
	ck_assert_uint_eq(strlen(mail.envid), SMTP_ENVID_MAX);
	ck_assert_ptr_null(read_rcpt("ORCPT=rfc822;" X493, ALL, &rcpt));
	ck_assert_uint_eq(strlen(rcpt.orcpt), SMTP_ORCPT_MAX);
}
END_TEST

START_TEST(reads_parameters_of_rcpt)
{
	static const struct {
		const char *text;
		unsigned notify;
		const char *orcpt;
	} cases[] = {
		{ "NOTIFY=NEVER", SMTP_NOTIFY_NEVER, "" },
		{ "NOTIFY=success,Failure", SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_FAILURE, "" },
		{ "NOTIFY=DELAY ORCPT=rfc822;a+2Bb@c", SMTP_NOTIFY_DELAY, "rfc822;a+2Bb@c" },
		{ "ORCPT=utf-8;a\\x{FC}@b", 0, "utf-8;a\\x{FC}@b" },
		{ "ORCPT=UTF-8;\xC3\xBC@b.\xE9\x83\xB5", 0, "UTF-8;\\x{FC}@b.\\x{90F5}" },
		{ "ORCPT=utf-8;\xF0\x9F\x93\xAE+2B@b", 0, "utf-8;\\x{1F4EE}+2B@b" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_rcpt rcpt;

		ck_assert_msg(read_rcpt(cases[i].text, ALL, &rcpt) == NULL, "%s", cases[i].text);
		ck_assert_uint_eq(rcpt.notify, cases[i].notify);
		ck_assert_str_eq(rcpt.orcpt, cases[i].orcpt);
	}
}
END_TEST

START_TEST(answers_bad_parameters_of_rcpt)
{
	static const struct bad_case cases[] = {
		{ "NOTIFY", ALL, 501 },
		{ "NOTIFY=", ALL, 501 },
		{ "NOTIFY=x", ALL, 501 },
		{ "NOTIFY=,", ALL, 501 },
		{ "NOTIFY=SUCCESS,", ALL, 501 },
		{ "NOTIFY=,SUCCESS", ALL, 501 },
		{ "NOTIFY=NEVER,DELAY", ALL, 501 },
		{ "NOTIFY=DELAY NOTIFY=DELAY", ALL, 501 },
		{ "ORCPT", ALL, 501 },
		{ "ORCPT=a@b", ALL, 501 },
		{ "ORCPT=;a@b", ALL, 501 },
		{ "ORCPT=rfc822;a+b", ALL, 501 },
		{ "ORCPT=rfc822;" X493 "x", ALL, 501 },
		{ "ORCPT=rfc822;\xC3\xBC@b", ALL, 501 },
		{ "ORCPT=utf-8;\xC3@b", ALL, 501 },
		{ "ORCPT=utf-8;\xC3\xBC@b", ALL & ~SMTP_EXT_SMTPUTF8, 501 },
		{ "ORCPT=utf-8;" X493 "\xC3\xBC", ALL, 501 },
		{ "NOTIFY=N\xC3\x89VER", ALL, 501 },
		{ "SIZE=1", ALL, 555 },
		{ "NOTIFY=NEVER", 0, 555 },
		{ "ORCPT=rfc822;a@b", ALL & ~SMTP_EXT_DSN, 555 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_rcpt rcpt;
		const struct smtp_status *status =
		    read_rcpt(cases[i].text, cases[i].offered, &rcpt);

		ck_assert_msg(status != NULL, "'%s'", cases[i].text);
		ck_assert_msg(
		    status->code == cases[i].code, "'%s': %d", cases[i].text, status->code);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "mail", reads_no_parameters, reads_all_parameters_of_mail, reads_holds,
	    reads_sizes, reads_bodies, answers_bad_parameters_of_mail, keeps_the_longest_values);
	add_tests(suite, "rcpt", reads_parameters_of_rcpt, answers_bad_parameters_of_rcpt);
}

UNIT_MAIN("smtp/parameter")
