/* SPDX-License-Identifier: ISC */
/* test_mime.c - what a header says of its body; with it smtp/mime_write.c. */
#include "smtp/mime.h"

#include <string.h>

#include "../unit.h"
#include "base/str.h"

#define X70 "0123456789012345678901234567890123456789012345678901234567890123456789"

static const struct {
	const char *header;
	enum smtp_mime_kind kind;
	enum smtp_mime_encoding encoding;
	const char *boundary;
} cases[] = {
	{ "", SMTP_MIME_LEAF, SMTP_MIME_IDENTITY, "" },
	{ "Subject: Content-Type: multipart/signed\r\n", SMTP_MIME_LEAF, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: text/html; charset=\"utf-8\"\r\n", SMTP_MIME_LEAF, SMTP_MIME_IDENTITY,
	    "" },
	{ "content-transfer-encoding : 8BIT\r\n", SMTP_MIME_LEAF, SMTP_MIME_IDENTITY, "" },
	{ "Content-Transfer-Encoding: (why)\r\n\tBase64 (yes)\r\n", SMTP_MIME_LEAF,
	    SMTP_MIME_BASE64, "" },
	{ "Content-Transfer-Encoding: quoted-printable\r\n", SMTP_MIME_LEAF, SMTP_MIME_QUOTED, "" },
	{ "Content-Transfer-Encoding: x-uuencode\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_UNKNOWN, "" },
	{ "Content-Transfer-Encoding:\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_UNKNOWN, "" },
	{ "Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n",
	    SMTP_MIME_OPAQUE, SMTP_MIME_UNKNOWN, "" },
	{ "Content-Type: Multipart/Mixed; boundary=abc\r\n", SMTP_MIME_MULTIPART,
	    SMTP_MIME_IDENTITY, "abc" },
	{ "Content-Type: multipart/mixed;\r\n\tcharset=x;\r\n BOUNDARY = \"a b(\\\"c\" (x;y)\r\n",
	    SMTP_MIME_MULTIPART, SMTP_MIME_IDENTITY, "a b(\"c" },
	{ "Content-Type: multipart/digest; boundary=\"a:b\"\r\n", SMTP_MIME_DIGEST,
	    SMTP_MIME_IDENTITY, "a:b" },
	{ "Content-Type: multipart/mixed; boundary=" X70 "\r\n", SMTP_MIME_MULTIPART,
	    SMTP_MIME_IDENTITY, X70 },
	{ "Content-Type: multipart/mixed; boundary=" X70 "x\r\n", SMTP_MIME_OPAQUE,
	    SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: multipart/mixed; boundary=--=_b\r\n", SMTP_MIME_MULTIPART,
	    SMTP_MIME_IDENTITY, "--=_b" },
	{ "Content-Type: multipart/mixed; boundary=a:/?@<,b> ;\r\n", SMTP_MIME_MULTIPART,
	    SMTP_MIME_IDENTITY, "a:/?@<,b>" },
	{ "Content-Type: multipart/mixed; boundary=a=b (c); d=e\r\n", SMTP_MIME_MULTIPART,
	    SMTP_MIME_IDENTITY, "a=b" },
	{ "Content-Type: multipart/related;; type=text/html; boundary=b\r\n", SMTP_MIME_MULTIPART,
	    SMTP_MIME_IDENTITY, "b" },
	{ "Content-Type: multipart/mixed; boundary=a=b(c)\r\n", SMTP_MIME_OPAQUE,
	    SMTP_MIME_IDENTITY, "a=b" },
	{ "Content-Type: multipart/mixed; boundary=a\"b\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY,
	    "a" },
	{ "Content-Type: multipart/mixed; boundary=a b\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY,
	    "a" },
	{ "Content-Transfer-Encoding: 8-bit\r\n", SMTP_MIME_LEAF, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: multipart/mixed; boundary=\"\"\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY,
	    "" },
	{ "Content-Type: multipart/mixed; boundary*0=a; boundary*1=b\r\n", SMTP_MIME_OPAQUE,
	    SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: multipart/mixed\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: multipart/mixed; boundary=abc\r\nContent-Transfer-Encoding: base64\r\n",
	    SMTP_MIME_OPAQUE, SMTP_MIME_BASE64, "abc" },
	{ "Content-Type: multipart/signed; boundary=abc; micalg=x\r\n", SMTP_MIME_OPAQUE,
	    SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: message/rfc822\r\n", SMTP_MIME_MESSAGE, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: message/partial; id=x\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: text\r\n", SMTP_MIME_LEAF, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: text; charset=utf-8\r\n", SMTP_MIME_LEAF, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: text html\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: multipart; boundary=b\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: message\r\n", SMTP_MIME_OPAQUE, SMTP_MIME_IDENTITY, "" },
	{ "Content-Type: text/plain\r\nContent-Type: text/html\r\n", SMTP_MIME_OPAQUE,
	    SMTP_MIME_IDENTITY, "" },
};

START_TEST(reads_kind_encoding_and_boundary)
{
	struct smtp_mime mime;
	const char *header = cases[_i].header;

	smtp_mime_read(header, header + strlen(header), &mime);
	ck_assert_int_eq(mime.kind, cases[_i].kind);
	ck_assert_int_eq(mime.encoding, cases[_i].encoding);
	ck_assert_str_eq(mime.boundary, cases[_i].boundary);
}
END_TEST

START_TEST(sees_versions_and_signatures)
{
	static const char header[] = "MIME-version: 1.0\r\nDKIM-Signature: v=1;\r\n\tb=x\r\n";
	struct smtp_mime mime;

	smtp_mime_read(header, header + strlen(header), &mime);
	ck_assert(mime.has_version && mime.has_dkim && !mime.has_type && !mime.has_encoding);
}
END_TEST

START_TEST(takes_no_boundary_with_nul)
{
	static const char header[] = "Content-Type: multipart/mixed; boundary=\"\0b c\"\r\n";
	struct smtp_mime mime;

	smtp_mime_read(header, header + sizeof header - 1, &mime);
	ck_assert_int_eq(mime.kind, SMTP_MIME_OPAQUE);
}
END_TEST

START_TEST(knows_the_begin_of_a_field)
{
	ck_assert(smtp_field_begins("Subject: x\r\n", 12));
	ck_assert(smtp_field_begins("a \t:\r\n", 6));
	ck_assert(!smtp_field_begins(" a: b\r\n", 7));
	ck_assert(!smtp_field_begins(": b\r\n", 5));
	ck_assert(!smtp_field_begins("hello world: b\r\n", 16));
	ck_assert(!smtp_field_begins("hello\r\n", 7));
}
END_TEST

static void
check_written(const char *header, const struct smtp_mime_change *change, const char *expected)
{
	struct str out = STR_EMPTY;

	smtp_mime_write(&out, header, header + strlen(header), change);
	ck_assert_str_eq(out.data != NULL ? out.data : "", expected);
	str_free(&out);
}

START_TEST(writes_what_changes)
{
	const struct smtp_mime_change encoding = { .encoding = "quoted-printable" },
				      all = { "7bit", "text/plain; charset=utf-8", true, true };

	check_written("A: b\r\n c\r\n", &(struct smtp_mime_change){ NULL }, "A: b\r\n c\r\n");
	check_written(
	    "content-transfer-encoding: 8bit\r\nA: b\r\nContent-Transfer-Encoding:\r\n 7bit\r\n",
	    &encoding, "A: b\r\nContent-Transfer-Encoding: quoted-printable\r\n");
	check_written("", &all,
	    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Transfer-Encoding: 7bit\r\n");
}
END_TEST

/* Lines of `len` octets: a field's name, words of `word` octets, CRLF. */
static void
add_long(struct str *out, size_t len, size_t word)
{
	size_t start = out->len;

	str_puts(out, "X-Long:");
	while (out->len - start < len)
		str_add(out, (out->len - start - 7) % (word + 1) == 0 ? " " : "w", 1);
	str_puts(out, "\r\n");
}

START_TEST(folds_where_there_are_spaces)
{
	static const struct {
		size_t len, word, lines, longest; /* octets without CRLF */
	} folds[] = {
		{ 998, 9, 1, 998 },
		{ 999, 9, 2, 997 },
		{ 5000, 9, 6, 998 },
		{ 5000, 2000, 3, 2008 },
		{ 5000, 9000, 1, 5000 },
	};
	const struct smtp_mime_change change = { .folds = true };

	for (size_t i = 0; i < sizeof folds / sizeof *folds; i++) {
		struct str in = STR_EMPTY, out = STR_EMPTY;
		size_t lines = 0, longest = 0;

		add_long(&in, folds[i].len, folds[i].word);
		smtp_mime_write(&out, in.data, in.data + in.len, &change);
		for (const char *at = out.data; *at != '\0'; lines++) {
			size_t len = strcspn(at, "\r");

			ck_assert(lines == 0 || *at == ' ');
			longest = len > longest ? len : longest;
			at += len + 2;
		}
		ck_assert_uint_eq(out.len, in.len + 2 * (lines - 1));
		ck_assert_msg(lines == folds[i].lines && longest <= folds[i].longest,
		    "%zu: %zu lines, %zu", folds[i].len, lines, longest);
		str_free(&in);
		str_free(&out);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("read");

	tcase_add_loop_test(
	    table, reads_kind_encoding_and_boundary, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "fields", sees_versions_and_signatures, takes_no_boundary_with_nul,
	    knows_the_begin_of_a_field, writes_what_changes, folds_where_there_are_spaces);
}

UNIT_MAIN("smtp/mime")
