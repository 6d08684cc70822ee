/* SPDX-License-Identifier: ISC */
/* test_served.c - covers outbound/served.c: a way is without upstreams when it has had none for a
 * while, not when they fail for a moment. */
#include "config.h"

#include "../unit.h"
#include "outbound/served.h"

static const int64_t start_ms = 123456;

static bool
is_served(const struct served *served, size_t way, int64_t mono_ms)
{
	struct route_set ways = served_ways(served, mono_ms);

	return route_set_has(&ways, way);
}

START_TEST(all_are_served_at_first)
{
	struct served served;

	served_init(&served, start_ms);
	for (size_t i = 0; i < ROUTES_MAX; i++) {
		ck_assert(is_served(&served, i, start_ms));
		ck_assert(is_served(&served, i, start_ms + SERVED_MS - 1));
		ck_assert(!is_served(&served, i, start_ms + SERVED_MS));
	}
}
END_TEST

/* Long after the start its upstreams are up but for some seconds in each minute. */
START_TEST(a_moment_without_is_none)
{
	const struct route_set up = { { UINT64_C(1) << 1 } };
	struct served served;
	int64_t now = start_ms;

	served_init(&served, start_ms);
	for (unsigned i = 0; i < 3600; i++, now += 1000) {
		if (i % 60 < 40)
			served_note(&served, &up, now);
		ck_assert(is_served(&served, 1, now));
	}
	ck_assert(!is_served(&served, 0, now));
	now += SERVED_MS;
	ck_assert(!is_served(&served, 1, now));
	served_note(&served, &up, now);
	ck_assert(is_served(&served, 1, now));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "served", all_are_served_at_first, a_moment_without_is_none);
}

UNIT_MAIN("outbound/served")
