/* SPDX-License-Identifier: ISC */
/* test_reasons.c - texts are kept once, and not without bound. */
#include "queue/reasons.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "unit.h"

START_TEST(keeps_a_text_once)
{
	struct reasons *reasons = reasons_new();
	uint16_t a = reasons_take(reasons, "451 try later"),
		 b = reasons_take(reasons, "451 try later");

	ck_assert_uint_ne(a, 0);
	ck_assert_uint_eq(a, b);
	ck_assert_uint_ne(a, reasons_take(reasons, "452 full"));
	ck_assert_str_eq(reasons_text(reasons, a), "451 try later");
	reasons_free(&reasons);
}
END_TEST

START_TEST(nothing_is_no_reason)
{
	struct reasons *reasons = reasons_new();

	ck_assert_uint_eq(reasons_take(reasons, NULL), 0);
	ck_assert_uint_eq(reasons_take(reasons, ""), 0);
	ck_assert_ptr_null(reasons_text(reasons, 0));
	reasons_drop(reasons, 0);
	reasons_free(&reasons);
}
END_TEST

START_TEST(slots_are_used_again)
{
	struct reasons *reasons = reasons_new();
	char text[32];

	for (unsigned i = 0; i < REASONS_MAX * 5; i++) {
		(void)snprintf(text, sizeof text, "reason %u", i);

		uint16_t number = reasons_take(reasons, text);

		ck_assert_str_eq(reasons_text(reasons, number), text);
		reasons_drop(reasons, number);
	}
	reasons_free(&reasons);
}
END_TEST

START_TEST(many_different_texts_share_one)
{
	struct reasons *reasons = reasons_new();
	char text[32];
	uint16_t last = 0;

	for (unsigned i = 0; i < REASONS_MAX + 10; i++) {
		(void)snprintf(text, sizeof text, "reason %u", i);
		last = reasons_take(reasons, text);
		ck_assert_uint_ne(last, 0);
	}
	ck_assert_ptr_nonnull(strstr(reasons_text(reasons, last), "posternctl show"));
	ck_assert(!reasons_is_kept(reasons, last));
	reasons_free(&reasons);
}
END_TEST

/* What is in the table is found, however full it is. */
START_TEST(known_texts_are_found_in_a_full_table)
{
	struct reasons *reasons = reasons_new();
	char text[32];
	uint16_t first = reasons_take(reasons, "reason 0"), number;

	for (unsigned i = 1; i < REASONS_MAX + 10; i++) {
		(void)snprintf(text, sizeof text, "reason %u", i);
		(void)reasons_take(reasons, text);
	}
	number = reasons_take(reasons, "reason 0");
	ck_assert_uint_eq(number, first);
	ck_assert(reasons_is_kept(reasons, number) && reasons_is_kept(reasons, 0));
	/* There is room for another when one is gone. */
	reasons_drop(reasons, reasons_take(reasons, "reason 1"));
	reasons_drop(reasons, reasons_take(reasons, "reason 1"));
	reasons_drop(reasons, first);
	ck_assert_str_eq(reasons_text(reasons, number), "reason 0");
	reasons_free(&reasons);
}
END_TEST

/* An upstream that says something else each time costs no more the longer it does so. */
START_TEST(a_stream_of_new_texts_stays_cheap)
{
	enum { MANY = 200000, AT_MOST_S = 4 };
	struct reasons *reasons = reasons_new();
	clock_t began = clock();
	char text[64];

	for (unsigned i = 0; i < MANY + REASONS_MAX; i++) {
		(void)snprintf(text, sizeof text, "450 4.2.1 come back later, ticket %u", i);

		uint16_t number = reasons_take(reasons, text);

		ck_assert_uint_ne(number, 0);
		if (i % (MANY / REASONS_MAX) != 0)
			reasons_drop(reasons, number);
	}
	ck_assert_int_lt(clock() - began, AT_MOST_S * CLOCKS_PER_SEC);
	reasons_free(&reasons);
}
END_TEST

START_TEST(long_texts_are_cut)
{
	struct reasons *reasons = reasons_new();
	char text[REASON_LEN_MAX * 2];

	memset(text, 'x', sizeof text);
	text[sizeof text - 1] = '\0';
	ck_assert_uint_eq(
	    strlen(reasons_text(reasons, reasons_take(reasons, text))), REASON_LEN_MAX);
	reasons_free(&reasons);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "reasons", keeps_a_text_once, nothing_is_no_reason, slots_are_used_again,
	    many_different_texts_share_one, known_texts_are_found_in_a_full_table,
	    a_stream_of_new_texts_stays_cheap, long_texts_are_cut);
}

UNIT_MAIN("reasons")
