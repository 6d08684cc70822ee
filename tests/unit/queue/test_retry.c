/* SPDX-License-Identifier: ISC */
/* test_retry.c - the retry clock. */
#include "queue/retry.h"

#include "unit.h"

START_TEST(doubles_up_to_the_maximum)
{
	static const struct {
		unsigned attempts;
		uint64_t minutes;
	} cases[] = { { 1, 1 }, { 2, 2 }, { 3, 4 }, { 6, 32 }, { 7, 60 }, { 8, 60 },
		{ 60000, 60 } };
	const struct retry_policy policy = { 60 * 1000, 60 * 60 * 1000 };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t want = cases[i].minutes * 60 * 1000;

		for (uint32_t random = 0; random < 4000000000u; random += 399999989u) {
			uint64_t got = retry_delay(&policy, cases[i].attempts, random);

			ck_assert_msg(got >= want - want / 8 && got <= want + want / 8,
			    "attempt %u: %llu ms", cases[i].attempts, (unsigned long long)got);
		}
	}
}
END_TEST

START_TEST(has_jitter)
{
	const struct retry_policy policy = { 60 * 1000, 60 * 60 * 1000 };

	ck_assert_uint_ne(retry_delay(&policy, 1, 1), retry_delay(&policy, 1, 5000));
}
END_TEST

START_TEST(none_is_longer_than_the_longest)
{
	for (uint64_t max = 1; max < 2000; max++) {
		const struct retry_policy policy = { 1, max };
		uint64_t seen = 0;

		for (uint32_t random = 0; random <= max; random++) {
			uint64_t delay = retry_delay(&policy, 99, random);

			seen = delay > seen ? delay : seen;
		}
		ck_assert_uint_eq(seen, retry_longest(&policy));
	}
}
END_TEST

START_TEST(allows_tiny_delays)
{
	const struct retry_policy policy = { 1, 1 };

	ck_assert_uint_eq(retry_delay(&policy, 9, 12345), 1);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "delay", doubles_up_to_the_maximum, has_jitter, allows_tiny_delays,
	    none_is_longer_than_the_longest);
}

UNIT_MAIN("retry")
