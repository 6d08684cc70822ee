/* SPDX-License-Identifier: ISC */
/* test_present.c - strings of peers become JSON, whatever they are. */
#include "control/present.h"

#include "unit.h"

static const struct {
	const char *from, *to;
} texts[] = {
	{ "plain", "plain" },
	{ "caf\xc3\xa9", "caf\xc3\xa9" },
	{ "caf\xe9", "caf?" },
	{ "cut \xc3", "cut ?" },
	{ "", "" },
};

START_TEST(any_text_is_json)
{
	json_t *json = present_text(texts[_i].from);

	ck_assert_pstr_eq(json_string_value(json), texts[_i].to);
	json_decref(json);
}
END_TEST

START_TEST(nothing_is_null)
{
	ck_assert(json_is_null(present_text(NULL)));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("text");

	tcase_add_loop_test(table, any_text_is_json, 0, sizeof texts / sizeof *texts);
	suite_add_tcase(suite, table);
	add_tests(suite, "null", nothing_is_null);
}

UNIT_MAIN("present")
