/* SPDX-License-Identifier: ISC */
/* test_dsn.c - the words of NOTIFY, there and back, and what a sender hears of. */
#include "smtp/dsn.h"

#include <string.h>

#include "../unit.h"
#include "base/str.h"

START_TEST(words_there_and_back)
{
	static const struct {
		const char *in, *out; /* out NULL: refused */
	} cases[] = {
		{ "NEVER", "NEVER" },
		{ "success", "SUCCESS" },
		{ "Delay,FAILURE,success", "SUCCESS,FAILURE,DELAY" },
		{ "", NULL },
		{ ",", NULL },
		{ "DELAY,", NULL },
		{ "DELAY,DELAY", NULL },
		{ "NEVER,DELAY", NULL },
		{ "DELAY, FAILURE", NULL },
		{ "NEVERS", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str text = STR_EMPTY;
		unsigned notify;
		int result = smtp_notify_parse(cases[i].in, strlen(cases[i].in), &notify);

		ck_assert_msg((result == 0) == (cases[i].out != NULL), "'%s'", cases[i].in);
		if (result == 0) {
			smtp_notify_format(&text, notify);
			ck_assert_str_eq(text.data, cases[i].out);
		}
		str_free(&text);
	}
}
END_TEST

START_TEST(failure_and_delay_need_no_word)
{
	ck_assert(smtp_notify_wants(0, SMTP_NOTIFY_FAILURE));
	ck_assert(smtp_notify_wants(0, SMTP_NOTIFY_DELAY));
	ck_assert(!smtp_notify_wants(0, SMTP_NOTIFY_SUCCESS));
	ck_assert(smtp_notify_wants(SMTP_NOTIFY_SUCCESS, SMTP_NOTIFY_SUCCESS));
	ck_assert(!smtp_notify_wants(SMTP_NOTIFY_SUCCESS, SMTP_NOTIFY_FAILURE));
	ck_assert(!smtp_notify_wants(SMTP_NOTIFY_NEVER, SMTP_NOTIFY_FAILURE));
}
END_TEST

START_TEST(ret_has_names)
{
	ck_assert_ptr_null(smtp_ret_name(SMTP_RET_UNSAID));
	ck_assert_str_eq(smtp_ret_name(SMTP_RET_FULL), "FULL");
	ck_assert_str_eq(smtp_ret_name(SMTP_RET_HDRS), "HDRS");
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(
	    suite, "dsn", words_there_and_back, failure_and_delay_need_no_word, ret_has_names);
}

UNIT_MAIN("smtp/dsn")
