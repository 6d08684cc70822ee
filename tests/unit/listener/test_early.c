/* SPDX-License-Identifier: ISC */
/* test_early.c - what all upstreams refuse that a message may go to, whatever its recipients. */
#include "listener/early.h"

#include <stdio.h>
#include <string.h>

#include "../config/sample.h"
#include "base/sizes.h"
#include "unit.h"

enum { NOW = 1000 };

static const char ups[] = "upstream a { host = a.example senders = '*@a.example' }\n"
			  "upstream b { host = b.example senders = { '*@b.example', '<>' } }\n"
			  "upstream c { host = c.example }\n";

#define LISTENERS "listen l { port = 0 } listen m { port = 0 }\n"
#define A         "route a { from = '*@a.example' upstreams = a }\n"
#define SOME      "route some { to = x.example upstreams = { b, a } }\n"
#define M         "route m { listen = m upstreams = b }\n"
#define REST_B    "route rest { upstreams = b }\n"
#define REST_C    "route rest { upstreams = c }\n"

static const struct {
	const char *routes, *listener, *sender;
	const char *sizes;   /* of a, b, c; "-": not told */
	const char *limit;   /* name and size, "": none */
	const char *refuses; /* name, "": none */
} cases[] = {
	/* Any of three may take it. */
	{ "", "l", "x@a.example", "10 20 30", "c 30", "" },
	{ "", "l", "x@z.example", "10 20 -", "", "" },
	{ "", "l", "", "30 20 10", "a 30", "" },
	/* A route for all of a sender's mail, or for some recipients. */
	{ A REST_B, "l", "x@a.example", "10 20 -", "a 10", "" },
	{ A REST_B, "l", "x@b.example", "10 20 -", "b 20", "" },
	{ A REST_B, "l", "", "10 20 -", "b 20", "" },
	{ A REST_B, "l", "x@z.example", "10 20 -", "b 20", "b" },
	{ A REST_B, "l", NULL, "10 20 -", "b 20", "" },
	{ SOME REST_B, "l", "x@a.example", "30 20 -", "a 30", "" },
	{ SOME REST_B, "l", "x@z.example", "30 20 -", "a 30", "b" },
	{ SOME REST_C, "l", "x@z.example", "30 20 -", "", "" },
	{ SOME REST_C, "l", "x@z.example", "30 20 40", "c 40", "" },
	{ SOME REST_C, "l", "x@z.example", "- 20 40", "", "" },
	/* By listener. */
	{ M REST_C, "m", "x@z.example", "- 20 40", "b 20", "b" },
	{ M REST_C, "l", "x@z.example", "- 20 40", "c 40", "" },
	{ M REST_C, "m", NULL, "- 20 40", "b 20", "" },
};

static void
tell(struct sizes *sizes, const char *text)
{
	static const char *const names[] = { "a", "b", "c" }, *const hosts[] = { "a.example",
		"b.example", "c.example" };
	char told[3][8];

	ck_assert_int_eq(sscanf(text, "%7s %7s %7s", told[0], told[1], told[2]), 3);
	for (int i = 0; i < 3; i++)
		if (told[i][0] != '-')
			sizes_tell(sizes, names[i], hosts[i], strtoull(told[i], NULL, 10), NOW);
}

START_TEST(test_cases)
{
	struct str text = STR_EMPTY;
	struct sizes sizes = { 0 };
	char found[32] = "";

	str_printf(&text, LISTENERS "%s%s", ups, cases[_i].routes);

	struct config *config = load_good(text.data);

	tell(&sizes, cases[_i].sizes);

	const struct early_limit limit =
	    early_find_limit(config, &sizes, cases[_i].listener, cases[_i].sender, NOW);
	const struct config_upstream *refuses =
	    cases[_i].sender == NULL
		? NULL
		: early_find_refusal(config, cases[_i].listener, cases[_i].sender);

	if (limit.upstream != NULL)
		snprintf(found, sizeof found, "%s %u", limit.upstream->name, (unsigned)limit.size);
	else
		ck_assert_uint_eq(limit.size, UINT64_MAX);
	ck_assert_str_eq(found, cases[_i].limit);
	ck_assert_str_eq(refuses != NULL ? refuses->name : "", cases[_i].refuses);
	config_free(&config);
	str_free(&text);
}
END_TEST

START_TEST(test_nothing_is_known)
{
	struct config *config = load_good(UPSTREAM);
	struct sizes sizes = { 0 };

	ck_assert_uint_eq(early_find_limit(config, NULL, "local", "", NOW).size, UINT64_MAX);
	ck_assert_uint_eq(early_find_limit(config, &sizes, "local", "", NOW).size, UINT64_MAX);
	ck_assert_ptr_null(early_find_refusal(config, "local", ""));
	config_free(&config);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("cases");

	tcase_add_loop_test(table, test_cases, 0, (int)(sizeof cases / sizeof *cases));
	suite_add_tcase(suite, table);
	add_tests(suite, "rest", test_nothing_is_known);
}

UNIT_MAIN("listener/early")
