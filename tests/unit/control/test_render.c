/* SPDX-License-Identifier: ISC */
/* test_render.c - a listing comes in any pieces, and nothing in it commands the terminal. */
#include "control/render.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

static const char listing[] =
    "[{\"id\":\"1\",\"from\":\"a@b\",\"to\":[\"c@d\",\"e@f\"],\"reason\":\"x\xc2\x9b"
    "31m\\u001b[2J\\u0007y\"}\n,\n{\"id\":\"2\",\"from\":\"\",\"to\":[]}]\n";

static char *
render(const char *text, size_t piece, bool is_selection)
{
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);
	struct render_list *list = render_list_begin(stream);

	for (size_t at = 0, len = strlen(text); at < len; at += piece)
		ck_assert_int_eq(
		    render_list_feed(list, text + at, len - at < piece ? len - at : piece), 0);
	ck_assert_int_eq(render_list_end(list, is_selection), 0);
	render_list_free(&list);
	fclose(stream);
	return out;
}

START_TEST(pieces_do_not_matter)
{
	char *whole = render(listing, sizeof listing, false),
	     *pieces = render(listing, (size_t)_i, false);

	ck_assert_str_eq(whole, pieces);
	ck_assert_ptr_nonnull(strstr(whole, "<a@b> -> c@d and 1 more"));
	ck_assert_ptr_nonnull(strstr(whole, "2 messages\n"));
	free(whole);
	free(pieces);
}
END_TEST

START_TEST(no_control_octet_comes_through)
{
	char *out = render(listing, sizeof listing, false);

	ck_assert_ptr_null(strpbrk(out, "\x1b\x07\x9b"));
	free(out);
}
END_TEST

START_TEST(an_empty_queue_says_so)
{
	char *out = render("[]\n", 1, false);

	ck_assert_str_eq(out, "The queue is empty.\n");
	free(out);
}
END_TEST

START_TEST(a_selection_says_how_many_match)
{
	char *some = render(listing, sizeof listing, true), *none = render("\n\n[]\n", 1, true);

	ck_assert_ptr_nonnull(strstr(some, "2 messages match\n"));
	ck_assert_str_eq(none, "No message matches.\n");
	free(some);
	free(none);
}
END_TEST

START_TEST(nobody_reads_any_more)
{
	FILE *full = fopen("/dev/full", "w");
	struct render_list *list = render_list_begin(full);

	ck_assert_int_eq(render_list_feed(list, listing, strlen(listing)), -1);
	ck_assert_int_eq(render_list_error(list), ENOSPC);
	render_list_free(&list);
	fclose(full);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *pieces = tcase_create("pieces");

	tcase_add_loop_test(pieces, pieces_do_not_matter, 1, 12);
	suite_add_tcase(suite, pieces);
	add_tests(suite, "render", no_control_octet_comes_through, an_empty_queue_says_so,
	    a_selection_says_how_many_match, nobody_reads_any_more);
}

UNIT_MAIN("render")
