/* SPDX-License-Identifier: ISC */
/* test_pin.c - fingerprints as people copy them. */
#include "config/pin.h"

#include <string.h>

#include "unit.h"

#define HEX_15   "000102030405060708090a0b0c0d0e"
#define COLON_16 "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F"

START_TEST(both_kinds)
{
	static const struct {
		const char *text;
		bool is_of_key;
		unsigned char first, last;
	} cases[] = {
		{ HEX_15 "0f" HEX_15 "ff", false, 0, 0xff },
		{ COLON_16 ":" COLON_16, false, 0, 0x0f },
		{ "sha256/"
		  "/AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDv8=",
		    true, 0, 0xff },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pin pin;

		ck_assert_int_eq(pin_parse(cases[i].text, &pin), 0);
		ck_assert_int_eq(pin.is_of_key, cases[i].is_of_key);
		ck_assert_uint_eq(pin.digest[0], cases[i].first);
		ck_assert_uint_eq(pin.digest[PIN_LEN - 1], cases[i].last);
	}
}
END_TEST

START_TEST(neither)
{
	static const char *const cases[] = {
		"",
		"00",
		COLON_16,
		COLON_16 ":" COLON_16 ":",
		COLON_16 COLON_16,
		HEX_15 "0f" HEX_15 "0g",
		HEX_15 "0f" HEX_15 "0f0",
		"sha256/"
		"/",
		"sha256/"
		"/AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDv8",
		"sha256/"
		"/AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDg==",
		"sha256/"
		"/AAECAwQFBgcICQoLDA0ODwABAgMEBQYHCAkKCwwNDv*=",
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct pin pin;

		ck_assert_msg(pin_parse(cases[i], &pin) == -1, "%s", cases[i]);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "pin", both_kinds, neither);
}

UNIT_MAIN("config pin")
