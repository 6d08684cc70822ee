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

START_TEST(tries_are_counted_in_words)
{
	char *out = render("[{\"id\":\"1\",\"to\":[],\"reason\":\"x\",\"attempts\":1},\n"
			   "{\"id\":\"2\",\"to\":[],\"reason\":\"x\",\"attempts\":2}]\n",
	    1000, false);

	ck_assert_ptr_nonnull(strstr(out, "(1 try, next now) x\n"));
	ck_assert_ptr_nonnull(strstr(out, "(2 tries, next now) x\n"));
	free(out);
}
END_TEST

START_TEST(no_control_octet_comes_through)
{
	char *out = render(listing, sizeof listing, false);

	ck_assert_ptr_null(strpbrk(out, "\x1b\x07\x9b"));
	free(out);
}
END_TEST

START_TEST(routes_are_named_but_for_the_default)
{
	char *out =
	    render("[{\"routes\":[\"news\",\"(default)\"]}\n,\n{\"routes\":[\"(default)\"]},\n"
		   "{\"routes\":[\"x\\u001by\",1]}]\n",
		1000, false);

	ck_assert_ptr_nonnull(strstr(out, "  by news, (default)\n"));
	ck_assert_ptr_nonnull(strstr(out, "-> \n"));
	ck_assert_ptr_nonnull(strstr(out, "  by x y\n"));
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

static char *
render_status_of(const char *text)
{
	char *out = NULL;
	size_t size;
	FILE *stream = open_memstream(&out, &size);
	json_t *status;

	ck_assert_ptr_nonnull(status = json_loads(text, 0, NULL));
	render_status(stream, status);
	json_decref(status);
	fclose(stream);
	return out;
}

static char *
render_upstream(const char *fields)
{
	char text[1024];

	(void)snprintf(
	    text, sizeof text, "{\"upstreams\":[{\"name\":\"ses\",\"state\":\"up\",%s}]}", fields);
	return render_status_of(text);
}

START_TEST(the_age_of_the_oldest_is_shown_where_there_is_one)
{
	char *none = render_status_of("{\"queue\":{\"messages\":0,\"oldest_s\":0}}");
	char *some = render_status_of("{\"queue\":{\"messages\":2,\"oldest_s\":300}}");

	ck_assert_msg(strstr(none, "; oldest -\n") != NULL, "%s", none);
	ck_assert_msg(strstr(some, "; oldest   5m\n") != NULL, "%s", some);
	free(none);
	free(some);
}
END_TEST

START_TEST(pace_and_estimate_are_told_in_words)
{
	static const struct {
		const char *fields, *words; /* NULL: nothing of a pace nor of the end */
	} cases[] = {
		{ "\"pace_per_s\":7.0,\"rate_per_s\":14.0",
		    "pace: 7 a second, configured 14 a second\n" },
		{ "\"pace_per_s\":0.5,\"rate_per_s\":0.5", "pace: 30 a minute\n" },
		{ "\"pace_per_s\":0.005787,\"rate_per_s\":null", "pace: 20.8 an hour\n" },
		{ "\"throttled_because\":\"454 slow\",\"connections_allowed\":2,"
		  "\"connections_max\":10",
		    "2 of 10 connections, because: 454 slow\n" },
		{ "\"waiting\":120,\"drained_in_s\":840",
		    "120 messages wait for it; drained in about 14 min\n" },
		{ "\"waiting\":5,\"drained_in_s\":40", "drained in about 40 s\n" },
		{ "\"waiting\":5,\"drained_in_s\":20000", "drained in about 6 h\n" },
		{ "\"waiting\":5,\"drained_in_s\":400000", "drained in about 5 days\n" },
		{ "\"waiting\":5,\"drained_in_s\":null", "5 messages wait for it\n" },
		{ "\"waiting\":1,\"drained_in_s\":null", "1 message waits for it\n" },
		{ "\"connections\":1,\"busy\":0", ", 1 connection, 0 busy\n" },
		{ "\"connections\":2,\"busy\":1", ", 2 connections, 1 busy\n" },
		{ "\"waiting\":0", NULL },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *out = render_upstream(cases[i].fields);

		if (cases[i].words != NULL)
			ck_assert_msg(strstr(out, cases[i].words) != NULL, "%s", out);
		else
			ck_assert_msg(
			    strstr(out, "pace") == NULL && strstr(out, "wait for") == NULL, "%s",
			    out);
		free(out);
	}
}
END_TEST

START_TEST(what_is_neither_listed_nor_sent_is_named)
{
	char *out = render_upstream("\"waiting\":0}],\"counters\":{\"spool_damaged\":3,"
				    "\"accepted_messages\":1,\"delivered\":2,\"failed\":1},"
				    "\"unread\":[{\"segment\":26,\"messages\":70,"
				    "\"why\":\"Permission denied\"");

	ck_assert_msg(
	    strstr(out, "segment 000000000000001a is neither listed nor sent, up to 70 "
			"messages: its outcomes cannot be read: Permission denied\n") != NULL,
	    "%s", out);
	ck_assert_ptr_nonnull(
	    strstr(out, "accepted 1 message; recipients: 2 delivered, 0 deferred, 1 failed\n"));
	ck_assert_ptr_nonnull(strstr(out, "DAMAGE: 3 parts of the spool "));
	free(out);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *pieces = tcase_create("pieces");

	tcase_add_loop_test(pieces, pieces_do_not_matter, 1, 12);
	suite_add_tcase(suite, pieces);
	add_tests(suite, "render", tries_are_counted_in_words, no_control_octet_comes_through,
	    routes_are_named_but_for_the_default, an_empty_queue_says_so,
	    a_selection_says_how_many_match, nobody_reads_any_more,
	    the_age_of_the_oldest_is_shown_where_there_is_one, pace_and_estimate_are_told_in_words,
	    what_is_neither_listed_nor_sent_is_named);
}

UNIT_MAIN("render")
