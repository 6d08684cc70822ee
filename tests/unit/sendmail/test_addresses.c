/* SPDX-License-Identifier: ISC */
/* test_addresses.c - mailboxes out of whatever programs and people write into To. */
#include "sendmail/addresses.h"

#include <string.h>

#include "base/str.h"
#include "unit.h"

struct list_case {
	const char *text;
	const char *mailboxes; /* joined by '|'; NULL: malformed */
};

static const struct list_case cases[] = {
	{ "", "" },
	{ " ,, ,", "" },
	{ "a@b", "a@b" },
	{ "a", "a" },
	{ " a@b , c@d\r\n\t, e@f\n", "a@b|c@d|e@f" },
	{ "John Smith <j@x>, <k@y>", "j@x|k@y" },
	{ "\"Smith, John\" <j@x>, k@y", "j@x|k@y" },
	{ "\"a \\\" , b\" <j@x>", "j@x" },
	{ "John \"the, man\" Smith <j@x>", "j@x" },
	{ "\"odd, local\"@x, k@y", "\"odd, local\"@x|k@y" },
	{ "a @ b . c", "a@b.c" },
	{ "a@b (home, (sweet) home), c@d", "a@b|c@d" },
	{ "a@b (an \\) escape), c@d", "a@b|c@d" },
	{ "friends: a@b, B <c@d>;, e@f", "a@b|c@d|e@f" },
	{ "undisclosed recipients:;", "" },
	{ "my friends: a@b;", "a@b" },
	{ "<@r1,@r2:a@b>", "a@b" },
	{ "a@[IPv6:::1], b@[127.0.0.1]", "a@[IPv6:::1]|b@[127.0.0.1]" },
	{ "<>", "" },
	/* Malformed: better no mail than one to somebody else. */
	{ "John Smith", NULL },
	{ "a@b c@d", NULL },
	{ "a (x) b", NULL },
	{ "\"John\" j@x", NULL },
	{ "John <j@x y>", NULL },
	{ "a@b>", NULL },
	{ "<a@b", NULL },
	{ "<<a@b>>", NULL },
	{ "<a@b> <c@d>", NULL },
	{ "a@b (open", NULL },
	{ "\"open", NULL },
};

static int
join(void *ctx, const char *mailbox, const char *end)
{
	struct str *out = ctx;

	(void)end;
	str_printf(out, "%s%s", out->len > 0 ? "|" : "", mailbox);
	return 0;
}

START_TEST(finds_the_mailboxes)
{
	const struct list_case *c = &cases[_i];
	struct str out = STR_EMPTY;
	int result = addresses_each(c->text, strlen(c->text), join, &out);

	ck_assert_msg(result == (c->mailboxes != NULL ? 0 : -1), "%s: %d", c->text, result);
	if (c->mailboxes != NULL)
		ck_assert_str_eq(out.len > 0 ? out.data : "", c->mailboxes);
	str_free(&out);
}
END_TEST

/* A folded quoted string must not carry a line end into a command. */
START_TEST(no_line_end_comes_through)
{
	static const char text[] = "\"x\\\n RCPT TO:<evil@e>\"@y, \"p\r\n q\"@z";
	struct str out = STR_EMPTY;

	ck_assert_int_eq(addresses_each(text, strlen(text), join, &out), 0);
	ck_assert_ptr_null(strpbrk(out.data, "\r\n"));
	str_free(&out);
}
END_TEST

static int
stop(void *ctx, const char *mailbox, const char *end)
{
	(void)mailbox;
	(void)end;
	return ++*(int *)ctx == 2 ? 7 : 0;
}

START_TEST(stops_when_told)
{
	int count = 0;

	ck_assert_int_eq(addresses_each("a, b, c", 7, stop, &count), 7);
	ck_assert_int_eq(count, 2);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, finds_the_mailboxes, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "each", no_line_end_comes_through, stops_when_told);
}

UNIT_MAIN("addresses")
