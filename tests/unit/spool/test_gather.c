/* SPDX-License-Identifier: ISC */
/* test_gather.c - what a group is held back for, how long, and that it is not done in vain. */
#include "spool/gather.h"

#include "../unit.h"

/* So many expected and waiting since time 0: how long to hold the group back? */
static const struct hold_case {
	unsigned expected, waiting;
	int64_t now_us, hold_us;
} holds[] = {
	{ 0, 1, 0, 0 },
	{ 1, 1, 0, 0 },
	{ 2, 1, 0, GATHER_WAIT_US },
	{ 2, 1, 100, GATHER_WAIT_US - 100 },
	{ 2, 1, GATHER_WAIT_US - 1, 1 },
	{ 2, 1, GATHER_WAIT_US, 0 },
	{ 100, 1, GATHER_WAIT_US * 9, 0 },
	{ 50, 49, 0, GATHER_WAIT_US },
	{ 50, 50, 0, 0 },
	{ 50, 80, 0, 0 },
};

static struct gather
gather_of(unsigned expected, unsigned waiting)
{
	struct gather gather = GATHER_EMPTY;

	for (unsigned i = 0; i < expected; i++)
		gather_begin(&gather);
	gather_add(&gather, waiting, 0);
	return gather;
}

START_TEST(holds_back_while_more_are_expected)
{
	for (size_t i = 0; i < sizeof holds / sizeof *holds; i++) {
		struct gather gather = gather_of(holds[i].expected, holds[i].waiting);

		ck_assert_int_eq(gather_hold(&gather, holds[i].now_us), holds[i].hold_us);
		ck_assert_int_eq(gather_is_ready(&gather), holds[i].waiting >= holds[i].expected);
	}
}
END_TEST

START_TEST(counts_from_the_first_that_waits)
{
	struct gather gather = gather_of(9, 1);

	gather_add(&gather, 3, GATHER_WAIT_US / 2);
	ck_assert_int_eq(gather_hold(&gather, GATHER_WAIT_US - 10), 10);
	gather = gather_of(9, 1);
	gather_take(&gather, 0);
	ck_assert(!gather_is_ready(&gather));
	gather_add(&gather, 1, GATHER_WAIT_US);
	ck_assert_int_eq(gather_hold(&gather, GATHER_WAIT_US + 1), GATHER_WAIT_US - 1);
}
END_TEST

START_TEST(those_that_end_are_not_expected)
{
	struct gather gather = GATHER_EMPTY;
	unsigned first = gather_begin(&gather), second = gather_begin(&gather);

	gather_add(&gather, 1, 0);
	ck_assert(!gather_is_ready(&gather));
	gather_end(&gather, first);
	ck_assert(gather_is_ready(&gather));
	gather_end(&gather, second);
	ck_assert_uint_eq(gather.expected, 0);
}
END_TEST

/* Hold a group back until its time is up. */
static void
wait_in_vain(struct gather *gather, int64_t now_us)
{
	gather_add(gather, 1, now_us);
	ck_assert_int_gt(gather_hold(gather, now_us), 0);
	ck_assert_int_eq(gather_hold(gather, now_us + GATHER_WAIT_US), 0);
	gather_take(gather, now_us + GATHER_WAIT_US);
}

START_TEST(the_late_are_waited_for_once)
{
	struct gather gather = GATHER_EMPTY;
	unsigned late[3];

	for (int i = 0; i < 3; i++)
		late[i] = gather_begin(&gather);
	wait_in_vain(&gather, 0);
	ck_assert_uint_eq(gather.expected, 0);
	gather.skip = 0;
	gather_add(&gather, 1, GATHER_WAIT_US);
	ck_assert_int_eq(gather_hold(&gather, GATHER_WAIT_US), 0);
	for (int i = 0; i < 3; i++)
		gather_end(&gather, late[i]);
	ck_assert_uint_eq(gather.expected, 0);
}
END_TEST

/* How many groups go at once after each wait in vain. */
START_TEST(waits_in_vain_get_rare)
{
	static const unsigned skipped[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 256, 256 };
	struct gather gather = GATHER_EMPTY;

	for (size_t i = 0; i < sizeof skipped / sizeof *skipped; i++) {
		gather_begin(&gather);
		gather_begin(&gather);
		wait_in_vain(&gather, 0);
		gather_begin(&gather);
		gather_begin(&gather);
		for (unsigned group = 0; group < skipped[i]; group++) {
			gather_add(&gather, 1, 0);
			ck_assert_int_eq(gather_hold(&gather, 0), 0);
			gather_take(&gather, 0);
		}
	}
}
END_TEST

/* One message was held back of so many that were expected; so many came, after so long, where a
 * group costs so much. */
static const struct worth_case {
	unsigned expected, came;
	int64_t held_us, cost_us;
	unsigned penalty; /* which was 8 */
} worths[] = {
	{ 8, 0, 1, 200, 16 },
	{ 8, 1, 200, 200, 4 },
	{ 8, 1, 201, 200, 16 },
	{ 8, 6, 1200, 200, 4 },
	{ 8, 6, 1201, 200, 16 },
	/* A crowd: a fast disk is no reason for a sync more. */
	{ 16, 0, 1, 200, 16 },
	{ 16, 1, GATHER_WORTH_US, 200, 4 },
	{ 16, 1, GATHER_WORTH_US + 1, 200, 16 },
	{ 16, 1, 3000, 3000, 4 },
	{ 16, 1, 3001, 3000, 16 },
};

START_TEST(a_wait_is_worth_the_groups_it_saved)
{
	for (size_t i = 0; i < sizeof worths / sizeof *worths; i++) {
		struct gather gather = gather_of(worths[i].expected, 1);

		gather.penalty = 8;
		gather_learn(&gather, worths[i].cost_us);
		ck_assert_int_gt(gather_hold(&gather, 0), 0);
		gather_add(&gather, worths[i].came, 1);
		gather_take(&gather, worths[i].held_us);
		ck_assert_uint_eq(gather.penalty, worths[i].penalty);
		ck_assert_uint_eq(gather.skip, worths[i].penalty > 8 ? 16 : 0);
	}
}
END_TEST

/* So many were committed at once; so many of them are waited for when the first comes again, of
 * whom nothing else is known yet. */
static const struct crowd_case {
	unsigned clients, wanted;
} crowds[] = { { 2, 1 }, { GATHER_CROWD_MIN - 1, 1 }, { GATHER_CROWD_MIN, GATHER_CROWD_MIN / 2 },
	{ 100, 50 } };

START_TEST(a_crowd_is_waited_for_between_two_messages)
{
	for (size_t i = 0; i < sizeof crowds / sizeof *crowds; i++) {
		struct gather gather = gather_of(0, crowds[i].clients);

		gather_take(&gather, 0);
		gather_learn(&gather, 200);
		for (unsigned n = 1; n < crowds[i].wanted; n++) {
			gather_add(&gather, 1, 0);
			ck_assert_int_eq(gather_hold(&gather, 0), GATHER_WAIT_US);
		}
		gather_add(&gather, 1, 0);
		ck_assert_int_eq(gather_hold(&gather, 0), 0);
	}
}
END_TEST

/* Who stays behind alone waits a few times, and then never. */
START_TEST(a_crowd_that_has_left_is_forgotten)
{
	struct gather gather = gather_of(0, 500);
	unsigned held = 0;

	gather_take(&gather, 0);
	gather_learn(&gather, 200);
	for (unsigned n = 0; n < 60; n++) {
		gather_add(&gather, 1, 0);
		held += gather_hold(&gather, 0) > 0;
		gather_take(&gather, GATHER_WAIT_US);
		gather_learn(&gather, 200);
	}
	ck_assert_uint_gt(held, 0);
	ck_assert_uint_lt(held, 8);
	ck_assert_uint_lt(gather.crowd, GATHER_CROWD_MIN);
}
END_TEST

START_TEST(what_waited_for_the_disk_was_not_in_vain)
{
	struct gather gather = gather_of(9, 1);

	ck_assert_int_eq(gather_hold(&gather, GATHER_WAIT_US * 2), 0);
	gather_take(&gather, GATHER_WAIT_US * 2);
	ck_assert_uint_eq(gather.skip, 0);
	ck_assert_uint_eq(gather.expected, 9);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "hold", holds_back_while_more_are_expected,
	    counts_from_the_first_that_waits, those_that_end_are_not_expected,
	    a_crowd_is_waited_for_between_two_messages, a_crowd_that_has_left_is_forgotten);
	add_tests(suite, "vain", the_late_are_waited_for_once, waits_in_vain_get_rare,
	    a_wait_is_worth_the_groups_it_saved, what_waited_for_the_disk_was_not_in_vain);
}

UNIT_MAIN("spool/gather")
