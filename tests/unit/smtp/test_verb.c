/* SPDX-License-Identifier: ISC */
/* test_verb.c - verbs by name and back. */
#include "smtp/verb.h"

#include <string.h>

#include "../unit.h"

START_TEST(finds_every_verb_by_its_name)
{
	for (unsigned verb = SMTP_VERB_UNKNOWN + 1; verb < SMTP_VERB_COUNT; verb++) {
		const char *name = smtp_verb_name((enum smtp_verb)verb);

		ck_assert_uint_eq(smtp_verb_find(name, strlen(name)), verb);
	}
}
END_TEST

START_TEST(takes_either_case)
{
	ck_assert_int_eq(smtp_verb_find("mail", 4), SMTP_VERB_MAIL);
	ck_assert_int_eq(smtp_verb_find("StartTLS", 8), SMTP_VERB_STARTTLS);
}
END_TEST

START_TEST(knows_no_other_word)
{
	static const char *const words[] = { "", "MAI", "MAILS", "MA\0L", "?", "XCLIENT" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		ck_assert_int_eq(smtp_verb_find(words[i], strlen(words[i])), SMTP_VERB_UNKNOWN);
	ck_assert_int_eq(smtp_verb_find("MAIL\0", 5), SMTP_VERB_UNKNOWN);
	ck_assert_str_eq(smtp_verb_name(SMTP_VERB_UNKNOWN), "?");
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(
	    suite, "verb", finds_every_verb_by_its_name, takes_either_case, knows_no_other_word);
}

UNIT_MAIN("smtp/verb")
