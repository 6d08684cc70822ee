/* SPDX-License-Identifier: ISC */
/* test_base64.c - the vectors of RFC 4648 10, and what is none. */
#include "base/base64.h"

#include <string.h>

#include "unit.h"

START_TEST(both_ways)
{
	static const char *const pairs[][2] = { { "", "" }, { "f", "Zg==" }, { "fo", "Zm8=" },
		{ "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "fooba", "Zm9vYmE=" },
		{ "foobar", "Zm9vYmFy" } };

	for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
		unsigned char octets[BASE64_DECODED_MAX(8) + 1];
		char text[BASE64_ENCODED_SIZE(6)];
		size_t len;

		base64_encode(pairs[i][0], strlen(pairs[i][0]), text);
		ck_assert_str_eq(text, pairs[i][1]);
		ck_assert_int_eq(base64_decode(text, strlen(text), octets, &len), 0);
		ck_assert_uint_eq(len, strlen(pairs[i][0]));
		ck_assert_mem_eq(octets, pairs[i][0], len);
	}
}
END_TEST

START_TEST(what_is_none)
{
	static const char *const texts[] = { "Z", "Zg", "Zg=", "Zg==Zg==", "Z===", "====", "Zm9v\n",
		" Zm9v", "Zm9 ", "Zm-v", "Zg=v", "Zm9vZm9", "*", "=" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		unsigned char octets[16];
		size_t len;

		ck_assert_msg(
		    base64_decode(texts[i], strlen(texts[i]), octets, &len) < 0, "%s", texts[i]);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "base64", both_ways, what_is_none);
}

UNIT_MAIN("base64")
