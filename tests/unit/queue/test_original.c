/* SPDX-License-Identifier: ISC */
/* test_original.c - what of a message gets into a report on it: nothing that would change the
 * report. */
#include "queue/original.h"

#include <string.h>

#include "base/str.h"
#include "unit.h"

#define A64 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *header, *id; /* NULL: none is referred to */
} cases[] = {
	{ "Message-ID: <a@b>\r\n", "<a@b>" },
	{ "Received: from x\r\n\tby y\r\nMESSAGE-id:<a@b>\r\nTo: x@y\r\n", "<a@b>" },
	{ "Message-ID:\r\n <folded@b>\r\n", "<folded@b>" },
	{ "Message-ID: <a@b> (a comment)\r\n", "<a@b>" },
	{ "Message-ID: <no-domain>\r\n", "<no-domain>" },
	{ "Message-ID: none\r\nMessage-ID: <a@b>\r\n", "<a@b>" },
	{ "Subject: x\r\n\r\nMessage-ID: <in-the-body@b>\r\n", NULL },
	{ "Subject: x\r\nno field\r\nMessage-ID: <in-the-body@b>\r\n", NULL },
	{ "X-Message-ID: <a@b>\r\n", NULL },
	{ "Message-ID: a@b\r\n", NULL },
	{ "Message-ID: <>\r\n", NULL },
	{ "Message-ID: <a b@c>\r\n", NULL },
	{ "Message-ID: <a@b\r\n x>\r\n", NULL },
	{ "Message-ID: <caf\xc3\xa9@b>\r\n", NULL },
	{ "Message-ID: <a<b@c>\r\n", NULL },
	{ "Message-ID: <a@b", NULL },
	{ "Message-ID:", NULL },
	{ "Message-ID: <" A64 A64 A64 A64 "@b>\r\n", NULL },
	{ "", NULL },
};

START_TEST(refers_to_a_sound_message_id)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str out = STR_EMPTY, expected = STR_EMPTY;

		str_puts(&out, "");
		str_puts(&expected, "");
		if (cases[i].id != NULL)
			str_printf(&expected, "In-Reply-To: %s\r\nReferences: %s\r\n", cases[i].id,
			    cases[i].id);
		original_add_references(&out, cases[i].header, strlen(cases[i].header));
		ck_assert_str_eq(out.data, expected.data);
		str_free(&out);
		str_free(&expected);
	}
}
END_TEST

START_TEST(makes_its_header_safe)
{
	static const char header[] = "Subject: caf\xc3\xa9\r\nTo:\ta@b\nX";
	struct str out = STR_EMPTY;

	original_add_header(&out, header, sizeof header - 1);
	ck_assert_str_eq(out.data,
	    "Content-Type: text/rfc822-headers\r\n\r\nSubject: caf??\r\nTo:\ta@b\r\nX\r\n");
	str_free(&out);
}
END_TEST

START_TEST(keeps_the_whole_as_it_is)
{
	static const char whole[] = "Subject: x\r\n\r\nThe body\r\n";
	struct str out = STR_EMPTY;

	original_add_whole(&out, whole, sizeof whole - 1);
	ck_assert_str_eq(
	    out.data, "Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nThe body\r\n");
	str_free(&out);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "original", refers_to_a_sound_message_id, makes_its_header_safe,
	    keeps_the_whole_as_it_is);
}

UNIT_MAIN("original")
