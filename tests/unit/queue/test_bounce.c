/* SPDX-License-Identifier: ISC */
/* test_bounce.c - reports: the fields of RFC 3464, and nothing but plain ASCII whatever the peer
 * said. */
#include "queue/bounce.h"

#include <event2/buffer.h>
#include <string.h>

#include "spool/envelope.h"
#include "unit.h"

static char text[64 * 1024];

static void
compose(const struct bounce *bounce)
{
	struct evbuffer *out = evbuffer_new();
	int len;

	ck_assert_int_eq(bounce_compose(bounce, out), 0);
	len = evbuffer_remove(out, text, sizeof text - 1);
	ck_assert_int_gt(len, 0);
	text[len] = '\0';
	evbuffer_free(out);
}

static struct bounce
sample(enum bounce_kind kind, const struct bounce_rcpt *rcpt, size_t nrcpt)
{
	static const char header[] = "Subject: hello\r\nX-Eight: caf\xc3\xa9\r\n";
	static struct envelope envelope = {
		.id = 1, .received_ms = 1700000000000, .from = (char *)"sender@example.com"
	};

	return (struct bounce){
		.kind = kind,
		.hostname = "relay.example.com",
		.of = &envelope,
		.rcpt = rcpt,
		.nrcpt = nrcpt,
		.id = 2,
		.now_ms = 1700000100000,
		.give_up_ms = 1700432000000,
		.original = header,
		.original_len = sizeof header - 1,
	};
}

static void
assert_has(const char *part)
{
	ck_assert_msg(strstr(text, part) != NULL, "no \"%s\" in:\n%s", part, text);
}

START_TEST(tells_who_failed_and_why)
{
	const struct bounce_rcpt rcpt[] = {
		{ "a@example.net", "5.1.1", "550 5.1.1 no such user", "smtp.example.org", NULL,
		    NULL },
		{ "b@example.net", NULL, "too old", NULL, NULL, NULL },
	};
	struct bounce bounce = sample(BOUNCE_FAILED, rcpt, 2);

	compose(&bounce);
	assert_has("To: <sender@example.com>\r\n");
	assert_has("From: Mail Delivery System <MAILER-DAEMON@relay.example.com>\r\n");
	assert_has("Auto-Submitted: auto-replied\r\n");
	assert_has("report-type=delivery-status");
	assert_has("Reporting-MTA: dns; relay.example.com\r\n");
	assert_has("Final-Recipient: rfc822; a@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\n"
		   "Remote-MTA: dns; smtp.example.org\r\nDiagnostic-Code: smtp; 550 5.1.1 no such "
		   "user\r\n");
	assert_has("Final-Recipient: rfc822; b@example.net\r\nAction: failed\r\nStatus: 5.0.0\r\n");
	assert_has("Subject: hello\r\n");
}
END_TEST

START_TEST(says_what_the_upstream_means)
{
	const struct bounce_rcpt rcpt[] = {
		{ "a@example.net", "5.2.2", "552 5.2.2 over quota", "smtp.example.org", NULL,
		    NULL },
		{ "b@example.net", "5.7.60", "550 5.7.60 no", "smtp.example.org", NULL,
		    "use another sender" },
		{ "c@example.net", "5.9.9", "550 5.9.9 no", "smtp.example.org", NULL, NULL },
		{ "d@example.net", "5.1.1", "our own words", NULL, NULL, NULL },
	};
	struct bounce bounce = sample(BOUNCE_FAILED, rcpt, 4);

	compose(&bounce);
	assert_has(
	    "    552 5.2.2 over quota\r\n    That means: the mailbox is full: its owner must "
	    "make room.\r\n");
	assert_has("    550 5.7.60 no\r\n    That means: use another sender.\r\n");
	assert_has("    550 5.9.9 no\r\n\r\n<d@example.net>:\r\n    our own words\r\n\r\n");
}
END_TEST

START_TEST(a_delay_says_until_when)
{
	const struct bounce_rcpt rcpt = { "a@example.net", NULL, "451 later", "smtp.example.org",
		NULL, NULL };
	struct bounce bounce = sample(BOUNCE_DELAYED, &rcpt, 1);

	compose(&bounce);
	assert_has("Action: delayed\r\nStatus: 4.0.0\r\n");
	assert_has("Will-Retry-Until: ");
	assert_has("still being tried");
}
END_TEST

START_TEST(tells_what_the_sender_asked_to_wait_for)
{
	const struct bounce_rcpt rcpt = { "a@example.net", NULL, "no", NULL, NULL, NULL };
	struct bounce bounce = sample(BOUNCE_FAILED, &rcpt, 1);
	struct envelope later = *bounce.of;

	compose(&bounce);
	ck_assert_ptr_null(strstr(text, "Future-Release-Request"));
	later.release_ms = 1795468684123;
	bounce.of = &later;
	compose(&bounce);
	assert_has(
	    "\r\nFuture-Release-Request: until; 2026-11-23T21:18:04Z\r\n\r\nFinal-Recipient: ");
}
END_TEST

START_TEST(is_plain_ascii_with_short_lines)
{
	char reply[5000];
	const struct bounce_rcpt rcpt = { "a\xc3\xa9@example.net", "5.0.0", reply,
		"smtp.example.org", NULL, NULL };
	struct bounce bounce = sample(BOUNCE_FAILED, &rcpt, 1);

	memset(reply, '\xff', sizeof reply - 1);
	memcpy(reply, "one\r\ntwo\nthree", 14);
	reply[sizeof reply - 1] = '\0';
	compose(&bounce);
	assert_has("Diagnostic-Code: smtp; one\r\n\ttwo\r\n\tthree");
	for (const char *line = text, *end; (end = strstr(line, "\r\n")) != NULL; line = end + 2)
		ck_assert_int_le(end - line, 998);
	for (const char *p = text; *p != '\0'; p++)
		ck_assert_msg((*p >= ' ' && *p < 127) || *p == '\r' || *p == '\n' || *p == '\t',
		    "octet %d", *p);
}
END_TEST

START_TEST(names_what_the_sender_named)
{
	const struct bounce_rcpt rcpt[] = {
		{ "a@example.net", "2.0.0", "250 2.0.0 ok", "smtp.example.org", "rfc822;A+2Bb@c",
		    NULL },
		{ "b@example.net", NULL, "too old", NULL, NULL, NULL },
	};
	struct bounce bounce = sample(BOUNCE_RELAYED, rcpt, 2);
	struct envelope envelope = *bounce.of;

	envelope.envid = (char[]){ "QQ+20314" };
	bounce.of = &envelope;
	compose(&bounce);
	assert_has("Original-Envelope-Id: QQ 314\r\n");
	assert_has("\r\n\r\nOriginal-Recipient: rfc822; A+b@c\r\nFinal-Recipient: rfc822; "
		   "a@example.net\r\nAction: relayed\r\nStatus: 2.0.0\r\n");
	assert_has("\r\n\r\nFinal-Recipient: rfc822; b@example.net\r\n");
}
END_TEST

START_TEST(may_hold_the_whole_message)
{
	static const char whole[] = "Subject: hello\r\n\r\nThe body\r\n";
	const struct bounce_rcpt rcpt = { "a@example.net", NULL, "550 no", "smtp.example.org", NULL,
		NULL };
	struct bounce bounce = sample(BOUNCE_FAILED, &rcpt, 1);

	bounce.original = whole;
	bounce.original_len = sizeof whole - 1;
	bounce.is_whole = true;
	compose(&bounce);
	assert_has("Content-Type: message/rfc822\r\n\r\nSubject: hello\r\n\r\nThe body\r\n");
}
END_TEST

START_TEST(is_wrapped_for_people_and_whole_for_programs)
{
	static const char line[] =
	    "550-5.7.26 Your email has been blocked because the sender is unauthenticated.  Gmail "
	    "requires all senders";
	const struct bounce_rcpt rcpt = { "a@example.net", "5.7.26",
		"550-5.7.26 Your email has been blocked because the sender is unauthenticated.  "
		"Gmail requires all senders\n"
		"550 5.7.26 https://support.example/mail/answer/"
		"81126-a-word-that-is-longer-than-any-line-should-be-and-must-stay-whole x",
		"smtp.example.org", NULL,
		"say it in so many words that nobody would ever read all "
		"of them on a line" };
	struct bounce bounce = sample(BOUNCE_FAILED, &rcpt, 1);

	compose(&bounce);
	assert_has("\r\n    550-5.7.26 Your email has been blocked because the sender is\r\n"
		   "    unauthenticated.  Gmail requires all senders\r\n"
		   "    550 5.7.26\r\n"
		   "    https://support.example/mail/answer/"
		   "81126-a-word-that-is-longer-than-any-line-should-be-and-must-stay-whole\r\n"
		   "    x\r\n"
		   "    That means: say it in so many words that nobody would ever read all of\r\n"
		   "    them on a line.\r\n");
	assert_has(line);
}
END_TEST

START_TEST(refers_to_the_message)
{
	static const char header[] = "Message-ID: <1.2@host.example>\r\n";
	const struct bounce_rcpt rcpt = { "a@example.net", NULL, "no", NULL, NULL, NULL };
	struct bounce bounce = sample(BOUNCE_FAILED, &rcpt, 1);

	bounce.original = header;
	bounce.original_len = sizeof header - 1;
	compose(&bounce);
	assert_has("\r\nIn-Reply-To: <1.2@host.example>\r\nReferences: <1.2@host.example>\r\n"
		   "Auto-Submitted: ");
	bounce.original = NULL;
	bounce.original_len = 0;
	compose(&bounce);
	ck_assert_ptr_null(strstr(text, "In-Reply-To"));
}
END_TEST

START_TEST(bounce_from_replaces_mailer_daemon)
{
	const struct bounce_rcpt rcpt = { "a@example.net", NULL, "no", NULL, NULL, NULL };
	struct bounce bounce = sample(BOUNCE_FAILED, &rcpt, 1);

	bounce.from = "bounces@example.com";
	compose(&bounce);
	assert_has("From: Mail Delivery System <bounces@example.com>\r\n");
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "report", tells_who_failed_and_why, says_what_the_upstream_means,
	    a_delay_says_until_when, tells_what_the_sender_asked_to_wait_for,
	    is_plain_ascii_with_short_lines, is_wrapped_for_people_and_whole_for_programs,
	    refers_to_the_message, bounce_from_replaces_mailer_daemon, names_what_the_sender_named,
	    may_hold_the_whole_message);
}

UNIT_MAIN("bounce")
