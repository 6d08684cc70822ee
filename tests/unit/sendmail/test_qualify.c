/* SPDX-License-Identifier: ISC */
/* test_qualify.c - what programs and people put into header fields gets its domain, and is else as
 * it was. */
#include "sendmail/qualify.h"

#include <string.h>

#include "base/str.h"
#include "unit.h"

static const struct {
	const char *field, *qualified; /* NULL: as it is */
} cases[] = {
	{ "From: root (Cron Daemon)\n", "From: root@d.example (Cron Daemon)\n" },
	{ "From: mdadm monitoring <root>\n", "From: mdadm monitoring <root@d.example>\n" },
	{ "from:root\r\n", "from:root@d.example\r\n" },
	{ "FROM : root", "FROM : root@d.example" },
	{ "From: \"r\" <root>\"y\" (x)\n", "From: \"r\" <root@d.example>\"y\" (x)\n" },
	{ "To: a, b@x, \"C, D\" <c>,\n\te (f), g\n",
	    "To: a@d.example, b@x, \"C, D\" <c@d.example>,\n\te@d.example (f), g@d.example\n" },
	{ "Cc: friends: a, b@x;, c\n", "Cc: friends: a@d.example, b@x;, c@d.example\n" },
	{ "Reply-To: \"a b\"\n", "Reply-To: \"a b\"@d.example\n" },
	{ "Resent-Sender: <@r:a>\n", "Resent-Sender: <@r:a@d.example>\n" },
	{ "Sender: a@x\n", NULL },
	{ "To: undisclosed-recipients:;\n", NULL },
	{ "To: undisclosed recipients\n", NULL },
	{ "To: a, b c, d\n", NULL },
	{ "To: a, <b\n", NULL },
	{ "From: <>\n", NULL },
	{ "From: .root\n", NULL },
	{ "From: a @ x\n", NULL },
	{ "From: \"a@b\" <c@x>\n", NULL },
	{ "From:\n", NULL },
	{ "Subject: root\n", NULL },
	{ "X-From: root\n", NULL },
	{ "no field\n", NULL },
};

START_TEST(bare_addresses_get_the_domain)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *expected =
		    cases[i].qualified != NULL ? cases[i].qualified : cases[i].field;
		struct str out = STR_EMPTY;

		qualify_field(&out, cases[i].field, strlen(cases[i].field), "d.example");
		ck_assert_str_eq(out.data, expected);
		str_free(&out);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "qualify", bare_addresses_get_the_domain);
}

UNIT_MAIN("qualify")
