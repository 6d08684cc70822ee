/* SPDX-License-Identifier: ISC */
/* test_address.c - mailboxes and paths, good and bad. */
#include "smtp/address.h"

#include <string.h>

#include "../unit.h"

#define A16 "aaaaaaaaaaaaaaaa"
#define A62 A16 A16 A16 "aaaaaaaaaaaaaa"
#define A63 A62 "a"
#define A64 A63 "a"

struct path_case {
	const char *in;
	unsigned flags;
	const char *mailbox;
	size_t rest; /* octets left behind the path */
};

static const struct path_case good[] = {
	{ "<a@b>", 0, "a@b", 0 },
	{ "<a@b> SIZE=10", 0, "a@b", 8 },
	{ " <a@b>", 0, "a@b", 0 },
	{ "   <a@b>  X", 0, "a@b", 3 },
	{ "<First.Last@Example.COM>", 0, "First.Last@Example.COM", 0 },
	{ "<!#$%&'*+-/=?^_`{|}~@b>", 0, "!#$%&'*+-/=?^_`{|}~@b", 0 },
	{ "<a+b=c@d-e.f1>", 0, "a+b=c@d-e.f1", 0 },
	{ "<root@my_app_1>", 0, "root@my_app_1", 0 },
	{ "<a@1.2.3>", 0, "a@1.2.3", 0 },
	/* Quoted strings: canonical when they need no quotes, and kept when they do. */
	{ "<\"a\"@b>", 0, "a@b", 0 },
	{ "<\"a.b\"@c>", 0, "a.b@c", 0 },
	{ "<\"a b\"@c>", 0, "\"a b\"@c", 0 },
	{ "<\"a\\b\"@c>", 0, "ab@c", 0 },
	{ "<\"a\\\"b\"@c>", 0, "\"a\\\"b\"@c", 0 },
	{ "<\"a\\\\b\"@c>", 0, "\"a\\\\b\"@c", 0 },
	{ "<\"a\\ b\"@c>", 0, "\"a b\"@c", 0 },
	{ "<\"a@b\"@c>", 0, "\"a@b\"@c", 0 },
	{ "<\"a>b\"@c> X", 0, "\"a>b\"@c", 2 },
	{ "<\"a..b\"@c>", 0, "\"a..b\"@c", 0 },
	{ "<\".a\"@c>", 0, "\".a\"@c", 0 },
	{ "<\"\"@c>", 0, "\"\"@c", 0 },
	/* Literals. */
	{ "<a@[127.0.0.1]>", 0, "a@[127.0.0.1]", 0 },
	{ "<a@[IPv6:::1]>", 0, "a@[IPv6:::1]", 0 },
	{ "<a@[ipv6:2001:db8::ffff:192.0.2.1]>", 0, "a@[ipv6:2001:db8::ffff:192.0.2.1]", 0 },
	{ "<a@[x-tag:content]>", 0, "a@[x-tag:content]", 0 },
	/* Source routes. */
	{ "<@x:a@b>", 0, "a@b", 0 },
	{ "<@x,@y.z,@[127.0.0.1]:a@b>", 0, "a@b", 0 },
	/* No brackets. */
	{ "a@b", 0, "a@b", 0 },
	{ " a@b SIZE=1", 0, "a@b", 7 },
	{ "\"a b\"@c X", 0, "\"a b\"@c", 2 },
	{ "postmaster", SMTP_ALLOW_POSTMASTER, "postmaster", 0 },
	{ "root", SMTP_ALLOW_UNQUALIFIED, "root", 0 },
	{ " root SIZE=1", SMTP_ALLOW_UNQUALIFIED, "root", 7 },
	{ "\"a b\" X", SMTP_ALLOW_UNQUALIFIED, "\"a b\"", 2 },
	{ "a=b@c", SMTP_ALLOW_UNQUALIFIED, "a=b@c", 0 },
	{ "@x,@y:a@b X", 0, "a@b", 2 },
	/* By leave of flags. */
	{ "<>", SMTP_ALLOW_NULL, "", 0 },
	{ " <> BODY=7BIT", SMTP_ALLOW_NULL, "", 10 },
	{ "<postmaster>", SMTP_ALLOW_POSTMASTER, "postmaster", 0 },
	{ "<PostMaster>", SMTP_ALLOW_POSTMASTER, "PostMaster", 0 },
	{ "<root>", SMTP_ALLOW_UNQUALIFIED, "root", 0 },
	{ "<\"a b\">", SMTP_ALLOW_UNQUALIFIED, "\"a b\"", 0 },
	{ "<d\xC3\xBCrer@b\xC3\xBC"
	  "cher.example>",
	    SMTP_ALLOW_UTF8,
	    "d\xC3\xBCrer@b\xC3\xBC"
	    "cher.example",
	    0 },
	{ "<\"\xE2\x82\xAC x\"@\xF0\x9F\x98\x80.example>", SMTP_ALLOW_UTF8,
	    "\"\xE2\x82\xAC x\"@\xF0\x9F\x98\x80.example", 0 },
	/* The limits themselves. */
	{ "<" A64 "@b>", 0, A64 "@b", 0 },
	{ "<\"" A64 "\"@b>", 0, A64 "@b", 0 },
	{ "<\" " A16 A16 A16 "aaaaaaaaaaaaa\"@b>", 0, "\" " A16 A16 A16 "aaaaaaaaaaaaa\"@b", 0 },
	{ "<a@" A63 "." A63 "." A63 "." A63 ">", 0, "a@" A63 "." A63 "." A63 "." A63, 0 },
};

static const struct {
	const char *in;
	unsigned flags;
	enum smtp_address_error error;
} bad[] = {
	{ "", 0, SMTP_ADDRESS_MISSING },
	{ "   ", 0, SMTP_ADDRESS_MISSING },
	{ "<>", 0, SMTP_ADDRESS_NULL },
	{ "<", SMTP_ALLOW_NULL, SMTP_ADDRESS_LOCAL },
	{ "<a@b", 0, SMTP_ADDRESS_BRACKETS },
	{ "a@b>", 0, SMTP_ADDRESS_BRACKETS },
	{ "<<a@b>>", 0, SMTP_ADDRESS_LOCAL },
	{ "<a@b>>", 0, SMTP_ADDRESS_BRACKETS },
	{ "<a@b>x", 0, SMTP_ADDRESS_TRAILING },
	{ "<a@b x>", 0, SMTP_ADDRESS_TRAILING },
	{ "< a@b>", 0, SMTP_ADDRESS_LOCAL },
	{ "<a@b@c>", 0, SMTP_ADDRESS_TRAILING },
	{ "<a b@c>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<.a@b>", 0, SMTP_ADDRESS_LOCAL },
	{ "<a.@b>", 0, SMTP_ADDRESS_LOCAL },
	{ "<a..b@c>", 0, SMTP_ADDRESS_LOCAL },
	{ "<@b>", 0, SMTP_ADDRESS_ROUTE },
	{ "<a(x)@b>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a,b@c>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a\\b@c>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a\tb@c>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a@b\x01>", 0, SMTP_ADDRESS_TRAILING },
	{ "<a\x7F@b>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<\"a\x01\"@b>", 0, SMTP_ADDRESS_LOCAL },
	{ "<\"a\\\x01\"@b>", 0, SMTP_ADDRESS_LOCAL },
	{ "<\"a\x7F\"@b>", 0, SMTP_ADDRESS_LOCAL },
	{ "<\"a@b>", 0, SMTP_ADDRESS_LOCAL },
	{ "<\"a\\", 0, SMTP_ADDRESS_LOCAL },
	{ "<\"a\"b@c>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a@>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "a@", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a>", SMTP_ALLOW_POSTMASTER, SMTP_ADDRESS_NO_DOMAIN },
	{ "<postmaster>", 0, SMTP_ADDRESS_NO_DOMAIN },
	{ "<postmasters>", SMTP_ALLOW_POSTMASTER, SMTP_ADDRESS_NO_DOMAIN },
	{ "root", SMTP_ALLOW_POSTMASTER, SMTP_ADDRESS_NO_DOMAIN },
	{ "root <a@b>", SMTP_ALLOW_UNQUALIFIED, SMTP_ADDRESS_NO_DOMAIN },
	{ "root>", SMTP_ALLOW_UNQUALIFIED, SMTP_ADDRESS_BRACKETS },
	{ "root<a@b>", SMTP_ALLOW_UNQUALIFIED, SMTP_ADDRESS_TRAILING },
	{ "@x", SMTP_ALLOW_UNQUALIFIED, SMTP_ADDRESS_ROUTE },
	{ "SIZE=10", SMTP_ALLOW_UNQUALIFIED, SMTP_ADDRESS_NO_DOMAIN },
	{ "<a@.b>", 0, SMTP_ADDRESS_DOMAIN },
	{ "<a@b.>", 0, SMTP_ADDRESS_DOMAIN },
	{ "<a@b..c>", 0, SMTP_ADDRESS_DOMAIN },
	{ "<a@-b>", 0, SMTP_ADDRESS_DOMAIN },
	{ "<a@b-.c>", 0, SMTP_ADDRESS_DOMAIN },
	{ "<a@!>", 0, SMTP_ADDRESS_DOMAIN },
	{ "<a@b!c>", 0, SMTP_ADDRESS_TRAILING },
	{ "<a@" A64 ">", 0, SMTP_ADDRESS_DOMAIN },
	{ "<a@" A63 "." A63 "." A63 "." A63 ".b>", 0, SMTP_ADDRESS_DOMAIN_LONG },
	{ "<" A64 "a@b>", 0, SMTP_ADDRESS_LOCAL_LONG },
	{ "<\"" A64 "a\"@b>", 0, SMTP_ADDRESS_LOCAL_LONG },
	{ "<\" " A62 "\"@b>", 0, SMTP_ADDRESS_LOCAL_LONG },
	{ "<a@[]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[127.0.0.1>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[127.0.0]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[127.0.0.256]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[IPv6:]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[IPv6:1::2::3]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[IPv6:127.0.0.1]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[tag:]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[:x]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[tag-:x]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[t g:x]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[tag:x y]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[tag:x\\y]>", 0, SMTP_ADDRESS_LITERAL },
	{ "<a@[127.0.0.1]x>", 0, SMTP_ADDRESS_TRAILING },
	{ "<@x a@b>", 0, SMTP_ADDRESS_ROUTE },
	{ "<@x,:a@b>", 0, SMTP_ADDRESS_ROUTE },
	{ "<@x,y:a@b>", 0, SMTP_ADDRESS_ROUTE },
	{ "<@x:>", 0, SMTP_ADDRESS_LOCAL },
	{ "<d\xC3\xBCrer@b>", 0, SMTP_ADDRESS_NOT_ASCII },
	{ "<d\xFCrer@b>", SMTP_ALLOW_UTF8, SMTP_ADDRESS_UTF8 },
	{ "<a\xC0\xAE@b>", SMTP_ALLOW_UTF8, SMTP_ADDRESS_UTF8 },
};

START_TEST(reads_good_paths)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		const struct path_case *c = &good[i];
		struct smtp_mailbox mailbox;
		size_t used = 0;
		enum smtp_address_error error =
		    smtp_path_parse(c->in, strlen(c->in), c->flags, &mailbox, &used);

		ck_assert_msg(error == SMTP_ADDRESS_OK, "'%s': error %d", c->in, error);
		ck_assert_str_eq(mailbox.text, c->mailbox);
		ck_assert_uint_eq(mailbox.len, strlen(c->mailbox));
		ck_assert_uint_eq(strlen(c->in) - used, c->rest);
	}
}
END_TEST

START_TEST(refuses_bad_paths)
{
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct smtp_mailbox mailbox;
		size_t used;
		enum smtp_address_error error =
		    smtp_path_parse(bad[i].in, strlen(bad[i].in), bad[i].flags, &mailbox, &used);

		ck_assert_msg(error == bad[i].error, "'%s': error %d", bad[i].in, error);
	}
}
END_TEST

/* A canonical mailbox is its own canonical form. */
START_TEST(reads_what_it_wrote)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
		struct smtp_mailbox mailbox;
		unsigned flags = good[i].flags | SMTP_ALLOW_UNQUALIFIED;
		const char *why;

		ck_assert_int_eq(smtp_mailbox_parse(good[i].mailbox, flags, &mailbox, &why), 0);
		ck_assert_str_eq(mailbox.text, good[i].mailbox);
	}
}
END_TEST

/* Cut short anywhere, a path is read or refused, and nothing beyond its end is looked at. */
START_TEST(survives_every_cut)
{
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		for (size_t len = 0; len < strlen(good[i].in); len++) {
			struct smtp_mailbox mailbox;
			size_t used = 0;
			char *copy = malloc(len + 1);

			ck_assert_ptr_nonnull(copy);
			char *exact = copy + 1;

			memcpy(exact, good[i].in, len);
			if (smtp_path_parse(exact, len, good[i].flags, &mailbox, &used) ==
			    SMTP_ADDRESS_OK)
				ck_assert_uint_le(used, len);
			free(copy);
		}
}
END_TEST

START_TEST(refuses_nul_octets)
{
	struct smtp_mailbox mailbox;
	size_t used;

	ck_assert_int_ne(smtp_path_parse("<a\0b@c>", 7, 0, &mailbox, &used), SMTP_ADDRESS_OK);
	ck_assert_int_ne(smtp_path_parse("<\"\0\"@c>", 7, 0, &mailbox, &used), SMTP_ADDRESS_OK);
	ck_assert_int_ne(smtp_path_parse("<a@b\0c>", 7, 0, &mailbox, &used), SMTP_ADDRESS_OK);
	ck_assert_int_ne(smtp_path_parse("<a@b>\0", 6, 0, &mailbox, &used), SMTP_ADDRESS_OK);
}
END_TEST

START_TEST(reads_bare_mailboxes)
{
	struct smtp_mailbox mailbox;
	const char *why;

	ck_assert_int_eq(smtp_mailbox_parse("a@b", 0, &mailbox, &why), 0);
	ck_assert_str_eq(mailbox.text, "a@b");
	ck_assert_int_eq(smtp_mailbox_parse("", SMTP_ALLOW_NULL, &mailbox, &why), 0);
	ck_assert_uint_eq(mailbox.len, 0);
	ck_assert_int_eq(smtp_mailbox_parse("<>", SMTP_ALLOW_NULL, &mailbox, &why), 0);
	ck_assert_int_eq(smtp_mailbox_parse("root", SMTP_ALLOW_UNQUALIFIED, &mailbox, &why), 0);
	ck_assert(smtp_mailbox_is_unqualified(&mailbox));
}
END_TEST

START_TEST(says_why_a_bare_mailbox_is_none)
{
	static const char *const texts[] = { "", "<>", "<a@b>", "a", "a@b c", "a@b ", " a@b",
		"@b" };

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct smtp_mailbox mailbox;
		const char *why = NULL;

		ck_assert_msg(
		    smtp_mailbox_parse(texts[i], 0, &mailbox, &why) == -1, "'%s'", texts[i]);
		ck_assert_ptr_nonnull(why);
	}
}
END_TEST

START_TEST(splits_local_part_and_domain)
{
	struct smtp_mailbox mailbox;
	const char *why;

	ck_assert_int_eq(smtp_mailbox_parse("\"a@x\"@b.c", 0, &mailbox, &why), 0);
	ck_assert_uint_eq(mailbox.local_len, 5);
	ck_assert(!smtp_mailbox_is_unqualified(&mailbox));

	ck_assert_int_eq(smtp_mailbox_parse("", SMTP_ALLOW_NULL, &mailbox, &why), 0);
	ck_assert(!smtp_mailbox_is_unqualified(&mailbox));
}
END_TEST

START_TEST(completes_a_bare_local_part)
{
	struct smtp_mailbox mailbox;
	const char *why;

	ck_assert_int_eq(smtp_mailbox_parse("root", SMTP_ALLOW_UNQUALIFIED, &mailbox, &why), 0);
	ck_assert_int_eq(smtp_mailbox_complete(&mailbox, "not valid"), -1);
	ck_assert_str_eq(mailbox.text, "root");
	ck_assert_int_eq(smtp_mailbox_complete(&mailbox, "app1.example.com"), 0);
	ck_assert_str_eq(mailbox.text, "root@app1.example.com");
	ck_assert_uint_eq(mailbox.len, strlen(mailbox.text));
}
END_TEST

START_TEST(completes_to_the_longest_mailbox)
{
	struct smtp_mailbox mailbox;
	const char *why;

	ck_assert_int_eq(smtp_mailbox_parse(A64, SMTP_ALLOW_UNQUALIFIED, &mailbox, &why), 0);
	ck_assert_int_eq(smtp_mailbox_complete(&mailbox, A63 "." A63 "." A63 "." A63), 0);
	ck_assert_uint_eq(mailbox.len, SMTP_MAILBOX_SIZE - 1);
}
END_TEST

START_TEST(knows_who_needs_utf8)
{
	struct smtp_mailbox mailbox;
	const char *why;

	ck_assert_int_eq(smtp_mailbox_parse("a@b", SMTP_ALLOW_UTF8, &mailbox, &why), 0);
	ck_assert(!smtp_mailbox_needs_utf8(&mailbox));
	ck_assert_int_eq(smtp_mailbox_parse("\xC3\xBC@b", SMTP_ALLOW_UTF8, &mailbox, &why), 0);
	ck_assert(smtp_mailbox_needs_utf8(&mailbox));
	ck_assert_int_eq(smtp_mailbox_parse("a@\xC3\xBC", SMTP_ALLOW_UTF8, &mailbox, &why), 0);
	ck_assert(smtp_mailbox_needs_utf8(&mailbox));
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "path", reads_good_paths, refuses_bad_paths, reads_what_it_wrote,
	    survives_every_cut, refuses_nul_octets);
	add_tests(suite, "mailbox", reads_bare_mailboxes, says_why_a_bare_mailbox_is_none,
	    splits_local_part_and_domain, completes_a_bare_local_part,
	    completes_to_the_longest_mailbox, knows_who_needs_utf8);
}

UNIT_MAIN("smtp/address")
