/* SPDX-License-Identifier: ISC */
/* test_ports.c - the order of ports, what works is remembered, and the way back to the first. */
#include "outbound/ports.h"

#include <string.h>

#include "unit.h"

static const struct config_upstream three = {
	.ports = { { 587, TLS_STARTTLS }, { 465, TLS_IMPLICIT }, { 2525, TLS_STARTTLS } },
	.nports = 3,
};
static const struct config_upstream one = { .ports = { { 587, TLS_STARTTLS } }, .nports = 1 };

enum { FIRST_MS = 60000, LONGEST_MS = 3600000 };

START_TEST(one_after_the_other)
{
	struct ports ports;
	char words[1024];

	ports_init(&ports, &three, FIRST_MS, LONGEST_MS);
	ck_assert_uint_eq(ports.current, 0);
	ck_assert(ports_fail(&ports, 0, "refused", 1));
	ck_assert_uint_eq(ports.current, 1);
	ck_assert(ports_fail(&ports, 1, "timed out", 2));
	ck_assert_uint_eq(ports.current, 2);
	ck_assert(!ports_fail(&ports, 2, "silent", 3));
	ports_describe(&ports, words, sizeof words);
	ck_assert_str_eq(words, "port 587: refused; port 465: timed out; port 2525: silent");
	ck_assert_uint_eq(ports.current, 0); /* none has worked yet */
	ports_describe(&ports, words, 20);
	ck_assert_uint_eq(strlen(words), 19);
}
END_TEST

START_TEST(a_single_port_says_it_alone)
{
	struct ports ports;
	char words[64];

	ports_init(&ports, &one, FIRST_MS, LONGEST_MS);
	ck_assert(!ports_fail(&ports, 0, "refused", 1));
	ports_describe(&ports, words, sizeof words);
	ck_assert_str_eq(words, "refused");
	ck_assert(!ports_should_return(&ports, LONGEST_MS * 2));
}
END_TEST

START_TEST(what_works_is_remembered)
{
	struct ports ports;

	ports_init(&ports, &three, FIRST_MS, LONGEST_MS);
	ports_fail(&ports, 0, "refused", 1);
	ports_work(&ports, 1);
	ck_assert_uint_eq(ports.current, 1);
	/* It fails: the first is tried again, then the third, and the next round begins with it. */
	ck_assert(ports_fail(&ports, 1, "refused", 2));
	ck_assert_uint_eq(ports.current, 0);
	ck_assert(ports_fail(&ports, 0, "refused", 3));
	ck_assert_uint_eq(ports.current, 2);
	ck_assert(!ports_fail(&ports, 2, "refused", 4));
	ck_assert_uint_eq(ports.current, 1);
}
END_TEST

START_TEST(those_dialled_together_fail_once)
{
	struct ports ports;

	ports_init(&ports, &three, FIRST_MS, LONGEST_MS);
	for (int i = 0; i < 5; i++)
		ck_assert(ports_fail(&ports, 0, "refused", 1));
	ck_assert_uint_eq(ports.current, 1);
}
END_TEST

START_TEST(returns_to_the_first_without_flapping)
{
	struct ports ports;
	int64_t now = 1000;
	unsigned trials = 0;

	ports_init(&ports, &three, FIRST_MS, LONGEST_MS);
	ports_fail(&ports, 0, "refused", now);
	ck_assert(!ports_should_return(&ports, now + FIRST_MS)); /* the second is not up yet */
	ports_work(&ports, 1);
	ck_assert(!ports_should_return(&ports, now + FIRST_MS - 1));
	for (; now < 24 * LONGEST_MS; now += 1000)
		if (ports_should_return(&ports, now)) {
			ck_assert(ports_fail(&ports, 0, "refused", now));
			ck_assert_uint_eq(ports.current, 1); /* the mail goes on as before */
			trials++;
		}
	ck_assert_uint_ge(trials, 24);
	ck_assert_uint_le(trials, 32);
	/* One that comes and goes is left alone for as long. */
	ports_work(&ports, 0);
	ports_fail(&ports, 0, "refused", now + 1000);
	ports_work(&ports, 1);
	ck_assert(!ports_should_return(&ports, now + LONGEST_MS / 2));
	ck_assert(ports_should_return(&ports, now + 1000 + LONGEST_MS));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "ports", one_after_the_other, a_single_port_says_it_alone,
	    what_works_is_remembered, those_dialled_together_fail_once,
	    returns_to_the_first_without_flapping);
}

UNIT_MAIN("ports")
