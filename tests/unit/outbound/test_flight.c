/* SPDX-License-Identifier: ISC */
/* test_flight.c - the mode of sending, and the window of what is on its way. */
#include "outbound/flight.h"

#include "outbound/delivery.h"
#include "smtp/capability.h"
#include "unit.h"

START_TEST(the_mode_is_the_least_of_what_is_offered_and_allowed)
{
	static const unsigned both = SMTP_EXT_PIPELINING | SMTP_EXT_CHUNKING;
	static const struct {
		unsigned extensions;
		enum pipelining bound, mode;
	} cases[] = {
		{ both, PIPELINING_STREAM, PIPELINING_STREAM },
		{ both, PIPELINING_ENVELOPE, PIPELINING_ENVELOPE },
		{ both, PIPELINING_OFF, PIPELINING_OFF },
		{ SMTP_EXT_PIPELINING, PIPELINING_STREAM, PIPELINING_ENVELOPE },
		{ SMTP_EXT_PIPELINING, PIPELINING_OFF, PIPELINING_OFF },
		{ SMTP_EXT_CHUNKING, PIPELINING_STREAM, PIPELINING_OFF },
		{ 0, PIPELINING_STREAM, PIPELINING_OFF },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct smtp_capabilities caps = { .extensions = cases[i].extensions };

		ck_assert_msg(flight_mode(cases[i].bound, &caps) == cases[i].mode, "%zu", i);
	}
}
END_TEST

/* How many of a size are begun before no more may be. */
static size_t
fill(struct flight *flight, struct delivery *delivery, enum pipelining mode, uint64_t served)
{
	size_t count = 0;

	while (flight_may_begin(flight, mode, served)) {
		flight_add(flight, delivery);
		count++;
	}
	return count;
}

START_TEST(the_window_is_bounded)
{
	static const struct {
		uint64_t len;
		int fd;
		enum pipelining mode;
		uint64_t served;
		size_t count;
	} cases[] = {
		{ 4096, -1, PIPELINING_OFF, 1000, 1 }, { 4096, -1, PIPELINING_ENVELOPE, 1000, 2 },
		{ 4096, -1, PIPELINING_STREAM, 1000, FLIGHT_MAX },
		{ 4096, -1, PIPELINING_STREAM, UINT64_MAX, FLIGHT_MAX },
		{ 4096, -1, PIPELINING_STREAM, 0, FLIGHT_FIRST },
		{ 4096, -1, PIPELINING_STREAM, 10, FLIGHT_FIRST + 10 },
		{ FLIGHT_OCTETS / 4, -1, PIPELINING_STREAM, 1000, 4 },
		{ FLIGHT_OCTETS * 2, -1, PIPELINING_STREAM, 1000, 1 },
		{ FLIGHT_OCTETS * 2, 7, PIPELINING_STREAM, 1000, FLIGHT_MAX }, /* not in memory */
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct delivery delivery = { .fd = cases[i].fd, .content_len = cases[i].len };
		struct flight flight = { .first = FLIGHT_MAX - 3 };

		ck_assert_msg(
		    fill(&flight, &delivery, cases[i].mode, cases[i].served) == cases[i].count,
		    "%zu: %zu", i, flight.count);
	}
}
END_TEST

START_TEST(they_leave_in_their_order)
{
	struct delivery delivery[FLIGHT_MAX];
	struct flight flight = { .first = 0 };

	ck_assert_ptr_null(flight_first(&flight));
	ck_assert_ptr_null(flight_last(&flight));
	for (size_t i = 0; i < FLIGHT_MAX; i++)
		delivery[i] = (struct delivery){ .fd = -1, .content_len = 10 };
	for (size_t i = 0; i < 3 * FLIGHT_MAX; i++) {
		struct transaction *added = flight_add(&flight, &delivery[i % FLIGHT_MAX]);

		ck_assert_ptr_eq(flight_last(&flight), added);
		ck_assert_ptr_eq(flight_newest(&flight), added);
		if (i % 2 == 0)
			continue;
		ck_assert_uint_eq(flight.octets, 20);
		ck_assert_ptr_eq(flight_before(&flight, added), flight_first(&flight));
		ck_assert_ptr_eq(flight_behind(&flight, flight_first(&flight)), added);
		ck_assert_ptr_null(flight_before(&flight, flight_first(&flight)));
		ck_assert_ptr_null(flight_behind(&flight, added));
		ck_assert_ptr_eq(flight_first(&flight)->delivery, &delivery[(i - 1) % FLIGHT_MAX]);
		flight_drop_first(&flight);
		ck_assert_ptr_eq(flight_first(&flight), added);
		flight_drop_first(&flight);
		ck_assert_uint_eq(flight.octets, 0);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "flight", the_mode_is_the_least_of_what_is_offered_and_allowed,
	    the_window_is_bounded, they_leave_in_their_order);
}

UNIT_MAIN("flight")
