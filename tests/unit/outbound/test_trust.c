/* SPDX-License-Identifier: ISC */
/* test_trust.c - an upstream whose replies did not fit is sent to more carefully, for an hour. */
#include "outbound/trust.h"

#include "unit.h"

START_TEST(it_falls_step_by_step_and_comes_back)
{
	struct trust trust = { .configured = PIPELINING_STREAM };

	ck_assert_int_eq(trust_bound(&trust, 1000), PIPELINING_STREAM);
	ck_assert(trust_lose(&trust, PIPELINING_STREAM, 1000));
	ck_assert(!trust_lose(&trust, PIPELINING_STREAM, 1001)); /* another connection */
	ck_assert_int_eq(trust_bound(&trust, 1001), PIPELINING_ENVELOPE);
	ck_assert(trust_lose(&trust, PIPELINING_ENVELOPE, 2000));
	ck_assert_int_eq(trust_bound(&trust, 2000), PIPELINING_OFF);
	ck_assert(!trust_lose(&trust, PIPELINING_OFF, 2001));
	ck_assert_int_eq(trust_bound(&trust, 1999 + TRUST_LOST_MS), PIPELINING_OFF);
	ck_assert_int_eq(trust_bound(&trust, 2000 + TRUST_LOST_MS), PIPELINING_STREAM);
	ck_assert(trust_lose(&trust, PIPELINING_STREAM, 2000 + TRUST_LOST_MS));
	ck_assert_int_eq(trust_bound(&trust, 2000 + TRUST_LOST_MS), PIPELINING_ENVELOPE);
}
END_TEST

START_TEST(it_is_never_bolder_than_configured)
{
	struct trust trust = { .configured = PIPELINING_ENVELOPE };

	ck_assert_int_eq(trust_bound(&trust, 5), PIPELINING_ENVELOPE);
	ck_assert(trust_lose(&trust, PIPELINING_ENVELOPE, 5));
	ck_assert_int_eq(trust_bound(&trust, 5), PIPELINING_OFF);
	ck_assert_int_eq(trust_bound(&trust, 5 + TRUST_LOST_MS), PIPELINING_ENVELOPE);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "trust", it_falls_step_by_step_and_comes_back,
	    it_is_never_bolder_than_configured);
}

UNIT_MAIN("trust")
