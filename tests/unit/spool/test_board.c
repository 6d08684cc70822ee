/* SPDX-License-Identifier: ISC */
/* test_board.c - what readers are told of a segment while it begins, is written, and ends. */
#include "config.h"

#include <pthread.h>
#include <string.h>

#include "../unit.h"
#include "spool/board.h"

START_TEST(slots_run_out)
{
	struct board board = { .next_segment = 1 };

	for (int i = 0; i < BOARD_SLOTS; i++)
		ck_assert_int_eq(board_claim(&board, 100 + i % 2), i);
	ck_assert_int_eq(board_claim(&board, 100), -1);
	ck_assert_int_eq(board_count(&board, 100), BOARD_SLOTS / 2);
	board_release(&board, 101);
	ck_assert_int_eq(board_count(&board, 101), 0);
	ck_assert_int_eq(board_claim(&board, 102), 1);
	board_release_slot(&board, 0);
	ck_assert_int_eq(board_claim(&board, 102), 0);
}
END_TEST

START_TEST(a_segment_lives_until_its_writer_leaves)
{
	struct board board = { .next_segment = 7 };
	uint64_t committed = 99;
	int slot = board_claim(&board, 100);

	ck_assert_int_eq(board_look(&board, 7, &committed), BOARD_ENDED);
	ck_assert_uint_eq(board_start_segment(&board, slot), 7);
	ck_assert_int_eq(board_look(&board, 7, &committed), BOARD_LIVE);
	ck_assert_uint_eq(committed, 0);
	board_commit(&board, slot, 8192);
	ck_assert_int_eq(board_look(&board, 7, &committed), BOARD_LIVE);
	ck_assert_uint_eq(committed, 8192);
	ck_assert_uint_eq(board_start_segment(&board, slot), 8);
	ck_assert_int_eq(board_look(&board, 7, &committed), BOARD_ENDED);
	ck_assert_int_eq(board_look(&board, 8, &committed), BOARD_LIVE);
	ck_assert_uint_eq(committed, 0);
	board_leave_segment(&board, slot);
	ck_assert_int_eq(board_look(&board, 8, &committed), BOARD_ENDED);
}
END_TEST

START_TEST(a_claim_makes_others_unknown)
{
	struct board board = { .next_segment = 1 };
	uint64_t committed;
	int slot = board_claim(&board, 100);

	board.slot[slot].segment = BOARD_CLAIMING;
	ck_assert_int_eq(board_look(&board, 1, &committed), BOARD_UNKNOWN);
	board_release(&board, 100);
	ck_assert_int_eq(board_look(&board, 1, &committed), BOARD_ENDED);
}
END_TEST

enum { ROUNDS = 20000 };

static void *
write_segments(void *ctx)
{
	struct board *board = ctx;
	int slot = board_claim(board, 100);

	for (int i = 0; i < ROUNDS; i++) {
		uint64_t segment = board_start_segment(board, slot);

		/* The offset betrays its segment. */
		board_commit(board, slot, segment);
	}
	board_release_slot(board, slot);
	return NULL;
}

START_TEST(an_offset_is_never_that_of_another_segment)
{
	static struct board board = { .next_segment = 1 };
	pthread_t thread[2];

	for (int i = 0; i < 2; i++)
		ck_assert_int_eq(pthread_create(&thread[i], NULL, write_segments, &board), 0);

	uint64_t seen = 0;

	while (seen < 2 * ROUNDS) {
		uint64_t next = board.next_segment, committed;

		for (uint64_t segment = seen + 1; segment < next; segment++) {
			enum board_view view = board_look(&board, segment, &committed);

			if (view == BOARD_LIVE)
				ck_assert(committed == 0 || committed == segment);
		}
		seen = next - 1;
	}
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "board", slots_run_out, a_segment_lives_until_its_writer_leaves,
	    a_claim_makes_others_unknown, an_offset_is_never_that_of_another_segment);
}

UNIT_MAIN("spool/board")
