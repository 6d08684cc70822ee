/* SPDX-License-Identifier: ISC */
/* test_transfer.c - what is encoded decodes to the same, in lines that are short enough. */
#include "smtp/transfer.h"

#include <string.h>

#include "../unit.h"

#define X25 "xxxxxxxxxxxxxxxxxxxxxxxxx"
#define X75 X25 X25 X25

static const struct {
	enum smtp_transfer way;
	const char *in, *out;
} cases[] = {
	{ SMTP_TRANSFER_KEEP, "a \r\n\xff\r\n", "a \r\n\xff\r\n" },
	{ SMTP_TRANSFER_DROP, "a\r\n", "" },
	{ SMTP_TRANSFER_QUOTE, "", "" },
	{ SMTP_TRANSFER_QUOTE, "a b\r\n\r\nc\r\n", "a b\r\n\r\nc\r\n" },
	{ SMTP_TRANSFER_QUOTE, "1=2\r\n", "1=3D2\r\n" },
	{ SMTP_TRANSFER_QUOTE, "caf\xc3\xa9\r\n", "caf=C3=A9\r\n" },
	{ SMTP_TRANSFER_QUOTE, "a \r\n\t\r\n b\tc\r\n", "a=20\r\n=09\r\n b\tc\r\n" },
	{ SMTP_TRANSFER_QUOTE, "a\x01\x7f\r\n", "a=01=7F\r\n" },
	{ SMTP_TRANSFER_QUOTE, X75 "\r\n", X75 "\r\n" },
	{ SMTP_TRANSFER_QUOTE, X75 "y\r\n", X75 "=\r\ny\r\n" },
	{ SMTP_TRANSFER_QUOTE, X75 " \r\n", X75 "=\r\n=20\r\n" },
	{ SMTP_TRANSFER_QUOTE, X25 X25 X25 "=\r\n", X75 "=\r\n=3D\r\n" },
	{ SMTP_TRANSFER_QUOTE, "--b\r\n" X75 "--b\r\n", "--b\r\n" X75 "=\r\n=2D-b\r\n" },
	{ SMTP_TRANSFER_WRAP_QUOTED, X75 "--b\r\n", X75 "=\r\n=2D-b\r\n" },
	{ SMTP_TRANSFER_WRAP_QUOTED, "a=3D b \r\n", "a=3D b \r\n" },
	{ SMTP_TRANSFER_WRAP_QUOTED, "a=\r\nb\r\n", "a=\r\nb\r\n" },
	{ SMTP_TRANSFER_WRAP_QUOTED, X75 "=3D\r\n", X75 "=\r\n=3D\r\n" },
	{ SMTP_TRANSFER_WRAP_QUOTED, X75 "y=\r\nz\r\n", X75 "=\r\ny=\r\nz\r\n" },
	{ SMTP_TRANSFER_WRAP_QUOTED, "a\xc3=4\xa9\r\n", "a=C3=3D4=A9\r\n" },
	{ SMTP_TRANSFER_WRAP_QUOTED, "=\xc3\xa9\r\n", "=3D=C3=A9\r\n" },
	{ SMTP_TRANSFER_WRAP_BASE64, "QUJD\r\nREVG\r\n", "QUJDREVG\r\n" },
	{ SMTP_TRANSFER_WRAP_BASE64, X75 "xyz\r\n", X75 "x\r\nyz\r\n" },
	{ SMTP_TRANSFER_WRAP_BASE64, X75 "x\r\n", X75 "x\r\n" },
};

START_TEST(encodes_whatever_the_pieces)
{
	size_t len = strlen(cases[_i].in);

	for (size_t piece = 1; piece <= len + 1; piece++) {
		struct smtp_transfer_encoder encoder = { .way = cases[_i].way };
		char out[1024];
		size_t out_len = 0;

		for (size_t at = 0; at < len; at += piece)
			out_len += smtp_transfer_encode(&encoder, cases[_i].in + at,
			    len - at < piece ? len - at : piece, out + out_len);
		out_len += smtp_transfer_end(&encoder, out + out_len);
		out[out_len] = '\0';
		ck_assert_msg(strcmp(out, cases[_i].out) == 0, "pieces of %zu: %s", piece, out);
	}
}
END_TEST

START_TEST(stays_within_its_bound)
{
	static const enum smtp_transfer ways[] = { SMTP_TRANSFER_QUOTE, SMTP_TRANSFER_WRAP_QUOTED,
		SMTP_TRANSFER_WRAP_BASE64 };
	char in[1000], out[SMTP_TRANSFER_MAX(sizeof in)];

	for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
		for (int octet = 1; octet < 256; octet++) {
			struct smtp_transfer_encoder encoder = { .way = ways[i] };

			memset(in, octet, sizeof in);
			ck_assert_uint_le(
			    smtp_transfer_encode(&encoder, in, sizeof in, out), sizeof out);
		}
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, encodes_whatever_the_pieces, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "bound", stays_within_its_bound);
}

UNIT_MAIN("smtp/transfer")
