/* SPDX-License-Identifier: ISC */
/* test_policy.c - which client section decides, what it allows, and who is let in without one. */
#include "listener/policy.h"

#include <string.h>

#include "../config/sample.h"
#include "address.h"
#include "unit.h"

#define LISTENERS                                                                   \
	"listen in { port = 0 users_file = u relay_from = { 127.0.0.3, ::1 } }\n"   \
	"listen pub { address = 0.0.0.0 port = 0 users_file = u tls_cert_file = c " \
	"tls_key_file = k }\n"                                                      \
	"listen free { port = 0 users_file = u }\n"                                 \
	"listen sock { address = /run/s }\n"

#define SECTIONS                                                                        \
	"client apps { match = { 10.1.0.0/16, 2001:db8::/32 } listen = { pub, in } }\n" \
	"client alice { users = alice match = 10.0.0.0/8 listen = { pub, in } }\n"      \
	"client users { users = '*' listen = pub }\n"                                   \
	"client bad { match = 192.0.2.0/24 relay = no listen = { pub, in, sock } }\n"   \
	"client one { match = 127.0.0.0/31 listen = in }\n"

static const struct {
	const char *listen, *address; /* "": a unix socket */
	const char *login, *name;
	bool may_relay;
} cases[] = {
	{ "pub", "10.1.2.3", NULL, "apps", true },
	{ "pub", "::ffff:10.1.2.3", NULL, "apps", true },
	{ "pub", "2001:db8::9", NULL, "apps", true },
	{ "pub", "10.2.0.1", NULL, "(default)", false },
	{ "pub", "10.2.0.1", "alice", "alice", true },
	{ "pub", "10.2.0.1", "Alice", "users", true },
	{ "pub", "10.1.2.3", "alice", "apps", true },
	{ "pub", "192.0.2.1", NULL, "bad", false },
	{ "pub", "192.0.2.1", "bob", "users", true },
	{ "pub", "203.0.113.1", NULL, "(default)", false },
	{ "pub", "203.0.113.1", "alice", "users", true },
	{ "pub", "127.0.0.1", NULL, "(default)", false },
	{ "in", "127.0.0.1", NULL, "one", true },
	{ "in", "127.0.0.2", NULL, "(default)", false },
	{ "in", "127.0.0.3", NULL, "(default)", true },
	{ "in", "::1", NULL, "(default)", true },
	{ "in", "192.0.2.1", "bob", "bad", false },
	{ "in", "127.0.0.2", "bob", "(default)", false },
	{ "free", "127.0.0.1", NULL, "(default)", true },
	{ "free", "10.1.2.3", NULL, "(default)", false },
	{ "free", "10.1.2.3", "bob", "(default)", true },
	{ "sock", "", NULL, "(default)", true },
};

static const struct config_listen *
listen_named(const struct config *config, const char *name)
{
	for (size_t i = 0; i < config->nlisten; i++)
		if (strcmp(config->listen[i].name, name) == 0)
			return &config->listen[i];
	ck_abort_msg("no listener %s", name);
}

START_TEST(test_the_first_match_decides)
{
	struct config *config = load_good(LISTENERS SECTIONS UPSTREAM);
	struct sockaddr_storage address = address_of(cases[_i].address);
	struct policy policy = policy_find(config, listen_named(config, cases[_i].listen),
	    (struct sockaddr *)&address, cases[_i].login);

	ck_assert_str_eq(policy_name(&policy), cases[_i].name);
	ck_assert_int_eq(policy.may_relay, cases[_i].may_relay);
	config_free(&config);
}
END_TEST

/* Without client sections it is relay_from or a login. */
START_TEST(test_without_sections)
{
	struct config *config = load_good(LISTENERS UPSTREAM);
	struct sockaddr_storage host = address_of("127.0.0.1"), other = address_of("192.0.2.1");
	const struct config_listen *listen = listen_named(config, "free");

	ck_assert(policy_find(config, listen, (struct sockaddr *)&host, NULL).may_relay);
	ck_assert(!policy_find(config, listen, (struct sockaddr *)&other, NULL).may_relay);
	ck_assert(policy_find(config, listen, (struct sockaddr *)&other, "bob").may_relay);
	config_free(&config);
}
END_TEST

#define STAGING                                                                         \
	"client staging { senders = { '*@x.example', '<>' }\n"                          \
	"    recipients = { example.com, '*.example.com' }\n"                           \
	"    refuse_recipients = { 'boss@*', secret.example.com } message_size = 10K\n" \
	"    connections = 3 }\n"

static const struct {
	const char *sender, *recipient;
	bool takes;
} addresses[] = {
	{ "a@x.example", NULL, true },
	{ "A@X.EXAMPLE", NULL, true },
	{ "", NULL, true },
	{ "a@y.example", NULL, false },
	{ "a@x.example.org", NULL, false },
	{ "\"a@x.example\"@y.example", NULL, false },
	{ NULL, "b@example.com", true },
	{ NULL, "b@EXAMPLE.com", true },
	{ NULL, "b@mail.example.com", true },
	{ NULL, "b@example.com.evil.example", false },
	{ NULL, "b@notexample.com", false },
	{ NULL, "b@[192.0.2.1]", false },
	{ NULL, "\"b@example.com\"@evil.example", false },
	{ NULL, "b%evil.example@example.com", true },
	{ NULL, "boss@example.com", false },
	{ NULL, "BOSS@example.com", false },
	{ NULL, "b@secret.example.com", false },
	{ NULL, "bosses@example.com", true },
};

START_TEST(test_addresses)
{
	struct config *config = load_good(STAGING UPSTREAM);
	const struct policy policy = { &config->client[0], true }, none = { NULL, true };
	const char *sender = addresses[_i].sender, *recipient = addresses[_i].recipient;

	if (sender != NULL)
		ck_assert_int_eq(policy_takes_sender(&policy, sender), addresses[_i].takes);
	else
		ck_assert_int_eq(policy_takes_recipient(&policy, recipient), addresses[_i].takes);
	ck_assert(policy_takes_sender(&none, "a@y.example"));
	ck_assert(policy_takes_recipient(&none, "a@y.example"));
	config_free(&config);
}
END_TEST

START_TEST(test_limits)
{
	struct config *config = load_good(STAGING UPSTREAM);
	const struct policy policy = { &config->client[0], true }, none = { NULL, true };

	ck_assert_uint_eq(policy_message_size(&policy, config), 10240);
	ck_assert_uint_eq(policy_message_size(&none, config), 50u << 20);
	ck_assert_uint_eq(policy_connections(&policy, config), 3);
	ck_assert_uint_eq(policy_connections(&none, config), 1000);
	config_free(&config);
}
END_TEST

START_TEST(test_words)
{
	char long_name[300] = "", words[POLICY_WORDS_SIZE];
	char *texts[] = { "*@x.example", "y.example", long_name };
	struct config_list senders = { texts, 2 };

	policy_describe_senders(&senders, words);
	ck_assert_str_eq(words, "; allowed: *@x.example, y.example");
	memset(long_name, 'a', sizeof long_name - 1);
	senders.count = 3;
	policy_describe_senders(&senders, words);
	ck_assert_str_eq(words, "");
}
END_TEST

static const struct {
	const char *text, *warning; /* part of it, or NULL: none */
} warnings[] = {
	{ "", NULL },
	{ "client a { match = 192.0.2.1 }", "listen \"local\": no client section matches this" },
	{ "client a { match = 127.0.0.0/8 }", "listen \"local6\": no client section matches" },
	{ "client a { match = { 127.0.0.0/8, ::1 } }", NULL },
	{ "client a { match = 127.0.0.1 relay = no } client b { match = ::1 }", NULL },
	{ "listen l { port = 0 relay_from = 127.0.0.1 } client a { match = 192.0.2.1 }", NULL },
	{ "listen l { address = /run/s } client a { match = 192.0.2.1 }", NULL },
	{ "listen l { address = 192.0.2.9 } client a { match = 192.0.2.0/24 }", NULL },
};

START_TEST(test_warnings)
{
	struct str text = STR_EMPTY, told = STR_EMPTY;

	str_printf(&text, "%s\n" UPSTREAM, warnings[_i].text);

	struct config *config = load_good(text.data);

	policy_warn(config, &told);
	if (warnings[_i].warning == NULL)
		ck_assert_uint_eq(told.len, 0);
	else
		ck_assert_ptr_nonnull(strstr(told.data, warnings[_i].warning));
	config_free(&config);
	str_free(&told);
	str_free(&text);
}
END_TEST

#define ADD_TABLE(suite, test, rows)                                                    \
	do {                                                                            \
		TCase *table = tcase_create(#rows);                                     \
		tcase_add_loop_test(table, test, 0, (int)(sizeof rows / sizeof *rows)); \
		suite_add_tcase(suite, table);                                          \
	} while (0)

static void
add_cases(Suite *suite)
{
	ADD_TABLE(suite, test_the_first_match_decides, cases);
	ADD_TABLE(suite, test_addresses, addresses);
	ADD_TABLE(suite, test_warnings, warnings);
	add_tests(suite, "rest", test_without_sections, test_limits, test_words);
}

UNIT_MAIN("listener/policy")
