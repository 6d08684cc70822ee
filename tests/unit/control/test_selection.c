/* SPDX-License-Identifier: ISC */
/* test_selection.c - which messages a query selects, and which queries are refused. */
#include "control/selection.h"

#include <string.h>

#include "base/str.h"
#include "spool/envelope.h"
#include "spool/reader.h"
#include "unit.h"

/* The message of every row: 2 h old, waiting, its first recipient done. */
static const int64_t now_ms = INT64_C(1800000000000);
static char *rcpts[] = { "done@y.example", "b@Y.example", "c@[10.0.0.1]" };
static const char reason[] = "450 4.2.1 Mailbox busy (100%)";

static struct queue *queue;
static struct queue_item *item;
static struct envelope envelope;

static void
set_up(const char *from)
{
	uint64_t id = (uint64_t)(now_ms - 2 * 3600 * 1000) << 20;

	envelope = (struct envelope){
		.id = id,
		.from = (char *)from,
		.rcpt = rcpts,
		.nrcpt = sizeof rcpts / sizeof *rcpts,
		.next_try_ms = now_ms + 1000,
	};

	const struct spool_record record = { .id = id, .envelope = &envelope };

	queue = queue_new();
	item = queue_add(queue, &record);
	queue_rcpt_done(item, 0);
}

static bool
selects(const char *query, const char *why_it_waits)
{
	struct str why = STR_EMPTY;
	struct selection *selection = selection_parse(query, &why);
	bool result;

	ck_assert_msg(selection != NULL, "%s: %s", query, why.data);
	result = selection_takes(selection, queue, item, now_ms);
	if (result && selection_reads_reason(selection))
		result = selection_takes_reason(selection, why_it_waits);
	if (result && selection_reads_envelope(selection))
		result = selection_takes_envelope(selection, item, &envelope);
	selection_free(&selection);
	str_free(&why);
	return result;
}

static const struct {
	const char *query;
	bool selects;
} rows[] = {
	{ NULL, true },
	{ "", true },
	{ "all=1", true },
	{ "from=a@x.example", true },
	{ "from=A@X.EXAMPLE", true },
	{ "from=%3Ca%40x.example%3E", true },
	{ "from=aa@x.example", false },
	{ "from=a@x.example.com", false },
	{ "from=*", true },
	{ "from=*@x.example", true },
	{ "from=*@X.*", true },
	{ "from=?@x.example", true },
	{ "from=??@x.example", false },
	{ "from=*@y.example", false },
	{ "from=*a@x.example", true },
	{ "from=a@x.example**", true },
	{ "from=*x*x*ample", true },
	{ "from=*x*x*x*x*x*x*x*x*x*q", false },
	{ "from=%3C%3E", false },
	{ "to=b@y.example", true },
	{ "to=*@y.example", true },
	{ "to=done@y.example", false },
	{ "to=c@[10.0.0.1]", true },
	{ "to=c@[10.0.0.2]", false },
	{ "older=1h", true },
	{ "older=2h", true },
	{ "older=2h1s", false },
	{ "older=7200", true },
	{ "older=1d", false },
	{ "reason=mailbox%20BUSY", true },
	{ "reason=mailbox+busy", true },
	{ "reason=100%25", true },
	{ "reason=full", false },
	{ "state=waiting", true },
	{ "state=ready", false },
	{ "state=held", false },
	{ "from=a@x.example&to=b@y.example&older=1h&reason=450&state=waiting", true },
	{ "from=a@x.example&to=b@z.example&older=1h&reason=450&state=waiting", false },
	{ "from=a@x.example&older=3h", false },
};

START_TEST(a_query_selects)
{
	set_up("a@x.example");
	ck_assert_msg(selects(rows[_i].query, reason) == rows[_i].selects, "%s", rows[_i].query);
	queue_free(&queue);
}
END_TEST

START_TEST(the_null_sender_is_selected)
{
	set_up("");
	ck_assert(selects("from=<>", reason));
	ck_assert(selects("from=*", reason));
	ck_assert(!selects("from=*@*", reason));
	queue_free(&queue);
}
END_TEST

START_TEST(no_reason_has_no_text)
{
	set_up("a@x.example");
	ck_assert(!selects("reason=a", NULL));
	queue_free(&queue);
}
END_TEST

static const struct {
	const char *query, *says;
} refused[] = {
	{ "from=", "no address" },
	{ "from=x.example", "*@example.com" },
	{ "to=x.example", "*@example.com" },
	{ "to=%3C%3E", "only a sender" },
	{ "older=", "30m" },
	{ "older=soon", "30m" },
	{ "older=-1d", "30m" },
	{ "reason=", "empty" },
	{ "state=asleep", "sending" },
	{ "state=", "sending" },
	{ "all=yes", "all=1" },
	{ "all=1&from=a@b", "either" },
	{ "from=a@b&from=c@d", "twice" },
	{ "size=1", "no criterion `size`" },
	{ "from=*%00@b", "malformed" },
	{ "&&", "malformed" },
	{ "from", "malformed" },
};

START_TEST(a_query_is_refused)
{
	struct str why = STR_EMPTY;

	ck_assert_ptr_null(selection_parse(refused[_i].query, &why));
	ck_assert_msg(
	    strstr(why.data, refused[_i].says) != NULL, "%s: %s", refused[_i].query, why.data);
	str_free(&why);
}
END_TEST

START_TEST(a_long_value_is_refused)
{
	char query[8 + SELECTION_VALUE_MAX + 2] = "reason=";
	struct str why = STR_EMPTY;

	memset(query + 7, 'x', SELECTION_VALUE_MAX + 1);
	ck_assert_ptr_null(selection_parse(query, &why));
	ck_assert_ptr_nonnull(strstr(why.data, "longer than 512"));
	str_free(&why);
}
END_TEST

static const struct {
	const char *query;
	bool is_named, is_partial;
} kinds[] = {
	{ NULL, false, false },
	{ "all=1", true, false },
	{ "from=*", true, true },
	{ "older=0", true, true },
	{ "state=ready", true, true },
};

START_TEST(what_was_asked_for_is_known)
{
	struct str why = STR_EMPTY;
	struct selection *selection = selection_parse(kinds[_i].query, &why);

	ck_assert(selection_is_named(selection) == kinds[_i].is_named);
	ck_assert(selection_is_partial(selection) == kinds[_i].is_partial);
	selection_free(&selection);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tables = tcase_create("tables");

	tcase_add_loop_test(tables, a_query_selects, 0, sizeof rows / sizeof *rows);
	tcase_add_loop_test(tables, a_query_is_refused, 0, sizeof refused / sizeof *refused);
	tcase_add_loop_test(tables, what_was_asked_for_is_known, 0, sizeof kinds / sizeof *kinds);
	suite_add_tcase(suite, tables);
	add_tests(suite, "others", the_null_sender_is_selected, no_reason_has_no_text,
	    a_long_value_is_refused);
}

UNIT_MAIN("selection")
