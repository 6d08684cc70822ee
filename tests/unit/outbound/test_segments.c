/* SPDX-License-Identifier: ISC */
/* test_segments.c - when a segment may go, and when it is worth emptying. */
#include "outbound/segments.h"

#include "unit.h"

START_TEST(goes_when_sealed_and_empty)
{
	struct segments *segments = segments_new();

	ck_assert(segments_enter(segments, 7));
	segments_ref(segments, 7, 100);
	ck_assert(!segments_take_finished(segments, 7));
	segments_unref(segments, 7, 100);
	ck_assert(!segments_take_finished(segments, 7)); /* it is still written */
	segments_seal(segments, 7, 4096);
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
	segments_seal(segments, 7, 0);
	ck_assert(segments_take_finished(segments, 7));
	segments_free(&segments);
}
END_TEST

START_TEST(is_sparse_below_a_quarter)
{
	struct segments *segments = segments_new();

	segments_enter(segments, 1);
	segments_ref(segments, 1, 1000);
	segments_ref(segments, 1, 1000);
	ck_assert(!segments_is_sparse(segments, 1));
	segments_seal(segments, 1, 8000);
	ck_assert(!segments_is_sparse(segments, 1));
	segments_unref(segments, 1, 1000);
	ck_assert(segments_is_sparse(segments, 1));
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
		segments_seal(segments, i, 1);
		ck_assert(segments_take_finished(segments, i));
	}
	segments_free(&segments);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "segments", goes_when_sealed_and_empty, an_empty_segment_goes_too,
	    is_sparse_below_a_quarter, keeps_many_in_any_order);
}

UNIT_MAIN("segments")
