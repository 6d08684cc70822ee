/* SPDX-License-Identifier: ISC */
/* test_idn.c - addresses that have a form in ASCII, and those that have none. */
#include "smtp/idn.h"

#include <stdio.h>
#include <stdlib.h>

#include "../unit.h"

static const struct {
	const char *address, *ascii; /* NULL: it has none */
} cases[] = {
	{ "a@b\xc3\xbc"
	  "cher.example",
	    "a@xn--bcher-kva.example" },
	{ "a@B\xc3\x9c"
	  "CHER.Example",
	    "a@xn--bcher-kva.example" },
	{ "a@bu\xcc\x88"
	  "cher.example",
	    "a@xn--bcher-kva.example" }, /* u and its dots apart */
	{ "a@stra\xc3\x9f"
	  "e.example",
	    "a@xn--strae-oqa.example" },
	{ "a@\xe9\x83\xb5\xe4\xbe\xbf.\xe9\xa6\x99\xe6\xb8\xaf", "a@xn--wtqs30n.xn--j6w193g" },
	{ "\"a@b c\"@\xc3\xbc.example", "\"a@b c\"@xn--tda.example" },
	{ "a@plain.example", "a@plain.example" },
	{ "\xc3\xbc@\xc3\xbc.example", NULL },
	{ "\xc3\xbc@plain.example", NULL },
	{ "\xc3\xbc", NULL },
	{ "a@", NULL },
	{ "a@[192.0.2.1]", NULL },
	{ "a@-\xc3\xbc.example", NULL },
	{ "a@\xe2\x98\x83\xff.example", NULL },
	/* Full-width letters become others; what would end a path is no letter. */
	{ "a@\xef\xbd\x81\xc3\xbc.example", "a@xn--a-eha.example" },
	{ "a@x\xef\xbc\x9e\xc3\xbc.example", NULL },
	{ "a@x\xe3\x80\x80\xc3\xbc.example", NULL },
};

START_TEST(finds_the_form_in_ascii)
{
	char *out = NULL;
	enum smtp_idn got = smtp_address_to_ascii(cases[_i].address, &out);

	ck_assert_int_eq(got, cases[_i].ascii != NULL ? SMTP_IDN_DONE : SMTP_IDN_NONE);
	ck_assert_pstr_eq(out, cases[_i].ascii);
	free(out);
}
END_TEST

START_TEST(a_domain_may_be_too_long)
{
	char address[400], *out;
	int len = snprintf(address, sizeof address, "a@");

	for (int i = 0; i < 40; i++)
		len += snprintf(address + len, sizeof address - (size_t)len, "\xc3\xbc\xc3\xb6.");
	(void)snprintf(address + len, sizeof address - (size_t)len, "example");
	ck_assert_int_eq(smtp_address_to_ascii(address, &out), SMTP_IDN_NONE);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, finds_the_form_in_ascii, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "length", a_domain_may_be_too_long);
}

UNIT_MAIN("smtp/idn")
