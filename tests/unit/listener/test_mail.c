/* SPDX-License-Identifier: ISC */
/* test_mail.c - MAIL and RCPT: who may send what to whom. */
#include "unit.h"

#include <arpa/inet.h>
#include <string.h>

#include "listener/rates.h"
#include "talk.h"

static void
begin_with_ehlo(struct talk *talk)
{
	talk_begin(talk);
	talk_hear(talk, "220 .*");
	talk_say(talk, "EHLO app");
	talk_hear(talk, "250-.*");
}

static const struct {
	const char *mail, *reply;
	const char *from; /* what the envelope says; NULL: refused */
} senders[] = {
	{ "MAIL FROM:<a@example.org>", "250 2.1.0 Ok", "a@example.org" },
	{ "mail from:<a@example.org>", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:<>", "250 2.1.0 Ok", "" },
	{ "MAIL FROM:<root>", "250 2.1.0 Ok", "root@example.com" },
	{ "MAIL FROM: <a@example.org>", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:a@example.org", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:<@relay:a@example.org>", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:<\"a b\"@example.org>", "250 2.1.0 Ok", "\"a b\"@example.org" },
	{ "MAIL FROM:<a@example.org> SIZE=1000", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:<a@example.org> SIZE=1048576", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:<a@example.org> SIZE=1048577", "552 5.3.4 .*", NULL },
	{ "MAIL FROM:<a@example.org> SIZE=99999999999999999999999", "501 5.5.4 .*", NULL },
	{ "MAIL FROM:<a@example.org> SIZE=x", "501 5.5.4 .*", NULL },
	{ "MAIL FROM:<a@example.org> BODY=8BITMIME SIZE=1", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:<a@example.org> BODY=7BIT", "250 2.1.0 Ok", "a@example.org" },
	{ "MAIL FROM:<a@example.org> BODY=BINARYMIME", "501 5.5.4 .*", NULL },
	{ "MAIL FROM:<a@example.org> REQUIRETLS", "555 5.5.4 .*", NULL },
	{ "MAIL FROM:<a@example.org> HOLDFOR=1", "555 5.5.4 .*", NULL },
	{ "MAIL FROM:<a@example.org> FOO=bar", "555 5.5.4 .*", NULL },
	{ "MAIL FROM:<a@example.org", "501 5.1.7 .*", NULL },
	{ "MAIL FROM:<a@@example.org>", "501 5.1.7 .*", NULL },
	{ "MAIL FROM:<\xc3\xa4@example.org>", "553 5.6.7 .*", NULL },
	{ "MAIL FROM:", "501 5.*", NULL },
	{ "MAIL TO:<a@example.org>", "501 5.5.4 .*", NULL },
	{ "MAIL", "501 5.5.4 .*", NULL },
};

START_TEST(test_senders)
{
	struct talk talk;

	talk_setup(&talk);
	begin_with_ehlo(&talk);
	talk_say(&talk, senders[_i].mail);
	talk_hear(&talk, senders[_i].reply);
	talk_say(&talk, "RCPT TO:<b@example.net>");
	if (senders[_i].from == NULL) {
		talk_hear(&talk, "503 5.5.1 .*");
	} else {
		talk_hear(&talk, "250 2.1.5 Ok");
		talk_say(&talk, "DATA\r\n.");
		talk_hear(&talk, "354 .*");
		talk_hear(&talk, "250 2.0.0 .*");
		ck_assert_str_eq(talk.spool.from, senders[_i].from);
	}
	talk_end(&talk);
}
END_TEST

static const struct {
	const char *rcpt, *reply;
	const char *to;
} recipients[] = {
	{ "RCPT TO:<b@example.net>", "250 2.1.5 Ok", "b@example.net" },
	{ "rcpt to:<B@Example.NET>", "250 2.1.5 Ok", "B@Example.NET" },
	{ "RCPT TO:<postmaster>", "250 2.1.5 Ok", "postmaster@example.com" },
	{ "RCPT TO:<root>", "250 2.1.5 Ok", "root@example.com" },
	{ "RCPT TO:<b@[192.0.2.1]>", "250 2.1.5 Ok", "b@[192.0.2.1]" },
	{ "RCPT TO:<>", "501 5.1.3 .*", NULL },
	{ "RCPT TO:<b@example..net>", "501 5.1.3 .*", NULL },
	{ "RCPT TO:<b@example.net> RRVS=x", "555 5.5.4 .*", NULL },
	{ "RCPT TO:<\xc3\xa4@example.net>", "553 5.6.7 .*", NULL },
	{ "RCPT FROM:<b@example.net>", "501 5.5.4 .*", NULL },
	{ "RCPT", "501 5.5.4 .*", NULL },
};

START_TEST(test_recipients)
{
	struct talk talk;

	talk_setup(&talk);
	begin_with_ehlo(&talk);
	talk_say(&talk, "MAIL FROM:<>");
	talk_hear(&talk, "250 .*");
	talk_say(&talk, recipients[_i].rcpt);
	talk_hear(&talk, recipients[_i].reply);
	talk_say(&talk, "DATA");
	if (recipients[_i].to == NULL) {
		talk_hear(&talk, "503 5.5.1 .*");
	} else {
		talk_hear(&talk, "354 .*");
		talk_say(&talk, ".");
		talk_hear(&talk, "250 2.0.0 .*");
		ck_assert_str_eq(talk.spool.rcpt, recipients[_i].to);
	}
	talk_end(&talk);
}
END_TEST

START_TEST(test_helo_takes_no_parameters)
{
	struct talk talk;

	talk_setup(&talk);
	talk_begin(&talk);
	talk_hear(&talk, "220 .*");
	talk_say(&talk, "HELO app");
	talk_hear(&talk, "250 .*");
	talk_say(&talk, "MAIL FROM:<a@example.org> SIZE=10");
	talk_hear(&talk, "555 5.5.4 .*");
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "250 2.1.0 Ok");
	talk_end(&talk);
}
END_TEST

/* 5 is the limit: the others stay, and the message goes to them. */
START_TEST(test_too_many_recipients)
{
	struct talk talk;

	talk_setup(&talk);
	begin_with_ehlo(&talk);
	talk_say(&talk, "MAIL FROM:<>");
	talk_hear(&talk, "250 .*");
	for (int i = 0; i < 5; i++) {
		talk_say(&talk, i == 4 ? "RCPT TO:<last@example.net>" : "RCPT TO:<b@example.net>");
		talk_hear(&talk, "250 2.1.5 Ok");
	}
	for (int i = 0; i < 50;
	     i++) { /* more than limits.errors: none of them is one, but the first */
		talk_say(&talk, "RCPT TO:<b@example.net>");
		talk_hear(&talk, "452 4.5.3 .*");
	}
	talk_say(&talk, "DATA\r\n.");
	talk_hear(&talk, "354 .*");
	talk_hear(&talk, "250 2.0.0 .*");
	ck_assert_uint_eq(talk.spool.rcpts, 5);
	ck_assert_str_eq(talk.spool.last_rcpt, "last@example.net");
	ck_assert_uint_eq(counter_get(&talk.counters.accepted_recipients), 5);
	ck_assert_uint_eq(counter_get(&talk.counters.rejected_commands), 1);
	talk_end(&talk);
}
END_TEST

START_TEST(test_who_may_relay)
{
	static char users_file[] = "/etc/postern/users";
	struct talk talk;

	talk_setup(&talk);
	talk.peer.sin_addr.s_addr = inet_addr("192.0.2.7");
	begin_with_ehlo(&talk);
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "550 5.7.1 192.0.2.7 is not allowed to relay through this host");
	talk_say(&talk, "RCPT TO:<b@example.net>");
	talk_hear(&talk, "503 5.5.1 .*");
	talk.listen.users_file = users_file;
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "550 5.7.1 192.0.2.7 is not allowed to relay .* without a login");
	talk_say(&talk, "QUIT");
	talk_hear(&talk, "221 .*");
	talk_end(&talk);
}
END_TEST

/* What the rows of a client section say to a client; the module's own table is in test_policy.c. */
static char section_name[] = "staging";
static struct config_client section = { .name = section_name, .relay = true };

static void
begin_under_section(struct talk *talk)
{
	talk_setup(talk);
	talk->config.client = &section;
	talk->config.nclient = 1;
	begin_with_ehlo(talk);
}

START_TEST(test_section_without_relay)
{
	struct talk talk;

	section.relay = false;
	begin_under_section(&talk);
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "550 5.7.1 127.0.0.1 is not allowed to relay.*");
	talk_end(&talk);
}
END_TEST

START_TEST(test_section_senders)
{
	char mailboxes[] = "*@x.example", domain[] = "y.example",
	     *allowed[] = { mailboxes, domain };
	struct talk talk;

	section.senders = (struct config_list){ allowed, 2 };
	begin_under_section(&talk);
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "553 5.7.1 127.0.0.1 may not send as <a@example.org>; allowed: "
			 "\\*@x.example, y.example");
	talk_say(&talk, "MAIL FROM:<>");
	talk_hear(&talk, "553 5.7.1 127.0.0.1 may not send as <>; allowed: .*");
	talk_say(&talk, "MAIL FROM:<root>");
	talk_hear(&talk, "553 5.7.1 127.0.0.1 may not send as <root@example.com>; .*");
	talk_say(&talk, "MAIL FROM:<a@Y.example>");
	talk_hear(&talk, "250 2.1.0 Ok");
	talk_end(&talk);
}
END_TEST

/* However many are refused, the others get the message. */
START_TEST(test_section_recipients)
{
	char domain[] = "out.example", *refused[] = { domain };
	struct talk talk;

	section.refuse_recipients = (struct config_list){ refused, 1 };
	begin_under_section(&talk);
	talk_say(&talk, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@in.example>");
	talk_hear(&talk, "250 2.1.0 Ok");
	talk_hear(&talk, "250 2.1.5 Ok");
	for (int i = 0; i < 30; i++) { /* more than limits.errors */
		talk_say(&talk, "RCPT TO:<@in.example:b@Out.Example>");
		talk_hear(&talk, "550 5.7.1 No mail for <b@Out.Example> .*");
	}
	talk_say(&talk, "RCPT TO:<c@in.example>\r\nDATA\r\n.");
	talk_hear(&talk, "250 2.1.5 Ok");
	talk_hear(&talk, "354 .*");
	talk_hear(&talk, "250 2.0.0 .*");
	ck_assert_uint_eq(talk.spool.rcpts, 2);
	ck_assert_uint_eq(counter_get(&talk.counters.rejected_commands), 30);
	talk_end(&talk);
}
END_TEST

/* At each place, and the session goes on. */
START_TEST(test_section_message_size)
{
	struct talk talk;

	section.message_size = 1024;
	begin_under_section(&talk);
	talk_say(&talk, "EHLO again");
	talk_hear(&talk, "250-.*SIZE 1024\\|.*");
	talk_say(&talk, "MAIL FROM:<a@example.org> SIZE=1025");
	talk_hear(&talk, "552 5.3.4 .*");
	for (int i = 0; i < 2; i++) {
		talk_say(&talk, "MAIL FROM:<a@example.org> SIZE=10\r\nRCPT TO:<b@example.net>");
		talk_hear(&talk, "250 2.1.0 Ok");
		talk_hear(&talk, "250 2.1.5 Ok");
		talk_say(&talk, i == 0 ? "DATA" : "BDAT 1200 LAST");
		if (i == 0)
			talk_hear(&talk, "354 .*");
		for (int line = 0; line < 100; line++)
			talk_say(&talk, "0123456789");
		if (i == 0)
			talk_say(&talk, ".");
		talk_hear(&talk, "552 5.3.4 .*");
	}
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "250 2.1.0 Ok");
	talk_end(&talk);
}
END_TEST

START_TEST(test_section_rate)
{
	struct talk talk;

	section.rate = (struct rate){ 2, 3600 * 1000 };
	talk_setup(&talk);
	talk.config.client = &section;
	talk.config.nclient = 1;
	talk.env.rates = rates_new();
	begin_with_ehlo(&talk);
	for (int i = 0; i < 2; i++) {
		talk_say(&talk, "MAIL FROM:<a@example.org>\r\nRSET");
		talk_hear(&talk, "250 2.1.0 Ok");
		talk_hear(&talk, "250 2.0.0 Ok");
	}
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "450 4.7.1 127.0.0.1 sends too many messages: try again in 1800 s");
	talk_say(&talk, "NOOP");
	talk_hear(&talk, "250 2.0.0 Ok");
	rates_free(&talk.env.rates);
	talk_end(&talk);
}
END_TEST

START_TEST(test_no_space)
{
	struct talk talk;

	talk_setup(&talk);
	talk_fill_disk(true);
	begin_with_ehlo(&talk);
	talk_say(&talk, "MAIL FROM:<a@example.org>");
	talk_hear(&talk, "452 4.3.1 .*");
	talk_say(&talk, "NOOP");
	talk_hear(&talk, "250 .*");
	talk_end(&talk);
}
END_TEST

/* No memory for a message is that message's trouble alone. */
START_TEST(test_spool_cannot_begin)
{
	struct talk talk;

	talk_setup(&talk);
	talk.spool.begin_fails = 1;
	begin_with_ehlo(&talk);
	talk_say(&talk, "MAIL FROM:<>\r\nRCPT TO:<b@example.net>\r\nDATA");
	talk_hear(&talk, "250 2.1.0 Ok");
	talk_hear(&talk, "250 2.1.5 Ok");
	talk_hear(&talk, "452 4.3.1 .*");
	talk_say(&talk, "MAIL FROM:<>");
	talk_hear(&talk, "250 2.1.0 Ok");
	talk_end(&talk);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("addresses");

	tcase_add_loop_test(table, test_senders, 0, (int)(sizeof senders / sizeof *senders));
	tcase_add_loop_test(
	    table, test_recipients, 0, (int)(sizeof recipients / sizeof *recipients));
	suite_add_tcase(suite, table);
	add_tests(suite, "rules", test_helo_takes_no_parameters, test_too_many_recipients,
	    test_who_may_relay, test_no_space, test_spool_cannot_begin);
	add_tests(suite, "client section", test_section_without_relay, test_section_senders,
	    test_section_recipients, test_section_message_size, test_section_rate);
}

UNIT_MAIN("listener/mail")
