/* SPDX-License-Identifier: ISC */
/* test_recode.c - what is changed of a message, and what never is. */
#include "smtp/recode.h"

#include <stdlib.h>
#include <string.h>

#include "../unit.h"
#include "base/str.h"

enum { L = SMTP_RECODE_LONG, B = SMTP_RECODE_8BIT };

#define X50   "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
#define X74   X50 "xxxxxxxxxxxxxxxxxxxxxxxx"
#define X500  X50 X50 X50 X50 X50 X50 X50 X50 X50 X50
#define X1000 X500 X500
#define Q75   "x" X74 "=\r\n"
/* 1,000 octets in lines of quoted-printable: 13 of 75, and 25. */
#define Q1000           Q75 Q75 Q75 Q75 Q75 Q75 Q75 Q75 Q75 Q75 Q75 Q75 Q75 "xxxxxxxxxxxxxxxxxxxxxxxxx"
#define CTE             "Content-Transfer-Encoding: "
#define MULTI(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\r\n"

static const struct {
	const char *name;
	unsigned wants;
	const char *in, *out; /* out NULL: there is nothing to change */
	bool keeps_long, keeps_8bit;
} cases[] = {
	{ "nothing unfit", L | B, "A: b\r\n\r\nc\r\n", NULL, false, false },
	{ "no content", L | B, "", NULL, false, false },
	{ "998 octets", L,
	    "A: b\r\n\r\n" X500 X50 X50 X50 X50 X50 X50 X50 X50 X74 "xxxxxxxxxxxxxxxxxxxxxxxx\r\n",
	    NULL, false, false },
	{ "a long line", L, "A: b\r\n\r\n" X1000 "\r\n",
	    "A: b\r\nMIME-Version: 1.0\r\n" CTE "quoted-printable\r\n\r\n" Q1000 "\r\n", false,
	    false },
	{ "a long line that nobody minds", B, "A: b\r\n\r\n" X1000 "\r\n", NULL, false, false },
	{ "no header", L, "\r\n" X1000 "\r\n",
	    "MIME-Version: 1.0\r\n" CTE "quoted-printable\r\n\r\n" Q1000 "\r\n", false, false },
	{ "8 bits, UTF-8", B, "A: b\r\n\r\ncaf\xc3\xa9\r\n",
	    "A: b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n" CTE
	    "quoted-printable\r\n\r\ncaf=C3=A9\r\n",
	    false, false },
	{ "8 bits, not UTF-8", B, "A: b\r\n\r\ncaf\xe9\r\n",
	    "A: b\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" CTE
	    "quoted-printable\r\n\r\ncaf=E9\r\n",
	    false, false },
	{ "8 bits that nobody minds", L, "A: b\r\n\r\ncaf\xe9\r\n", NULL, false, false },
	{ "what MIME says is kept", B,
	    "MIME-Version: 1.0\r\n" CTE
	    "8bit\r\nContent-Type: text/html; charset=latin1\r\n\r\ncaf\xe9\r\n",
	    "MIME-Version: 1.0\r\nContent-Type: text/html; charset=latin1\r\n" CTE
	    "quoted-printable\r\n\r\ncaf=E9\r\n",
	    false, false },
	{ "quoted-printable", L, CTE "quoted-printable\r\n\r\n" X1000 "=\r\n=3D\r\n",
	    CTE "quoted-printable\r\n\r\n" Q1000 "=\r\n=3D\r\n", false, false },
	{ "base64", L, CTE "base64\r\n\r\n" X74 "\r\n" X1000 "\r\n",
	    CTE "base64\r\n\r\n" X74 "xx\r\n" X74 "xx\r\n" X74 "xx\r\n" X74 "xx\r\n" X74
		"xx\r\n" X74 "xx\r\n" X74 "xx\r\n" X74 "xx\r\n" X74 "xx\r\n" X74 "xx\r\n" X74
		"xx\r\n" X74 "xx\r\n" X74 "xx\r\n" X74 "xx\r\n"
		"xxxxxxxxxx\r\n",
	    false, false },
	{ "base64 with 8 bits", B, CTE "base64\r\n\r\n\xff\r\n", NULL, false, true },
	{ "an encoding that is not known", L | B, CTE "x-uuencode\r\n\r\n\xff" X1000 "\r\n", NULL,
	    true, true },
	{ "only the part that is unfit", L | B,
	    CTE "8bit\r\n" MULTI(
		"b") "\r\npreamble\r\n--b\r\n\r\nplain\r\n--b\r\n"
		     "Content-Type: text/plain\r\n\r\ncaf\xe9\r\n--b--\r\nepilogue\r\n",
	    MULTI("b") CTE "7bit\r\n\r\npreamble\r\n--b\r\n\r\nplain\r\n--b\r\n"
			   "Content-Type: text/plain\r\n" CTE
			   "quoted-printable\r\n\r\ncaf=E9\r\n--b--\r\nepilogue\r\n",
	    false, false },
	{ "a boundary that never comes", L | B, MULTI("b") "\r\n--c\r\n\r\n\xff" X1000 "\r\n", NULL,
	    true, true },
	{ "a boundary that lacks its quotes", B,
	    MULTI("--=_b") "\r\n----=_b\r\n\r\n\xff\r\n----=_b--\r\n",
	    MULTI("--=_b") "\r\n----=_b\r\nContent-Type: text/plain; charset=unknown-8bit\r\n" CTE
			   "quoted-printable\r\n\r\n=FF\r\n----=_b--\r\n",
	    false, false },
	{ "a boundary that can be read in two ways", B,
	    MULTI("a(b)") "\r\n--a\r\n\r\n\xff\r\n--a--\r\n", NULL, false, true },
	{ "parts without header or body", L,
	    MULTI("b") "\r\n--b\r\n\r\n" X1000 "\r\n--b\r\nA: b\r\n--b\r\n\r\n--b--\r\n",
	    MULTI("b") "\r\n--b\r\n" CTE "quoted-printable\r\n\r\n" Q1000
		       "\r\n--b\r\nA: b\r\n--b\r\n\r\n--b--\r\n",
	    false, false },
	{ "what no reader shows", L,
	    MULTI("b") "\r\n" X1000 "\r\n--b\r\n\r\nx\r\n--b--\r\n" X1000 "\r\n",
	    MULTI("b") "\r\n--b\r\n\r\nx\r\n--b--\r\n", false, false },
	{ "multiparts within each other", B,
	    MULTI("b") "\r\n--b\r\n" MULTI(
		"bb") "\r\n--bb\r\n\r\n\xc3\xa9\r\n--bb--\r\n--b\r\n\r\n\xe9\r\n",
	    MULTI("b") "\r\n--b\r\n" MULTI(
		"bb") "\r\n--bb\r\nContent-Type: text/plain; "
		      "charset=utf-8\r\n" CTE "quoted-printable\r\n\r\n=C3=A9\r\n--bb--\r\n--b\r\n"
		      "Content-Type: text/plain; charset=unknown-8bit\r\n" CTE
		      "quoted-printable\r\n\r\n=E9\r\n",
	    false, false },
	{ "a message within", B,
	    MULTI("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n" CTE
		       "8bit\r\n\r\nSubject: x\r\n\r\n\xe9\r\n--b--\r\n",
	    MULTI("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n" CTE
		       "7bit\r\n\r\nSubject: x\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; "
		       "charset=unknown-8bit\r\n" CTE "quoted-printable\r\n\r\n=E9\r\n--b--\r\n",
	    false, false },
	{ "a digest", B,
	    "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nContent-Type: "
	    "text/html\r\n"
	    "\r\n\xe9\r\n--b--\r\n",
	    "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nContent-Type: "
	    "text/html\r\n"
	    "MIME-Version: 1.0\r\n" CTE "quoted-printable\r\n\r\n=E9\r\n--b--\r\n",
	    false, false },
	{ "what is signed", L | B,
	    "Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\n\xff" X1000
	    "\r\n--b--\r\n",
	    NULL, true, true },
	{ "what is signed beside what is not", L,
	    MULTI("a") "\r\n--a\r\nContent-Type: multipart/signed; "
		       "boundary=b\r\n\r\n--b\r\n\r\n" X1000 "\r\n--b--\r\n--a\r\n\r\n" X1000
		       "\r\n--a--\r\n",
	    MULTI("a") "\r\n--a\r\nContent-Type: multipart/signed; "
		       "boundary=b\r\n\r\n--b\r\n\r\n" X1000 "\r\n--b--\r\n--a\r\n" CTE
		       "quoted-printable\r\n\r\n" Q1000 "\r\n--a--\r\n",
	    true, false },
	{ "a header that is none", L, "A: b\r\nhello\r\n\r\n" X1000 "\r\n", NULL, true, false },
	{ "a long header line", L, "Subject: " X500 " " X500 "\r\n\r\n\xe9\r\n",
	    "Subject: " X500 "\r\n " X500 "\r\n\r\n\xe9\r\n", false, false },
	{ "a long header line of one word", L, "Subject: " X1000 "\r\n\r\nx\r\n", NULL, true,
	    false },
	{ "a header of 8 bits", B, "Subject: \xe9\r\n\r\nx\r\n", NULL, false, false },
};

/* The content in pieces. */
static void
feed(struct smtp_recoder *recoder, const char *in, size_t len, size_t piece)
{
	for (size_t at = 0; at < len; at += piece)
		smtp_recoder_feed(recoder, in + at, len - at < piece ? len - at : piece);
	ck_assert_int_eq(smtp_recoder_end(recoder), 0);
}

START_TEST(changes_what_it_must)
{
	static const size_t pieces[] = { 1, 2, 3, 7, 64, 999, 1000, 1001, 100000 };
	size_t len = strlen(cases[_i].in);

	for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
		struct smtp_recoder *recoder = smtp_recoder_new(cases[_i].wants);
		struct str out = STR_EMPTY;
		const char *expected = cases[_i].out != NULL ? cases[_i].out : cases[_i].in;

		feed(recoder, cases[_i].in, len, pieces[i]);
		ck_assert(smtp_recoder_findings(recoder)->is_needed == (cases[_i].out != NULL));
		ck_assert(smtp_recoder_findings(recoder)->keeps_long == cases[_i].keeps_long);
		ck_assert(smtp_recoder_findings(recoder)->keeps_8bit == cases[_i].keeps_8bit);
		smtp_recoder_write(recoder, NULL);
		feed(recoder, cases[_i].in, len, 100000);
		ck_assert_uint_eq(smtp_recoder_length(recoder), strlen(expected));
		smtp_recoder_write(recoder, &out);
		feed(recoder, cases[_i].in, len, pieces[i]);
		ck_assert_msg(strcmp(out.data != NULL ? out.data : "", expected) == 0,
		    "%s, pieces of %zu:\n%s", cases[_i].name, pieces[i], out.data);
		smtp_recoder_free(&recoder);
		str_free(&out);
	}
}
END_TEST

START_TEST(sees_a_signature_of_the_message_alone)
{
	static const struct {
		const char *in;
		bool has_dkim;
	} messages[] = {
		{ "DKIM-Signature: x\r\n\r\nx\r\n", true },
		{ MULTI("b") "\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nDKIM-Signature: "
			     "x\r\n\r\n",
		    false },
		{ "A: DKIM-Signature: x\r\n\r\nDKIM-Signature: x\r\n", false },
	};

	for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
		struct smtp_recoder *recoder = smtp_recoder_new(L);

		feed(recoder, messages[i].in, strlen(messages[i].in), 10);
		ck_assert(smtp_recoder_findings(recoder)->has_dkim == messages[i].has_dkim);
		smtp_recoder_free(&recoder);
	}
}
END_TEST

/* A header or a number of parts beyond what is kept in memory: it stays as it is, and says so. */
START_TEST(gives_up_what_is_too_much)
{
	static const char *const repeated[] = { "A: b\r\n", "--b\r\n\r\n" };

	for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
		struct smtp_recoder *recoder = smtp_recoder_new(L);

		smtp_recoder_feed(recoder, MULTI("b"), strlen(MULTI("b")));
		if (i == 1)
			smtp_recoder_feed(recoder, "\r\n", 2);
		for (size_t n = 0; n < 100000; n++)
			smtp_recoder_feed(recoder, repeated[i], strlen(repeated[i]));
		smtp_recoder_feed(recoder, "\r\n" X1000 "\r\n", 1004);
		ck_assert_int_eq(smtp_recoder_end(recoder), 0);
		ck_assert(!smtp_recoder_findings(recoder)->is_needed);
		ck_assert(smtp_recoder_findings(recoder)->keeps_long);
		smtp_recoder_free(&recoder);
	}
}
END_TEST

/* Whatever is put together of such pieces: every way of cutting it gives the same, fit lines. */
START_TEST(any_mixture_comes_out_the_same)
{
	static const char *const words[] = { "Content-Type: ", "multipart/mixed",
		"multipart/signed", "multipart/digest", "message/rfc822", "text/plain",
		"; boundary=", "b", "\"", "--b", "--b--", "\r\n", "\r\n\r\n", CTE, "base64",
		"quoted-printable", "8bit", X1000, "=", "\xc3\xa9", "\xff", " ", "\t", "(",
		"DKIM-Signature: x\r\n", "-", ":" };
	uint32_t seed = 1;

	for (int n = 0; n < 20000; n++) {
		struct smtp_recoder *recoder = smtp_recoder_new(L | B);
		struct str in = STR_EMPTY, one = STR_EMPTY, other = STR_EMPTY;

		for (size_t i = 0; i < 40; i++) {
			seed = seed * 1664525 + 1013904223;
			str_puts(&in, words[(seed >> 16) % (sizeof words / sizeof *words)]);
		}
		str_puts(&in, "\r\n");
		feed(recoder, in.data, in.len, in.len);
		smtp_recoder_write(recoder, &one);
		feed(recoder, in.data, in.len, in.len);
		ck_assert_uint_eq(smtp_recoder_length(recoder), one.len);
		smtp_recoder_write(recoder, &other);
		feed(recoder, in.data, in.len, 1 + seed % 1500);
		ck_assert_uint_eq(one.len, other.len);
		ck_assert(one.len == 0 || memcmp(one.data, other.data, one.len) == 0);
		smtp_recoder_free(&recoder);
		str_free(&in);
		str_free(&one);
		str_free(&other);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, changes_what_it_must, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "more", sees_a_signature_of_the_message_alone, gives_up_what_is_too_much,
	    any_mixture_comes_out_the_same);
}

UNIT_MAIN("smtp/recode")
