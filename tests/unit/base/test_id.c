/* SPDX-License-Identifier: ISC */
/* test_id.c - ids grow, and survive their text form. */
#include "base/id.h"

#include <ctype.h>
#include <string.h>

#include "unit.h"

START_TEST(grows_within_a_millisecond)
{
	struct id_source source = { .tag = 3 };
	uint64_t last = 0;

	for (int i = 0; i < 200000; i++) {
		uint64_t id = id_next(&source, 1795468684123);

		ck_assert_uint_gt(id, last);
		last = id;
	}
}
END_TEST

START_TEST(grows_when_the_clock_steps_back)
{
	struct id_source source = { .tag = 1 };
	uint64_t first = id_next(&source, 2000000);

	ck_assert_uint_gt(id_next(&source, 1000000), first);
	ck_assert_uint_gt(id_next(&source, -5), first);
}
END_TEST

START_TEST(writers_never_make_the_same_id)
{
	struct id_source a = { .tag = 0 }, b = { .tag = ID_TAG_MAX };

	for (int i = 0; i < 1000; i++)
		ck_assert_uint_ne(id_next(&a, 77), id_next(&b, 77));
}
END_TEST

/* One that begins anew at the same time, with the same slot. */
START_TEST(lives_make_different_ids)
{
	enum { LIVES = 64 };
	uint64_t seen[LIVES];
	size_t same = 0;

	for (size_t i = 0; i < LIVES; i++) {
		struct id_source source;

		id_source_init(&source, 1);
		seen[i] = id_next(&source, 1795468684123);
		ck_assert_int_eq(id_time_ms(seen[i]), 1795468684123);
		for (size_t j = 0; j < i; j++)
			same += seen[j] == seen[i];
	}
	/* Among 64 draws of 32,768 there are four pairs once in a million runs. */
	ck_assert_uint_lt(same, 4);
}
END_TEST

START_TEST(keeps_its_time)
{
	struct id_source source = { .tag = ID_TAG_MAX };

	ck_assert_int_eq(id_time_ms(id_next(&source, 1795468684123)), 1795468684123);
}
END_TEST

/* An age that wrapped around would make every message too old. */
START_TEST(nothing_is_younger_than_new)
{
	struct id_source source = { .tag = 1 };
	uint64_t id = id_next(&source, 1000000);

	ck_assert_uint_eq(id_age_ms(id, 1000250), 250);
	ck_assert_uint_eq(id_age_ms(id, 1000000), 0);
	ck_assert_uint_eq(id_age_ms(id, 999999), 0);
	ck_assert_uint_eq(id_age_ms(id, 0), 0);
}
END_TEST

START_TEST(text_reads_back_in_either_case)
{
	static const uint64_t ids[] = { 0, 1, 31, 32, 0x0123456789abcdef, UINT64_MAX };

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		char text[ID_TEXT_SIZE];
		uint64_t back = 1;

		id_format(ids[i], text);
		ck_assert_uint_eq(strlen(text), ID_TEXT_LEN);
		ck_assert_int_eq(id_parse(text, &back), 0);
		ck_assert_uint_eq(back, ids[i]);
		for (char *p = text; *p != '\0'; p++)
			*p = (char)tolower(*p);
		ck_assert_int_eq(id_parse(text, &back), 0);
		ck_assert_uint_eq(back, ids[i]);
	}
}
END_TEST

START_TEST(text_sorts_like_the_number)
{
	char older[ID_TEXT_SIZE], newer[ID_TEXT_SIZE];

	id_format(0x00ff000000000000, older);
	id_format(0x0100000000000000, newer);
	ck_assert_str_lt(older, newer);
}
END_TEST

START_TEST(refuses_what_is_no_id)
{
	static const char *const texts[] = { "", "0", "000000000000", "00000000000000",
		"G000000000000", "000000000000U", "00000000000-0", "00000000 0000",
		"000000\xff"
		"000000" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		uint64_t id;

		ck_assert_msg(id_parse(texts[i], &id) == -1, "took '%s'", texts[i]);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "making", grows_within_a_millisecond, grows_when_the_clock_steps_back,
	    writers_never_make_the_same_id, lives_make_different_ids, keeps_its_time,
	    nothing_is_younger_than_new);
	add_tests(suite, "text", text_reads_back_in_either_case, text_sorts_like_the_number,
	    refuses_what_is_no_id);
}

UNIT_MAIN("base/id")
