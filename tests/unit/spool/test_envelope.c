/* SPDX-License-Identifier: ISC */
/* test_envelope.c - covers envelope.c and envelope_decode.c: out and in again, and in from
 * anything. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "../unit.h"
#include "base/str.h"
#include "spool/envelope.h"

static struct envelope *
decode(const char *text)
{
	return envelope_decode(text, strlen(text));
}

START_TEST(comes_back_as_it_went)
{
	char *rcpt[] = { (char[]){ "a@example.com" }, (char[]){ "\"b c\"@example.org" } };
	struct envelope_dsn dsn[] = { { 0, NULL },
		{ SMTP_NOTIFY_SUCCESS | SMTP_NOTIFY_DELAY, (char[]){ "rfc822;x" } } };
	const struct envelope in = {
		.id = 0x123456789abcdef0,
		.received_ms = 1700000000123,
		.client = (char[]){ "127.0.0.1:40000" },
		.helo = (char[]){ "[127.0.0.1]" },
		.listener = (char[]){ "local" },
		.from = (char[]){ "me@example.com" },
		.rcpt = rcpt,
		.nrcpt = 2,
		.body = ENVELOPE_8BITMIME,
		.dsn = dsn,
		.ret = SMTP_RET_FULL,
		.envid = (char[]){ "id+2B" },
		.release_ms = 1700000009999,
		.smtputf8 = true,
		.requiretls = true,
		.has_long_lines = true,
		.priority = -7,
		.is_report = true,
		.attempts = 4,
		.next_try_ms = 1700000000456,
		.warned = true,
		.held = true,
		.last_reply = (char[]){ "451 4.7.1 later" },
	};
	struct str text = STR_EMPTY;

	envelope_encode(&in, &text);
	ck_assert(!str_is_bad(&text));

	struct envelope *out = envelope_decode(text.data, text.len);

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(out->id, in.id);
	ck_assert_int_eq(out->received_ms, in.received_ms);
	ck_assert_str_eq(out->client, in.client);
	ck_assert_str_eq(out->helo, in.helo);
	ck_assert_str_eq(out->listener, in.listener);
	ck_assert_str_eq(out->from, in.from);
	ck_assert_uint_eq(out->nrcpt, 2);
	for (size_t i = 0; i < 2; i++)
		ck_assert_str_eq(out->rcpt[i], rcpt[i]);
	ck_assert_int_eq(out->body, ENVELOPE_8BITMIME);
	ck_assert_uint_eq(out->dsn[0].notify, 0);
	ck_assert_ptr_null(out->dsn[0].orcpt);
	ck_assert_uint_eq(out->dsn[1].notify, dsn[1].notify);
	ck_assert_str_eq(out->dsn[1].orcpt, "rfc822;x");
	ck_assert_int_eq(out->ret, SMTP_RET_FULL);
	ck_assert_str_eq(out->envid, "id+2B");
	ck_assert_int_eq(out->release_ms, in.release_ms);
	ck_assert(out->smtputf8 && out->requiretls && out->has_long_lines);
	ck_assert_int_eq(out->priority, -7);
	ck_assert(out->is_report && out->warned && out->held);
	ck_assert_uint_eq(out->attempts, 4);
	ck_assert_int_eq(out->next_try_ms, in.next_try_ms);
	ck_assert_str_eq(out->last_reply, in.last_reply);
	envelope_free(&out);
	ck_assert_ptr_null(out);
	str_free(&text);
}
END_TEST

START_TEST(the_null_sender_is_kept)
{
	struct envelope *out = decode("id 0000000000001\nfrom \nrcpt a@b\n");

	ck_assert_ptr_nonnull(out);
	ck_assert_str_eq(out->from, "");
	ck_assert_str_eq(out->client, "");
	ck_assert_ptr_null(out->last_reply);
	envelope_free(&out);
}
END_TEST

START_TEST(a_line_end_in_a_value_makes_no_line)
{
	char *rcpt = (char[]){ "a@b\nrcpt evil@example.com" };
	const struct envelope in = {
		.id = 1, .from = (char[]){ "x\r\nheld yes" }, .rcpt = &rcpt, .nrcpt = 1
	};
	struct str text = STR_EMPTY;

	envelope_encode(&in, &text);

	struct envelope *out = envelope_decode(text.data, text.len);

	ck_assert_ptr_nonnull(out);
	ck_assert_uint_eq(out->nrcpt, 1);
	ck_assert(!out->held);
	envelope_free(&out);
	str_free(&text);
}
END_TEST

START_TEST(unknown_keys_are_ignored)
{
	struct envelope *out = decode("id 0000000000001\nfuture thing\nfrom \nrcpt a@b\n\n");

	ck_assert_ptr_nonnull(out);
	envelope_free(&out);
}
END_TEST

START_TEST(what_is_no_envelope_is_refused)
{
	static const char *const texts[] = {
		"",
		"\n",
		"id 0000000000001\nfrom \n",
		"id 0000000000001\nrcpt a@b\n",
		"from \nrcpt a@b\n",
		"id 0000000000001\nfrom \nrcpt a@b",
		"id nonsense\nfrom \nrcpt a@b\n",
		"id 0000000000001\nfrom \nrcpt a@b\nattempts -1\n",
		"id 0000000000001\nfrom \nrcpt a@b\nreceived 99999999999999999999\n",
		"id 0000000000001\nfrom \r\nrcpt a@b\n",
		"id 0000000000001\nfrom \nrcpt a@b\nnokey\n",
	};

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		ck_assert_msg(decode(texts[i]) == NULL, "took case %zu", i);
		ck_assert_int_eq(errno, EBADMSG);
	}
	ck_assert_ptr_null(envelope_decode("id 0000000000001\nfrom \0\nrcpt a@b\n", 33));
}
END_TEST

START_TEST(any_octets_are_survived)
{
	static const char good[] =
	    "id 0000000000001\nreceived 12\nclient c\nfrom f\nrcpt a@b\nrcpt c@d\n\n";
	uint32_t seed = 1;

	for (int round = 0; round < 50000; round++) {
		char text[sizeof good];

		memcpy(text, good, sizeof good);
		for (int i = 0; i < 3; i++) {
			seed = seed * 1664525 + 1013904223;
			text[(seed >> 8) % (sizeof good - 1)] = (char)(seed >> 24);
		}

		struct envelope *out = envelope_decode(text, (seed >> 4) % sizeof good);

		envelope_free(&out);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "envelope", comes_back_as_it_went, the_null_sender_is_kept,
	    a_line_end_in_a_value_makes_no_line, unknown_keys_are_ignored,
	    what_is_no_envelope_is_refused, any_octets_are_survived);
}

UNIT_MAIN("spool/envelope")
