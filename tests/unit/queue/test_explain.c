/* SPDX-License-Identifier: ISC */
/* test_explain.c - codes of refusals in words; what is none, or unknown, has none. */
#include "queue/explain.h"

#include <string.h>

#include "unit.h"

static const struct {
	const char *enhanced, *part; /* NULL: no words */
} cases[] = {
	{ "5.1.1", "no such mailbox" },
	{ "5.1.10", "takes no mail at all" },
	{ "4.2.2", "full" },
	{ "5.3.4", "too large" },
	{ "5.7.1", "forbid" },
	{ "5.7.26", "SPF, DKIM, DMARC" },
	{ "5.7.99", NULL },
	{ "5.1.11", NULL },
	{ "2.1.1", NULL },
	{ "5", NULL },
	{ "", NULL },
	{ NULL, NULL },
};

START_TEST(codes_have_words)
{
	const char *words = explain_enhanced(cases[_i].enhanced);

	if (cases[_i].part == NULL)
		ck_assert_ptr_null(words);
	else
		ck_assert_msg(words != NULL && strstr(words, cases[_i].part) != NULL, "%s",
		    cases[_i].enhanced);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("explain");

	tcase_add_loop_test(tcase, codes_have_words, 0, (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("explain")
