/* SPDX-License-Identifier: ISC */
/* test_saslprep.c - spellings of names and passwords: the examples of RFC 4013 3, and others. */
#include "config/saslprep.h"

#include "unit.h"

START_TEST(spellings)
{
	static const struct {
		const char *text;
		const char *spelled; /* NULL: as it is */
	} cases[] = {
		{ "I\xc2\xadX", "IX" },
		{ "user", NULL },
		{ "USER", NULL },
		{ "\xc2\xaa", "a" },
		{ "\xe2\x85\xa8", "IX" },
		{ "\x07", NULL },
		{ "\xd8\xa7\x31", NULL },
		{ "p\xc3\xa4ss", NULL },
		{ "pa\xcc\x88ss", "p\xc3\xa4ss" },
		{ "a\xc2\xa0z", "a z" },
		{ "\xf0\x9f\x98\x80", NULL },
		{ "\xc2\xad", NULL },
		{ "p\xe4ss", NULL },
		{ "", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *spelled = saslprep(cases[i].text);

		if (cases[i].spelled == NULL)
			ck_assert_msg(spelled == NULL, "%zu: %s", i, spelled);
		else
			ck_assert_str_eq(spelled, cases[i].spelled);
		saslprep_wipe(&spelled);
		ck_assert_ptr_null(spelled);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "saslprep", spellings);
}

UNIT_MAIN("saslprep")
