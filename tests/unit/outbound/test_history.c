/* SPDX-License-Identifier: ISC */
/* test_history.c - outcomes of earlier runs meet their records again. */
#include "outbound/history.h"

#include <stdio.h>
#include <string.h>

#include "queue/reasons.h"
#include "unit.h"

static void
note(struct history *history, enum outcome_kind kind, uint32_t offset, uint32_t rcpt,
    int64_t time_ms, const char *reply)
{
	const struct outcome outcome = { .kind = kind,
		.id = 1,
		.offset = offset,
		.rcpt = rcpt,
		.time_ms = time_ms,
		.reply = reply };

	ck_assert(history_add(history, 5, &outcome));
}

static struct past *
take(struct history *history, uint32_t offset)
{
	return history_take(history, &(struct spool_place){ .segment = 5, .offset = offset });
}

START_TEST(adds_up_what_happened)
{
	struct reasons *reasons = reasons_new();
	struct history *history = history_new(reasons);

	note(history, OUTCOME_DEFERRED, 64, OUTCOME_ALL, 1000, "451 first");
	note(history, OUTCOME_DELIVERED, 64, 2, 1500, "250 ok");
	note(history, OUTCOME_DEFERRED, 64, OUTCOME_ALL, 2000, "451 second");
	note(history, OUTCOME_FAILED, 64, 0, 2500, NULL);
	note(history, OUTCOME_WARNED, 64, OUTCOME_ALL, 2600, NULL);

	struct past *past = take(history, 64);

	ck_assert_ptr_nonnull(past);
	ck_assert_uint_eq(past->attempts, 2);
	ck_assert_int_eq(past->next_try_ms, 2000);
	ck_assert_str_eq(reasons_text(reasons, past->reason), "451 second");
	ck_assert_uint_eq(past->ndone, 2);
	ck_assert(past->warned && !past->removed && !past->held);
	past_free(&past);
	ck_assert_ptr_null(take(history, 64));
	history_free(&history);
	reasons_free(&reasons);
}
END_TEST

START_TEST(the_last_order_counts)
{
	struct history *history = history_new(NULL);

	note(history, OUTCOME_DEFERRED, 64, OUTCOME_ALL, 1000, NULL);
	note(history, OUTCOME_HELD, 64, OUTCOME_ALL, 0, NULL);
	note(history, OUTCOME_HELD, 128, OUTCOME_ALL, 0, NULL);
	note(history, OUTCOME_RELEASED, 64, OUTCOME_ALL, 3000, NULL);

	struct past *released = take(history, 64), *held = take(history, 128);

	ck_assert(!released->held && released->released);
	ck_assert_int_eq(released->next_try_ms, 3000);
	ck_assert(held->held && !held->released);
	past_free(&released);
	past_free(&held);
	history_free(&history);
}
END_TEST

START_TEST(places_do_not_mix)
{
	struct history *history = history_new(NULL);

	for (uint32_t i = 0; i < 500; i++)
		note(history, i % 2 == 0 ? OUTCOME_REMOVED : OUTCOME_MOVED, i * 64, OUTCOME_ALL, 0,
		    NULL);
	for (uint32_t i = 499; i > 250; i--) {
		struct past *past = take(history, i * 64);

		ck_assert(i % 2 == 0 ? past->removed : past->moved);
		past_free(&past);
	}
	ck_assert_ptr_null(take(history, 1));
	history_free(&history); /* frees the other half */
}
END_TEST

/* A segment may have a hundred thousand replies: none is kept twice, and not all that differ. */
START_TEST(replies_are_kept_once)
{
	struct reasons *reasons = reasons_new();
	struct history *history = history_new(reasons);
	char words[32];

	note(history, OUTCOME_DEFERRED, 64, OUTCOME_ALL, 1000, "450 mailbox busy");
	note(history, OUTCOME_DEFERRED, 128, OUTCOME_ALL, 1000, "450 mailbox busy");

	struct past *a = take(history, 64), *b = take(history, 128);

	ck_assert_uint_ne(a->reason, 0);
	ck_assert_uint_eq(a->reason, b->reason);
	past_free(&a);
	past_free(&b);
	/* References are given back: by the next reply, by the taken, and by those never taken. */
	for (unsigned i = 0; i < REASONS_MAX * 2; i++) {
		(void)snprintf(words, sizeof words, "450 number %u", i);
		note(history, OUTCOME_DEFERRED, 192 + i % 2 * 64, OUTCOME_ALL, 1000, words);
		a = i % 2 == 0 ? take(history, 192) : NULL;
		ck_assert(a == NULL || strcmp(reasons_text(reasons, a->reason), words) == 0);
		past_free(&a);
	}
	history_free(&history);
	reasons_free(&reasons);
}
END_TEST

/* Of one segment alone, and as if it had never been told. */
START_TEST(a_segment_can_be_forgotten)
{
	const struct outcome other = { .kind = OUTCOME_DELIVERED, .offset = 64 };
	struct reasons *reasons = reasons_new();
	struct history *history = history_new(reasons);

	ck_assert(history_add(history, 4, &other) && history_add(history, 6, &other));
	for (uint32_t i = 1; i <= 100; i++)
		note(history, OUTCOME_DEFERRED, i * 64, OUTCOME_ALL, 1000 + i, "451 later");
	history_forget(history, 5);
	for (uint32_t i = 1; i <= 100; i++)
		ck_assert_ptr_null(take(history, i * 64));
	note(history, OUTCOME_DEFERRED, 64, OUTCOME_ALL, 2000, "451 later");

	struct past *past = take(history, 64);

	ck_assert_uint_eq(past->attempts, 1);
	past_free(&past);
	for (uint64_t segment = 4; segment <= 6; segment += 2) {
		past = history_take(
		    history, &(struct spool_place){ .segment = segment, .offset = 64 });
		ck_assert_ptr_nonnull(past);
		past_free(&past);
	}
	history_free(&history);
	reasons_free(&reasons);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "history", adds_up_what_happened, the_last_order_counts, places_do_not_mix,
	    replies_are_kept_once, a_segment_can_be_forgotten);
}

UNIT_MAIN("history")
