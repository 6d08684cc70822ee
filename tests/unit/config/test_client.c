/* SPDX-License-Identifier: ISC */
/*
 * test_client.c - client sections: what they hold, what is wrong with them, and that none makes an
 * open relay.  Tests config/check_client.c, config/check_relay.c and config/list.c.
 */
#include <string.h>

#include "config/list.h"
#include "sample.h"
#include "unit.h"

START_TEST(every_key_can_be_given)
{
	struct config *c = load_good(
	    "listen l { port = 0 users_file = u }\n"
	    "client a { match = { 192.0.2.0/24, ::1 } users = { alice, bob } listen = l relay = "
	    "no\n"
	    "    senders = { '*@a.example', '<>' } recipients = a.example\n"
	    "    refuse_recipients = { b.example, 'c@*' } message_size = 10K rate = 100/m\n"
	    "    connections = 3 }\n"
	    "client b { }\n" UPSTREAM);
	const struct config_client *a = &c->client[0], *b = &c->client[1];

	ck_assert_uint_eq(c->nclient, 2);
	ck_assert_str_eq(a->name, "a");
	ck_assert_uint_eq(a->match.count, 2);
	ck_assert_uint_eq(a->users.count, 2);
	ck_assert_str_eq(a->listen.text[0], "l");
	ck_assert(!a->relay);
	ck_assert_uint_eq(a->senders.count, 2);
	ck_assert_uint_eq(a->recipients.count, 1);
	ck_assert_str_eq(a->refuse_recipients.text[1], "c@*");
	ck_assert_uint_eq(a->message_size, 10240);
	ck_assert_uint_eq(a->rate.count, 100);
	ck_assert_uint_eq(a->rate.per_ms, 60000);
	ck_assert_uint_eq(a->connections, 3);
	ck_assert(b->relay);
	ck_assert_uint_eq(b->match.count, 0);
	ck_assert_uint_eq(b->message_size, 0);
	ck_assert_uint_eq(b->rate.count, 0);
	ck_assert_uint_eq(b->connections, 0);
	config_free(&c);
}
END_TEST

/* A section says it all for the listeners that it is about. */
START_TEST(the_default_of_relay_from_gives_way)
{
	static const struct {
		const char *text;
		size_t count;
	} cases[] = {
		{ "listen l { port = 0 }", 2 },
		{ "listen l { port = 0 } client a { }", 0 },
		{ "listen l { port = 0 relay_from = 127.0.0.2 } client a { }", 1 },
		{ "listen l { port = 0 } listen m { port = 0 } client a { listen = m }", 2 },
		{ "client a { match = 192.0.2.1 }", 0 },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct str text = STR_EMPTY;

		str_printf(&text, "%s\n" UPSTREAM, cases[i].text);

		struct config *c = load_good(text.data);

		ck_assert_msg(c->listen[0].relay_from.count == cases[i].count, "%s: %zu",
		    cases[i].text, c->listen[0].relay_from.count);
		config_free(&c);
		str_free(&text);
	}
}
END_TEST

#define OUTSIDE "listen pub { address = 0.0.0.0 port = 0 } "

static const struct {
	const char *text, *error; /* how its only line begins; NULL: it is fine */
} files[] = {
	{ "client a { match = 10.0.0.1/8 }", "1: client \"a\": match = 10.0.0.1/8: the address" },
	{ "client a { match = {} }", "1: client \"a\": match = {}: an empty list" },
	{ "client a { relay = maybe }", "1: client \"a\": relay = maybe: not known" },
	{ "client a { senders = @x }", "1: client \"a\": senders = @x: has nothing before" },
	{ "client a { recipients = '<>' }", "1: client \"a\": recipients = <>: no message" },
	{ "client a {\nrefuse_recipients = 'x..y' }",
	    "2: client \"a\": refuse_recipients = x..y: has an empty part" },
	{ "client a { message_size = 60M }",
	    "1: client \"a\": message_size = 60M: more than message_size in the section limits" },
	{ "client a { message_size = 60M } limits { message_size = 100M }", NULL },
	{ "client a { rate = 10 }", "1: client \"a\": rate = 10: not a rate; allowed" },
	{ "client a { connections = 0 }", "1: client \"a\": connections = 0: too small" },
	{ "client a { listen = nobody }",
	    "1: client \"a\": listen = nobody: there is no such listener; allowed: names of" },
	{ "client a { users = alice }", "1: client \"a\": users = alice: nobody can log in" },
	{ "client a { }\nclient a { }", "2: client \"a\": the name is taken in line 1" },
	{ "client 'a b' { }", "1: client \"a b\": not a name" },
	{ "client { }", "1: syntax error: missing title for section 'client'" },
	{ "client a { sender = x }", "1: client \"a\": sender: unknown key; did you mean" },

	/* Sections that nobody comes under. */
	{ "client a { }\nclient b { match = 127.0.0.1 }",
	    "2: client \"b\": never used, since client \"a\" in line 1 matches whom" },
	{ "client a { match = { 10.0.0.0/8, ::1 } }\nclient b { match = { ::1, 10.1.0.0/16 } }",
	    "2: client \"b\": never used" },
	{ "client a { match = { 10.0.0.0/8 } }\nclient b { match = { ::1, 10.1.0.0/16 } }", NULL },
	{ "client a { match = ::1 }\nclient b { }", NULL },
	{ "client a { listen = local }\nclient b { listen = { local, local6 } }", NULL },
	{ "client a { listen = local }\nclient b { listen = local match = ::1 }",
	    "2: client \"b\": never used" },
	{ "listen l { port = 0 users_file = u } client a { users = '*' }\nclient b { users = bob }",
	    "2: client \"b\": never used" },
	{ "listen l { port = 0 users_file = u } client a { users = Bob }\nclient b { users = bob }",
	    NULL },
	{ "listen l { port = 0 users_file = u } client a { users = bob }\nclient b { }", NULL },

	/* Open relays. */
	{ OUTSIDE "\nclient a { }",
	    "2: client \"a\": without match it makes an open relay, as other hosts reach listen "
	    "\"pub\"; allowed: with match" },
	{ OUTSIDE "client a { relay = no }", NULL },
	{ OUTSIDE "listen in { port = 0 } client a { match = 10.0.0.0/8 } client b { listen = in }",
	    NULL },
	{ OUTSIDE "client a {\nmatch = { 10.0.0.0/8,\n0.0.0.0/0 } }",
	    "3: client \"a\": match = 0.0.0.0/0: makes an open relay" },
	{ OUTSIDE "client a { match = ::/0 }", "1: client \"a\": match = ::/0: makes an open" },
	{ OUTSIDE "client a { match = 8.0.0.0/8 }", "1: client \"a\": match = 8.0.0.0/8: makes" },
	{ OUTSIDE "client a { match = 8.0.0.0/8 relay = no }", NULL },
	{ OUTSIDE "client a { match = { 10.0.0.0/8, 192.0.2.0/24, fd00::/8, 2001:db8::/32 } }",
	    NULL },
	{ OUTSIDE "client a { listen = nobody }", "1: listen \"pub\": address = 0.0.0.0: other" },
	{ "listen pub { address = 192.0.2.1 port = 0 users_file = u tls_cert_file = c tls_key_file "
	  "= k } client a { users = '*' match = 0.0.0.0/0 }",
	    NULL },
	{ "listen pub { address = 192.0.2.1 port = 0 users_file = u tls_cert_file = c tls_key_file "
	  "= k auth_required = yes } client a { }",
	    NULL },
	{ "listen l { port = 0 proxy_from = 127.0.0.1 }\nclient a { }",
	    "2: client \"a\": without match it makes an open relay" },
	{ "listen l { address = /run/s }\nclient a { }", NULL },
};

START_TEST(files_that_are_wrong)
{
	struct str text = STR_EMPTY, errors = STR_EMPTY;

	str_printf(&text, "%s\n" UPSTREAM, files[_i].text);
	if (files[_i].error == NULL) {
		struct config *config = load_good(text.data);

		config_free(&config);
	} else {
		load_bad(text.data, &errors);
		ck_assert_msg(strncmp(errors.data, files[_i].error, strlen(files[_i].error)) == 0,
		    "%s\nexpected: %s\ngot: %s", files[_i].text, files[_i].error, errors.data);
	}
	str_free(&errors);
	str_free(&text);
}
END_TEST

START_TEST(lists_are_criteria)
{
	char *texts[] = { "a@x.example", "y.example", "<>" };
	const struct config_list none = { NULL, 0 }, some = { texts, 3 }, one = { texts, 1 };

	ck_assert(config_list_names(&none, "anything"));
	ck_assert(config_list_names(&some, "y.example"));
	ck_assert(!config_list_names(&some, "Y.example"));
	ck_assert(config_list_means(&none, ""));
	ck_assert(config_list_means(&some, "b@Y.example"));
	ck_assert(config_list_means(&some, ""));
	ck_assert(!config_list_means(&one, ""));
	ck_assert(!config_list_means(&some, "b@x.example"));
	ck_assert(config_list_covers(&none, &some) && config_list_covers(&some, &one));
	ck_assert(!config_list_covers(&some, &none) && !config_list_covers(&one, &some));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("files");

	tcase_add_loop_test(table, files_that_are_wrong, 0, (int)(sizeof files / sizeof *files));
	suite_add_tcase(suite, table);
	add_tests(suite, "values", every_key_can_be_given, the_default_of_relay_from_gives_way,
	    lists_are_criteria);
}

UNIT_MAIN("config client")
