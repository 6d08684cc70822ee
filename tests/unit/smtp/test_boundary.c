/* SPDX-License-Identifier: ISC */
/* test_boundary.c - which lines part which multipart. */
#include "smtp/boundary.h"

#include <string.h>

#include "../unit.h"

static void
push(struct smtp_boundaries *boundaries, const char *text, bool is_digest)
{
	struct smtp_mime mime = { .kind = is_digest ? SMTP_MIME_DIGEST : SMTP_MIME_MULTIPART };

	memcpy(mime.boundary, text, strlen(text) + 1);
	ck_assert(smtp_boundaries_push(boundaries, &mime));
}

static const struct {
	const char *line;
	bool is_taken, is_last;
	size_t depth; /* afterwards */
} cases[] = {
	{ "--inner\r\n", true, false, 2 },
	{ "--inner--\r\n", true, true, 1 },
	{ "--inner \t\r\n", true, false, 2 },
	{ "--inner-- \r\n", true, true, 1 },
	{ "--inner", true, false, 2 },
	{ "--in\r\n", true, false, 1 },
	{ "--in--\r\n", true, true, 0 },
	{ "--inne\r\n", false, false, 2 },
	{ "--inner-\r\n", false, false, 2 },
	{ "--inner x\r\n", false, false, 2 },
	{ "--INNER\r\n", false, false, 2 },
	{ " --inner\r\n", false, false, 2 },
	{ "-\r\n", false, false, 2 },
	{ "--\r\n", false, false, 2 },
};

START_TEST(knows_its_lines)
{
	struct smtp_boundaries boundaries = { .depth = 0 };
	bool is_last = false;

	push(&boundaries, "in", false);
	push(&boundaries, "inner", true);
	ck_assert(smtp_boundaries_take(&boundaries, cases[_i].line, strlen(cases[_i].line),
		      &is_last) == cases[_i].is_taken);
	ck_assert(!cases[_i].is_taken || is_last == cases[_i].is_last);
	ck_assert_uint_eq(boundaries.depth, cases[_i].depth);
	ck_assert(smtp_boundaries_in_digest(&boundaries) == (cases[_i].depth == 2));
}
END_TEST

START_TEST(goes_so_deep_and_no_deeper)
{
	struct smtp_boundaries boundaries = { .depth = 0 };
	const struct smtp_mime mime = { .boundary = "x" };

	for (size_t i = 0; i < SMTP_BOUNDARIES_MAX; i++)
		push(&boundaries, "x", false);
	ck_assert(!smtp_boundaries_push(&boundaries, &mime));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("lines");

	tcase_add_loop_test(table, knows_its_lines, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "depth", goes_so_deep_and_no_deeper);
}

UNIT_MAIN("smtp/boundary")
