/* SPDX-License-Identifier: ISC */
/* test_segments.c - when a segment may go, and when it is worth emptying. */
#include "outbound/segments.h"

#include <errno.h>

#include "unit.h"

START_TEST(goes_when_sealed_and_empty)
{
	struct segments *segments = segments_new();

	ck_assert(segments_enter(segments, 7));
	segments_ref(segments, 7, 100);
	ck_assert(!segments_take_finished(segments, 7));
	segments_unref(segments, 7, 100);
	ck_assert(!segments_take_finished(segments, 7)); /* it is still written */
	segments_seal(segments, 7);
	ck_assert(segments_take_finished(segments, 7));
	ck_assert(!segments_take_finished(segments, 7));
	ck_assert_uint_eq(segments_count(segments), 0);
	segments_free(&segments);
}
END_TEST

START_TEST(an_empty_segment_goes_too)
{
	struct segments *segments = segments_new();

	segments_enter(segments, 7);
	segments_seal(segments, 7);
	ck_assert(segments_take_finished(segments, 7));
	segments_free(&segments);
}
END_TEST

/* A sealed segment that takes so much of the disk, with one message of so many octets in it. */
static void
add(struct segments *segments, uint64_t number, uint64_t used, uint32_t live)
{
	ck_assert(segments_enter(segments, number));
	segments_ref(segments, number, live);
	segments_set_used(segments, number, used);
	segments_seal(segments, number);
}

START_TEST(tells_what_is_not_read_yet)
{
	struct segments *segments = segments_new();
	struct segments_unread unread = { .number = 3, .messages = 70, .error = EACCES };

	add(segments, 1, 1000, 500);
	ck_assert(segments_enter(segments, 3));
	ck_assert(!segments_next_unread(segments, 0, &unread));
	segments_set_unread(segments, &unread);
	unread = (struct segments_unread){ 0 };
	ck_assert(segments_next_unread(segments, 0, &unread));
	ck_assert_uint_eq(unread.number, 3);
	ck_assert_uint_eq(unread.messages, 70);
	ck_assert_int_eq(unread.error, EACCES);
	ck_assert(!segments_next_unread(segments, 3, &unread));
	unread.error = 0;
	segments_set_unread(segments, &unread);
	ck_assert(!segments_next_unread(segments, 0, &unread));
	segments_free(&segments);
}
END_TEST

START_TEST(chooses_the_emptiest_until_it_is_enough)
{
	struct segments *segments = segments_new();

	add(segments, 1, 1000, 900);
	add(segments, 2, 1000, 500);
	add(segments, 3, 1000, 100);
	add(segments, 4, 1000, 300);
	/* 4000 for 1800; without 3 it is 3100, without 4 2400. */
	ck_assert_uint_eq(segments_choose(segments, 0, 0), 2);
	ck_assert(segments_is_chosen(segments, 3));
	ck_assert(segments_is_chosen(segments, 4));
	ck_assert(!segments_is_chosen(segments, 1));
	ck_assert(!segments_is_chosen(segments, 2));
	segments_unref(segments, 3, 100);
	ck_assert(segments_take_finished(segments, 3));
	ck_assert_uint_eq(segments_count_chosen(segments), 1);
	ck_assert_uint_eq(segments_finished(segments), 1);
	segments_free(&segments);
}
END_TEST

START_TEST(chooses_none_within_the_slack)
{
	struct segments *segments = segments_new();

	add(segments, 1, 1000, 10);
	ck_assert_uint_eq(segments_choose(segments, 985, 0), 0);
	ck_assert_uint_eq(segments_choose(segments, 984, 0), 1);
	segments_free(&segments);
}
END_TEST

/* What is written still, and what is mostly live, is never worth it. */
START_TEST(chooses_none_that_is_written_or_full)
{
	struct segments *segments = segments_new();

	ck_assert(segments_enter(segments, 1));
	segments_set_used(segments, 1, 5000);
	ck_assert_uint_eq(segments_choose(segments, 0, 0), 0);
	add(segments, 2, 1000, 667);
	ck_assert_uint_eq(segments_choose(segments, 0, 0), 0);
	segments_seal(segments, 1);
	ck_assert_uint_eq(segments_choose(segments, 0, 0), 1);
	ck_assert(!segments_is_chosen(segments, 2));
	segments_free(&segments);
}
END_TEST

START_TEST(outcomes_make_a_segment_sparse)
{
	struct segments *segments = segments_new();

	add(segments, 1, 1000, 1000);
	segments_add_used(segments, 1, 500);
	ck_assert_uint_eq(segments_choose(segments, 0, 0), 0);
	segments_add_used(segments, 1, 1);
	ck_assert_uint_eq(segments_choose(segments, 0, 0), 1);
	segments_free(&segments);
}
END_TEST

START_TEST(what_cannot_be_emptied_rests)
{
	struct segments *segments = segments_new();

	add(segments, 1, 1000, 10);
	add(segments, 2, 1000, 600);
	ck_assert_uint_eq(segments_choose(segments, 200, 0), 1);
	segments_rest(segments, 60);
	ck_assert_uint_eq(segments_count_chosen(segments), 0);
	/* And it does not make others be copied. */
	ck_assert_uint_eq(segments_choose(segments, 200, 59), 0);
	ck_assert_uint_eq(segments_choose(segments, 200, 60), 1);
	ck_assert(segments_is_chosen(segments, 1));
	segments_free(&segments);
}
END_TEST

START_TEST(knows_what_is_open_and_sums_up)
{
	struct segments *segments = segments_new();

	add(segments, 1, 1000, 10);
	segments_enter(segments, 3);
	segments_enter(segments, 5);
	segments_set_used(segments, 5, 70);
	ck_assert_uint_eq(segments_next_open(segments, 0), 3);
	ck_assert_uint_eq(segments_next_open(segments, 3), 5);
	ck_assert_uint_eq(segments_next_open(segments, 5), 0);
	ck_assert_uint_eq(segments_sum(segments).used, 1070);
	ck_assert_uint_eq(segments_sum(segments).live, 10);
	ck_assert_uint_eq(segments_one(segments, 5).used, 70);
	ck_assert_uint_eq(segments_one(segments, 9).used, 0);
	segments_free(&segments);
}
END_TEST

START_TEST(keeps_many_in_any_order)
{
	struct segments *segments = segments_new();

	for (uint64_t i = 0; i < 1000; i++)
		ck_assert(segments_enter(segments, i * 37 % 1000 + 1));
	ck_assert_uint_eq(segments_count(segments), 1000);
	for (uint64_t i = 1; i <= 1000; i++) {
		segments_seal(segments, i);
		ck_assert(segments_take_finished(segments, i));
	}
	segments_free(&segments);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "segments", goes_when_sealed_and_empty, an_empty_segment_goes_too,
	    keeps_many_in_any_order, knows_what_is_open_and_sums_up, tells_what_is_not_read_yet);
	add_tests(suite, "choice", chooses_the_emptiest_until_it_is_enough,
	    chooses_none_within_the_slack, chooses_none_that_is_written_or_full,
	    outcomes_make_a_segment_sparse, what_cannot_be_emptied_rests);
}

UNIT_MAIN("segments")
