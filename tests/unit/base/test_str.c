/* SPDX-License-Identifier: ISC */
/* test_str.c - growing, failing once and for all, and handing over. */
#include "base/str.h"

#include <stdint.h>
#include <string.h>

#include "unit.h"

START_TEST(adds_and_terminates)
{
	struct str s = STR_EMPTY;

	str_puts(&s, "RCPT TO:<");
	str_add(&s, "a\0b", 3);
	str_printf(&s, ">%d%s", 42, "x");
	ck_assert_uint_eq(s.len, 16);
	ck_assert_mem_eq(s.data, "RCPT TO:<a\0b>42x", 17);
	ck_assert(!str_is_bad(&s));
	str_free(&s);
	ck_assert_ptr_null(s.data);
}
END_TEST

START_TEST(grows_by_octets_and_at_once)
{
	struct str s = STR_EMPTY;
	static char block[100000];

	for (int i = 0; i < 5000; i++)
		str_add(&s, "z", 1);
	memset(block, 'y', sizeof block);
	str_add(&s, block, sizeof block);
	str_printf(&s, "%.*s", (int)sizeof block, block);
	ck_assert_uint_eq(s.len, 205000);
	ck_assert_uint_eq(strlen(s.data), s.len);
	ck_assert_uint_eq(strspn(s.data, "z"), 5000);
	str_wipe(&s);
	ck_assert_ptr_null(s.data);
}
END_TEST

START_TEST(cut_keeps_the_head)
{
	struct str s = STR_EMPTY;

	str_cut(&s, 5);
	str_puts(&s, "hello");
	str_cut(&s, 9);
	ck_assert_str_eq(s.data, "hello");
	str_cut(&s, 2);
	ck_assert_str_eq(s.data, "he");
	str_puts(&s, "y");
	ck_assert_str_eq(s.data, "hey");
	str_free(&s);
}
END_TEST

START_TEST(too_much_is_bad_for_good)
{
	struct str s = STR_EMPTY;

	str_puts(&s, "x");
	str_add(&s, "", SIZE_MAX - 1);
	ck_assert(str_is_bad(&s));
	str_puts(&s, "y");
	ck_assert_uint_eq(s.len, 1);
	ck_assert_ptr_null(str_take(&s));
	ck_assert(!str_is_bad(&s));
}
END_TEST

START_TEST(take_hands_over)
{
	struct str s = STR_EMPTY;
	char *text;

	str_puts(&s, "mine");
	text = str_take(&s);
	ck_assert_str_eq(text, "mine");
	ck_assert_ptr_null(s.data);
	free(text);
}
END_TEST

START_TEST(take_of_nothing_is_an_empty_text)
{
	struct str s = STR_EMPTY;
	char *text = str_take(&s);

	ck_assert_str_eq(text, "");
	free(text);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "str", adds_and_terminates, grows_by_octets_and_at_once,
	    cut_keeps_the_head, too_much_is_bad_for_good, take_hands_over,
	    take_of_nothing_is_an_empty_text);
}

UNIT_MAIN("base/str")
