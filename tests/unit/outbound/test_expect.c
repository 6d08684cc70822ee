/* SPDX-License-Identifier: ISC */
/* test_expect.c - outstanding replies: in order, around the ring, and no more than there is room
 * for. */
#include "outbound/expect.h"

#include "unit.h"

START_TEST(replies_come_in_order)
{
	struct expect expect = { .first = 0 };
	uint32_t added = 0, taken = 0;

	ck_assert_ptr_null(expect_first(&expect));
	for (unsigned round = 1; round < 60; round++) {
		for (unsigned i = 0; i < round; i++)
			expect_add(
			    &expect, &(struct expectation){ .step = STEP_RCPT, .rcpt = added++ });
		ck_assert_uint_eq(expect_room(&expect), EXPECT_MAX - (added - taken));
		for (unsigned i = 0; i < round && round % 7 != 0; i++) {
			ck_assert_uint_eq(expect_first(&expect)->rcpt, taken);
			ck_assert_uint_eq(expect_take(&expect).rcpt, taken++);
		}
	}
	while (expect_first(&expect) != NULL)
		ck_assert_uint_eq(expect_take(&expect).rcpt, taken++);
	ck_assert_uint_eq(taken, added);
}
END_TEST

START_TEST(the_ring_fills_and_empties)
{
	struct expect expect = { .first = EXPECT_MAX - 1 };

	while (expect_room(&expect) > 0)
		expect_add(&expect, &(struct expectation){ .step = STEP_MAIL });
	ck_assert_uint_eq(expect.count, EXPECT_MAX);
	expect_clear(&expect);
	ck_assert_uint_eq(expect_room(&expect), EXPECT_MAX);
	ck_assert_ptr_null(expect_first(&expect));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "expect", replies_come_in_order, the_ring_fills_and_empties);
}

UNIT_MAIN("expect")
