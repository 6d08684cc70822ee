/* SPDX-License-Identifier: ISC */
/* test_rates.c - messages of each address by the clock, in bounded memory.  Tests
 * listener/host.c, too. */
#include "listener/rates.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include "listener/host.h"
#include "unit.h"

enum { NOW = 1000000 };

static struct sockaddr_in
address_of(uint32_t host)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(host) };
}

static uint64_t
take(struct rates *rates, uint32_t host, unsigned section, const char *text, int64_t ms)
{
	struct sockaddr_in address = address_of(host);
	struct rate rate;

	ck_assert_int_eq(parse_rate(text, &rate), 0);
	return rates_take(rates, (struct sockaddr *)&address, section, &rate, ms);
}

static const struct {
	const char *rate;
	unsigned at_once; /* messages */
	uint64_t wait_ms; /* then until the next */
} rows[] = {
	{ "1/s", 1, 1000 },
	{ "3/m", 3, 20000 },
	{ "100/m", 100, 600 },
	{ "1/h", 1, 3600000 },
	{ "7/s", 7, 142 },
	{ "5000/d", 5000, 17280 },
};

START_TEST(test_a_period_at_once_then_evenly)
{
	struct rates *rates = rates_new();
	uint64_t wait;

	for (unsigned i = 0; i < rows[_i].at_once; i++)
		ck_assert_uint_eq(take(rates, 1, 0, rows[_i].rate, NOW), 0);
	wait = take(rates, 1, 0, rows[_i].rate, NOW);
	ck_assert_uint_ge(wait, rows[_i].wait_ms);
	ck_assert_uint_le(wait, rows[_i].wait_ms + 1);
	ck_assert_uint_eq(take(rates, 1, 0, rows[_i].rate, NOW), wait); /* asking costs nothing */
	ck_assert_uint_eq(take(rates, 1, 0, rows[_i].rate, NOW + (int64_t)wait), 0);
	ck_assert_uint_gt(take(rates, 1, 0, rows[_i].rate, NOW + (int64_t)wait), 0);
	rates_free(&rates);
	ck_assert_ptr_null(rates);
}
END_TEST

START_TEST(test_addresses_and_sections_are_apart)
{
	struct rates *rates = rates_new();

	ck_assert_uint_eq(take(rates, 1, 0, "1/m", NOW), 0);
	ck_assert_uint_gt(take(rates, 1, 0, "1/m", NOW), 0);
	ck_assert_uint_eq(take(rates, 2, 0, "1/m", NOW), 0);
	ck_assert_uint_eq(take(rates, 1, 1, "1/m", NOW), 0);
	rates_free(&rates);
}
END_TEST

/* However many come by once, who is far over its rate is not forgotten for them. */
START_TEST(test_the_table_is_bounded_and_forgets_the_harmless)
{
	struct rates *rates = rates_new();

	for (unsigned i = 0; i < 60; i++)
		ck_assert_uint_eq(take(rates, 1, 0, "60/m", NOW), 0);
	for (uint32_t host = 2; host < 20 * RATES_MAX; host++)
		ck_assert_uint_eq(take(rates, host, 0, "60/m", NOW), 0);
	ck_assert_uint_gt(take(rates, 1, 0, "60/m", NOW), 0);
	rates_free(&rates);
}
END_TEST

START_TEST(test_hosts)
{
	struct sockaddr_in in = address_of(0xc0000201);
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	const struct sockaddr other = { .sa_family = AF_UNIX };
	struct host host = host_of((struct sockaddr *)&in), mapped;

	inet_pton(AF_INET6, "::ffff:192.0.2.1", &in6.sin6_addr);
	mapped = host_of((struct sockaddr *)&in6);
	ck_assert_mem_eq(&host, &mapped, sizeof host);
	ck_assert_uint_eq(host_hash(&host, 5), host_hash(&mapped, 5));
	ck_assert_uint_ne(host_hash(&host, 5), host_hash(&host, 6));
	host = host_of(&other);
	ck_assert_mem_ne(&host, &mapped, sizeof host);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("rates");

	tcase_add_loop_test(
	    table, test_a_period_at_once_then_evenly, 0, (int)(sizeof rows / sizeof *rows));
	suite_add_tcase(suite, table);
	add_tests(suite, "table", test_addresses_and_sections_are_apart,
	    test_the_table_is_bounded_and_forgets_the_harmless, test_hosts);
}

UNIT_MAIN("listener/rates")
