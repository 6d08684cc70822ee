/* SPDX-License-Identifier: ISC */
/* test_users.c - files of users, and whose password is whose.  Tests config/scram_key.c, too. */
#include "config/users.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "sample.h"
#include "unit.h"

/* Of "secret"; the key, of "pencil", is that of RFC 7677 3. */
#define SHA512                                                                                  \
	"$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN" \
	".Pq.H91p5hVO1"
#define PENCIL                                                                                 \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT" \
	"4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

/* The same with other iterations; "pässword", as one character and as two, and a hash of the first.
 */
#define PENCIL_9000                                                          \
	"SCRAM-SHA-256$9000:W22ZaJ0SNY7soEsUEjb6gQ==$3p/I7/1oXZ6vo6cLwEB6Yb" \
	"RuG1uFwDHYYeQLMkr+K7M=:p/h0U4C8ehL1G2LSerDaOhSLbmOkzPJPIfc8uhCoe30="
#define UMLAUT                                                               \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$nU6rGJBFK4dRerdWBdcEmt" \
	"Lgijt1FYnlHrcLlHqBOB4=:f1QMvwDp1OFXdQzEgMgDSp7dTyA+vgacqTUZcscasQQ="
#define UMLAUT_2                                                             \
	"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$bl/awNaQA2GQIjoqUpz8C/" \
	"n3Cs56oFzO9310WvDZvcI=:Y3NIfOEXn/YzbWXxEhs7hAq30VujCnmWWSACzLwylv0="
#define UMLAUT_HASH                                         \
	"$6$saltsalt$rVIyJtXnL0mXUCLepstXWqeOv9JVyd7nOH8wn" \
	"0BvOU5lCiAviUJLxXZ5CkPgq6XNTHV22yG4mV0IO9gqPL5WQ."

static struct sample sample;

static void
set_up(void)
{
	sample_make(&sample, UPSTREAM);
}

static void
tear_down(void)
{
	sample_remove(&sample);
}

static struct users *
load(const char *text, mode_t mode)
{
	str_cut(&sample.errors, 0);
	return users_load(sample_add(&sample, "users", text, mode), &sample.errors);
}

static bool
is_let_in(const struct users *users, const char *name, const char *password)
{
	return users_verify(users, name, password);
}

START_TEST(each_has_a_password)
{
	struct users *users = load("# ours\n\nzoe:" SHA512 "\r\napp@example.com:" PENCIL, 0600);

	ck_assert_msg(users != NULL, "%s", sample.errors.data);
	ck_assert_uint_eq(users->count, 2);
	ck_assert(users->has_scram);
	ck_assert(is_let_in(users, "zoe", "secret"));
	ck_assert(!is_let_in(users, "zoe", "Secret"));
	ck_assert(!is_let_in(users, "zoe", ""));
	ck_assert(is_let_in(users, "app@example.com", "pencil"));
	ck_assert(!is_let_in(users, "app@example.com", "secret"));
	ck_assert(!is_let_in(users, "nobody", "pencil"));
	ck_assert(!is_let_in(users, "Zoe", "secret"));
	users_free(&users);
	ck_assert_ptr_null(users);
	users_free(&users);
}
END_TEST

START_TEST(problems_name_the_line)
{
	static const struct {
		const char *text;
		mode_t mode;
		const char *words;
	} cases[] = {
		{ "", 0600, "/users: nobody is in it" },
		{ "# a:b\n", 0600, "/users: nobody is in it" },
		{ "a:" SHA512 "\nb\n", 0600, "/users, line 2: not NAME:HASH" },
		{ ":" SHA512 "\n", 0600, "/users, line 1: a name has" },
		{ "a:secret\n", 0600, "/users, line 1: neither a hash of crypt(3) nor" },
		{ "a:{PLAIN}secret\n", 0600, "/users, line 1: neither" },
		{ "a:$6$salt\n", 0600, "/users, line 1: neither" },
		{ "a:SCRAM-SHA-256$4096:W22Z$x:y\n", 0600, "/users, line 1: neither" },
		{ "a:" PENCIL "x\n", 0600, "/users, line 1: neither" },
		{ "a:SCRAM-SHA-256$1:W22Z$x:y\n", 0600, "/users, line 1: neither" },
		{ "a:" SHA512 "\na:" PENCIL "\n", 0600, "/users: a name stands in it twice" },
		{ "a:" SHA512, 0644, "other users can read or write it; fix it with: chmod 600 /" },
	};

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		ck_assert_msg(
		    load(cases[i].text, cases[i].mode) == NULL, "taken: %s", cases[i].text);
		ck_assert_msg(
		    strstr(sample.errors.data, cases[i].words) != NULL, "%s", sample.errors.data);
	}
}
END_TEST

START_TEST(a_name_that_is_not_known_looks_like_one_that_is)
{
	struct users *users = load("a:" PENCIL "\nb:" SHA512 "\n", 0600);
	struct scram_key a, b, none, again;

	ck_assert_int_eq(users_scram_key(users, "a", &a), 0);
	ck_assert_int_eq(users_scram_key(users, "b", &b), 0);
	ck_assert_int_eq(users_scram_key(users, "none", &none), 0);
	ck_assert_int_eq(users_scram_key(users, "none", &again), 0);
	ck_assert_uint_eq(none.iterations, a.iterations);
	ck_assert_uint_eq(b.iterations, a.iterations);
	ck_assert_uint_eq(strlen(none.salt), strlen(a.salt));
	ck_assert_str_eq(none.salt, again.salt);
	ck_assert_str_ne(none.salt, b.salt);
	ck_assert(!scram_key_fits(&none, "pencil"));
	users_free(&users);
}
END_TEST

/* "ä" is one character or two; a hash may be of either. */
START_TEST(a_password_fits_in_each_spelling)
{
	struct users *users =
	    load("one:" UMLAUT "\ntwo:" UMLAUT_2 "\nhash:" UMLAUT_HASH "\n", 0600);

	ck_assert_msg(users != NULL, "%s", sample.errors.data);
	ck_assert(is_let_in(users, "one", "p\xc3\xa4ssword"));
	ck_assert(is_let_in(users, "one", "pa\xcc\x88ssword"));
	ck_assert(!is_let_in(users, "one", "password"));
	ck_assert(is_let_in(users, "two", "pa\xcc\x88ssword"));
	ck_assert(is_let_in(users, "hash", "p\xc3\xa4ssword"));
	ck_assert(is_let_in(users, "hash", "pa\xcc\x88ssword"));
	ck_assert(!is_let_in(users, "nobody", "pa\xcc\x88ssword"));
	users_free(&users);
}
END_TEST

START_TEST(a_name_is_spelled_in_one_way)
{
	struct users *users = load("a\xcc\x88:" PENCIL "\n", 0600);
	char name[USER_NAME_MAX + 1] = "a\xcc\x88", many[USER_NAME_MAX + 1];

	ck_assert(is_let_in(users, "\xc3\xa4", "pencil"));
	users_spell(name);
	ck_assert_str_eq(name, "\xc3\xa4");
	/* A spelling that is too long is none: U+FDFA is 18 characters. */
	memset(many, 0, sizeof many);
	for (size_t i = 0; i < 40; i++)
		memcpy(many + 3 * i, "\xef\xb7\xba", 3);
	users_spell(many);
	ck_assert_uint_eq(strlen(many), 120);
	ck_assert_ptr_null(load("\xc3\xa4:" PENCIL "\na\xcc\x88:" PENCIL "\n", 0600));
	users_free(&users);
}
END_TEST

/* Each kind of hash answers for its share of the names that nobody has. */
START_TEST(who_is_not_known_costs_what_some_user_costs)
{
	enum { NAMES = 64 };
	struct users *users = load("a:" PENCIL "\nb:" PENCIL_9000 "\nc:" SHA512 "\n", 0600);
	struct scram_key key, again;
	char name[16];
	int many = 0;

	ck_assert_msg(users != NULL, "%s", sample.errors.data);
	for (int i = 0; i < NAMES; i++) {
		snprintf(name, sizeof name, "x%d", i);
		ck_assert_int_eq(users_scram_key(users, name, &key), 0);
		ck_assert_int_eq(users_scram_key(users, name, &again), 0);
		ck_assert_uint_eq(key.iterations, again.iterations);
		many += key.iterations == 9000;
	}
	ck_assert_int_gt(many, NAMES / 8);
	ck_assert_int_lt(many, NAMES - NAMES / 8);
	users_free(&users);
}
END_TEST

START_TEST(a_key_is_made_and_read_again)
{
	struct scram_key made, read;
	char text[SCRAM_KEY_TEXT_SIZE], again[SCRAM_KEY_TEXT_SIZE];

	ck_assert_int_eq(scram_key_make("pässword", &made), 0);
	scram_key_format(&made, text);
	ck_assert_int_eq(scram_key_parse(text, &read), 0);
	scram_key_format(&read, again);
	ck_assert_str_eq(text, again);
	ck_assert(scram_key_fits(&read, "pässword"));
	ck_assert(!scram_key_fits(&read, "password"));
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("users");

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_set_timeout(tcase, 30);
	tcase_add_test(tcase, each_has_a_password);
	tcase_add_test(tcase, problems_name_the_line);
	tcase_add_test(tcase, a_name_that_is_not_known_looks_like_one_that_is);
	tcase_add_test(tcase, a_password_fits_in_each_spelling);
	tcase_add_test(tcase, a_name_is_spelled_in_one_way);
	tcase_add_test(tcase, who_is_not_known_costs_what_some_user_costs);
	tcase_add_test(tcase, a_key_is_made_and_read_again);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("users")
