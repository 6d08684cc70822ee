/* SPDX-License-Identifier: ISC */
/* test_capability.c - EHLO replies of many servers, and ours. */
#include "smtp/capability.h"

#include <string.h>

#include "base/str.h"
#include "smtp/reply.h"

#include "../unit.h"

START_TEST(reads_extensions)
{
	static const struct {
		const char *text;
		unsigned extensions;
		uint64_t size;
	} cases[] = {
		{ "", 0, 0 },
		{ "mx.example.com", 0, 0 },
		/* The first line is the server's name, whatever it looks like. */
		{ "PIPELINING", 0, 0 },
		{ "mx\nPIPELINING", SMTP_EXT_PIPELINING, 0 },
		{ "mx\npipelining\n8bitmime", SMTP_EXT_PIPELINING | SMTP_EXT_8BITMIME, 0 },
		{ "mx\nSIZE", SMTP_EXT_SIZE, 0 },
		{ "mx\nSIZE 0", SMTP_EXT_SIZE, 0 },
		{ "mx\nSIZE 35882577", SMTP_EXT_SIZE, 35882577 },
		{ "mx\nSIZE  100 ", SMTP_EXT_SIZE, 100 },
		{ "mx\nSIZE 18446744073709551615", SMTP_EXT_SIZE, UINT64_MAX },
		{ "mx\nSIZE 18446744073709551616", SMTP_EXT_SIZE, 0 },
		{ "mx\nSIZE 99999999999999999999999", SMTP_EXT_SIZE, 0 },
		{ "mx\nSIZE 10x", SMTP_EXT_SIZE, 0 },
		{ "mx\nSIZE -1", SMTP_EXT_SIZE, 0 },
		{ "mx\nSTARTTLS\nDSN\nSMTPUTF8\nCHUNKING\nBINARYMIME\nREQUIRETLS",
		    SMTP_EXT_STARTTLS | SMTP_EXT_DSN | SMTP_EXT_SMTPUTF8 | SMTP_EXT_CHUNKING |
			SMTP_EXT_BINARYMIME | SMTP_EXT_REQUIRETLS,
		    0 },
		{ "mx\nENHANCEDSTATUSCODES", SMTP_EXT_ENHANCEDSTATUSCODES, 0 },
		{ "mx\nXSTARTTLS\nSTARTTLSX\nSTART TLS\n\n \nVRFY", 0, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_capabilities out;

		smtp_capabilities_parse(cases[i].text, &out);
		ck_assert_msg(out.extensions == cases[i].extensions, "'%s'", cases[i].text);
		ck_assert_msg(out.size == cases[i].size, "'%s'", cases[i].text);
	}
}
END_TEST

START_TEST(reads_mechanisms)
{
	static const struct {
		const char *text;
		unsigned mechanisms;
		const char *auth_text;
	} cases[] = {
		{ "mx\nAUTH", 0, "" },
		{ "mx\nAUTH PLAIN LOGIN", SMTP_MECH_PLAIN | SMTP_MECH_LOGIN, "PLAIN LOGIN" },
		{ "mx\nauth plain", SMTP_MECH_PLAIN, "plain" },
		{ "mx\nAUTH=LOGIN PLAIN", SMTP_MECH_PLAIN | SMTP_MECH_LOGIN, "LOGIN PLAIN" },
		{ "mx\nAUTH PLAIN\nAUTH=PLAIN LOGIN", SMTP_MECH_PLAIN | SMTP_MECH_LOGIN,
		    "PLAIN LOGIN" },
		{ "mx\nAUTH NTLM GSSAPI", 0, "NTLM GSSAPI" },
		{ "mx\nAUTH SCRAM-SHA-256 SCRAM-SHA-256-PLUS",
		    SMTP_MECH_SCRAM_SHA_256 | SMTP_MECH_SCRAM_SHA_256_PLUS,
		    "SCRAM-SHA-256 SCRAM-SHA-256-PLUS" },
		{ "mx\nAUTH PLAINX XPLAIN", 0, "PLAINX XPLAIN" },
		{ "mx\nAUTHPLAIN", 0, "" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_capabilities out;

		smtp_capabilities_parse(cases[i].text, &out);
		ck_assert_msg(out.mechanisms == cases[i].mechanisms, "'%s'", cases[i].text);
		ck_assert_str_eq(out.auth_text, cases[i].auth_text);
		ck_assert(smtp_offers(&out, SMTP_EXT_AUTH) ==
			  (strstr(cases[i].text, "AUTHPLAIN") == NULL));
	}
}
END_TEST

START_TEST(reads_limits)
{
	static const struct {
		const char *text;
		uint32_t rcpt_max, mail_max;
	} cases[] = {
		{ "mx\nLIMITS", 0, 0 },
		{ "mx\nLIMITS RCPTMAX=20", 20, 0 },
		{ "mx\nLIMITS MAILMAX=5 RCPTMAX=100 RCPTDOMAINMAX=1", 100, 5 },
		{ "mx\nlimits rcptmax=7", 7, 0 },
		{ "mx\nLIMITS RCPTMAX RCPTMAX= MAILMAX=x", 0, 0 },
		{ "mx\nLIMITS RCPTMAX=4294967296", 0, 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct smtp_capabilities out;

		smtp_capabilities_parse(cases[i].text, &out);
		ck_assert_msg(out.rcpt_max == cases[i].rcpt_max, "'%s'", cases[i].text);
		ck_assert_msg(out.mail_max == cases[i].mail_max, "'%s'", cases[i].text);
	}
}
END_TEST

START_TEST(bounds_the_list_of_mechanisms)
{
	struct str text = STR_EMPTY;
	struct smtp_capabilities out;

	str_puts(&text, "mx\nAUTH");
	for (int i = 0; i < 200; i++)
		str_printf(&text, " X-MECHANISM-%03d", i);
	smtp_capabilities_parse(text.data, &out);
	/* Only whole names, as many as fit: 15 octets and a space each. */
	ck_assert_uint_eq(strlen(out.auth_text), SMTP_AUTH_TEXT_SIZE / 16 * 16 - 1);
	ck_assert_ptr_nonnull(strstr(text.data, out.auth_text));
	str_free(&text);
}
END_TEST

/* A long list hides none of the mechanisms that are known. */
START_TEST(finds_a_mechanism_behind_a_long_list)
{
	struct str text = STR_EMPTY;
	struct smtp_capabilities out;

	str_puts(&text, "mx\nAUTH");
	for (int i = 0; i < 200; i++)
		str_printf(&text, " X-MECHANISM-%03d", i);
	str_puts(&text, " PLAIN");
	smtp_capabilities_parse(text.data, &out);
	ck_assert_uint_eq(out.mechanisms, SMTP_MECH_PLAIN);
	str_free(&text);
}
END_TEST

START_TEST(writes_the_reply_to_ehlo)
{
	struct smtp_capabilities offered = {
		.extensions = SMTP_EXT_PIPELINING | SMTP_EXT_SIZE | SMTP_EXT_8BITMIME |
			      SMTP_EXT_AUTH | SMTP_EXT_ENHANCEDSTATUSCODES | SMTP_EXT_LIMITS |
			      SMTP_EXT_FUTURERELEASE,
		.mechanisms = SMTP_MECH_PLAIN | SMTP_MECH_LOGIN,
		.size = 52428800,
		.rcpt_max = 1000,
		.hold_max_s = 604800,
		.hold_until_ms = 1795468684123,
	};
	struct str out = STR_EMPTY;

	smtp_capabilities_format(&out, "app1.example.com", &offered);
	ck_assert_str_eq(out.data, "250-app1.example.com\r\n"
				   "250-PIPELINING\r\n"
				   "250-SIZE 52428800\r\n"
				   "250-AUTH PLAIN LOGIN\r\n"
				   "250-8BITMIME\r\n"
				   "250-ENHANCEDSTATUSCODES\r\n"
				   "250-FUTURERELEASE 604800 2026-11-23T21:18:04Z\r\n"
				   "250 LIMITS RCPTMAX=1000\r\n");
	str_free(&out);
}
END_TEST

START_TEST(writes_a_reply_without_extensions)
{
	struct smtp_capabilities offered = { .extensions = 0 };
	struct str out = STR_EMPTY;

	smtp_capabilities_format(&out, "host", &offered);
	ck_assert_str_eq(out.data, "250 host\r\n");
	str_free(&out);
}
END_TEST

/* Whatever is offered, a client of ours reads the same. */
START_TEST(reads_what_it_wrote)
{
	for (unsigned extensions = 0; extensions < 1u << SMTP_EXT_COUNT; extensions += 7) {
		struct smtp_capabilities offered = { .extensions = extensions, .size = 1000 };
		struct smtp_capabilities out;
		struct smtp_reply reply;
		struct str text = STR_EMPTY;

		smtp_capabilities_format(&text, "host", &offered);
		smtp_reply_reset(&reply);
		for (const char *line = text.data; *line != '\0';) {
			size_t len = strcspn(line, "\r");

			ck_assert_int_ne(smtp_reply_feed(&reply, line, len), SMTP_REPLY_INVALID);
			line += len + 2;
		}
		smtp_capabilities_parse(reply.text, &out);
		ck_assert_uint_eq(out.extensions, extensions);
		ck_assert_uint_eq(out.size, extensions & SMTP_EXT_SIZE ? 1000 : 0);
		str_free(&text);
	}
}
END_TEST

START_TEST(names_single_mechanisms)
{
	ck_assert_str_eq(smtp_mechanism_name(SMTP_MECH_PLAIN), "PLAIN");
	ck_assert_str_eq(smtp_mechanism_name(SMTP_MECH_SCRAM_SHA_256_PLUS), "SCRAM-SHA-256-PLUS");
	ck_assert_ptr_null(smtp_mechanism_name(0));
	ck_assert_ptr_null(smtp_mechanism_name(SMTP_MECH_PLAIN | SMTP_MECH_LOGIN));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "parse", reads_extensions, reads_mechanisms, reads_limits,
	    bounds_the_list_of_mechanisms, finds_a_mechanism_behind_a_long_list);
	add_tests(suite, "format", writes_the_reply_to_ehlo, writes_a_reply_without_extensions,
	    reads_what_it_wrote, names_single_mechanisms);
}

UNIT_MAIN("smtp/capability")
