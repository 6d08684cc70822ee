/* SPDX-License-Identifier: ISC */
/*
 * test_auth.c - logins against the server's side of libgsasl: each mechanism, which one is taken,
 * and servers that lie.  Tests outbound/auth.c, outbound/auth_choose.c and outbound/auth_salt.c.
 */
#include "outbound/auth.h"

#include <openssl/ssl.h>
#include <string.h>

#include "login.h"
#include "smtp/capability.h"
#include "unit.h"

static void
set_up(void)
{
	login_password = PASSWORD;
	login_iterations = "4096";
}

#define ALL "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256"

static const struct {
	const char *offered;
	enum auth_choice choice;
	int version; /* of TLS; 0: plain */
	const char *taken;
} choices[] = {
	{ ALL " SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS", AUTH_AUTO, TLS1_3_VERSION,
	    "SCRAM-SHA-256-PLUS" },
	{ ALL " SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS", AUTH_AUTO, TLS1_2_VERSION,
	    "SCRAM-SHA-256-PLUS" },
	{ ALL " SCRAM-SHA-1-PLUS", AUTH_AUTO, TLS1_3_VERSION, "SCRAM-SHA-1-PLUS" },
	{ ALL " SCRAM-SHA-1-PLUS", AUTH_AUTO, TLS1_2_VERSION, "SCRAM-SHA-1-PLUS" },
	{ ALL " SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS", AUTH_AUTO, 0, "SCRAM-SHA-256" },
	{ ALL, AUTH_AUTO, TLS1_3_VERSION, "SCRAM-SHA-256" },
	{ "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1", AUTH_AUTO, 0, "SCRAM-SHA-1" },
	{ "XOAUTH2 LOGIN PLAIN CRAM-MD5", AUTH_AUTO, 0, "CRAM-MD5" },
	{ "LOGIN PLAIN", AUTH_AUTO, 0, "PLAIN" },
	{ "LOGIN", AUTH_AUTO, 0, "LOGIN" },
	{ ALL, AUTH_PLAIN, 0, "PLAIN" },
	{ ALL, AUTH_LOGIN, 0, "LOGIN" },
	{ ALL, AUTH_CRAM_MD5, 0, "CRAM-MD5" },
	{ ALL, AUTH_SCRAM_SHA_1, 0, "SCRAM-SHA-1" },
	{ ALL " SCRAM-SHA-256-PLUS", AUTH_SCRAM_SHA_256, TLS1_3_VERSION, "SCRAM-SHA-256" },
	{ ALL " SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS", AUTH_SCRAM_SHA_1_PLUS, TLS1_3_VERSION,
	    "SCRAM-SHA-1-PLUS" },
	{ "SCRAM-SHA-256-PLUS", AUTH_SCRAM_SHA_256_PLUS, TLS1_2_VERSION, "SCRAM-SHA-256-PLUS" },
};

START_TEST(the_strongest_or_the_one_configured)
{
	struct login login = { .offered = choices[_i].offered, .choice = choices[_i].choice };
	struct str why = STR_EMPTY;

	if (choices[_i].version != 0)
		login_connect(choices[_i].version);
	for (login.ending = LAST_IN_334; login.ending <= LAST_IN_SUCCESS; login.ending++) {
		ck_assert_str_eq(log_in_once(&login, &why), choices[_i].taken);
		ck_assert_str_eq(why.data, "");
	}
	str_free(&why);
	login_disconnect();
}
END_TEST

START_TEST(a_wrong_password_is_refused)
{
	static const char *const names[] = { "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1",
		"SCRAM-SHA-256" };
	struct str why = STR_EMPTY;

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct login login = { .offered = names[i], .password = "wrong" };

		ck_assert_str_eq(log_in_once(&login, &why), names[i]);
		ck_assert_str_eq(why.data, "535");
	}
	str_free(&why);
}
END_TEST

START_TEST(both_lists_are_named)
{
	static const struct {
		const char *offered;
		enum auth_choice choice;
		const char *why;
	} cases[] = {
		{ "XOAUTH2 NTLM", AUTH_AUTO,
		    "no mechanism in common: postern would take SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 "
		    "PLAIN LOGIN (auth = auto), the upstream offers XOAUTH2 NTLM" },
		{ "", AUTH_LOGIN,
		    "no mechanism in common: postern would take LOGIN (auth = login), the upstream "
		    "offers none at all" },
		{ "PLAIN LOGIN", AUTH_SCRAM_SHA_256,
		    "no mechanism in common: postern would take SCRAM-SHA-256 (auth = "
		    "scram-sha-256), the upstream offers PLAIN LOGIN" },
		{ "SCRAM-SHA-1-PLUS", AUTH_SCRAM_SHA_1_PLUS,
		    "no mechanism in common: postern would take SCRAM-SHA-1-PLUS, which this TLS "
		    "connection cannot be bound to (auth = scram-sha-1-plus), the upstream offers "
		    "SCRAM-SHA-1-PLUS" },
	};
	struct str why = STR_EMPTY;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct login login = { .offered = cases[i].offered, .choice = cases[i].choice };

		ck_assert_ptr_null(log_in_once(&login, &why));
		ck_assert_str_eq(why.data, cases[i].why);
	}
	str_free(&why);
}
END_TEST

START_TEST(scram_servers_prove_that_they_know_the_password)
{
	static const struct login cases[] = {
		{ .offered = "SCRAM-SHA-256", .ending = LAST_UNSAID },
		{ .offered = "SCRAM-SHA-1", .ending = LAST_UNSAID },
		{ .offered = "SCRAM-SHA-256", .ending = LAST_FORGED },
	};
	struct str why = STR_EMPTY;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		log_in_once(&cases[i], &why);
		ck_assert_msg(
		    strstr(why.data, "does not prove that it knows") != NULL, "%s", why.data);
	}
	str_free(&why);
}
END_TEST

/* A forged proof in a challenge of its own, then a success all the same. */
START_TEST(a_forged_proof_is_told)
{
	struct config_upstream config = { .host = (char *)(uintptr_t) "h",
		.username = (char *)(uintptr_t)USERNAME };
	struct auth_client *client = auth_client_new(&config, PASSWORD);
	struct str line = STR_EMPTY, why = STR_EMPTY;
	struct smtp_capabilities offered;
	Gsasl_session *session;
	Gsasl *server;
	char *said;

	smtp_capabilities_parse("h\nAUTH SCRAM-SHA-256", &offered);

	struct auth *auth = auth_begin(client, &offered, NULL, &line, &why);

	session = login_serve(&server, "SCRAM-SHA-256");
	ck_assert_int_eq(
	    gsasl_step64(session, strrchr(line.data, ' ') + 1, &said), GSASL_NEEDS_MORE);
	ck_assert_int_eq(auth_respond(auth, said, &line, &why), 0);
	ck_assert_int_eq(auth_respond(auth, FORGED, &line, &why), -1);
	ck_assert_str_eq(
	    why.data, "SCRAM-SHA-256: the upstream does not prove that it knows the password");
	ck_assert_int_eq(auth_conclude(auth, "Welcome", &why), -1);
	gsasl_free(said);
	gsasl_finish(session);
	gsasl_done(server);
	auth_free(&auth);
	auth_client_free(&client);
	str_free(&line);
	str_free(&why);
}
END_TEST

START_TEST(challenges_that_make_no_sense)
{
	static const struct {
		const char *mechanism, *challenge;
	} cases[] = {
		{ "SCRAM-SHA-256", "" }, { "SCRAM-SHA-256", "not base64!" },
		{ "SCRAM-SHA-256", "cj14eHgscz1RU1hDUitRNixpPTQwOTY=" }, /* another nonce */
		{ "PLAIN", "eA==" }, /* there is nothing more to say */
	};
	struct config_upstream config = { .host = (char *)(uintptr_t) "h",
		.username = (char *)(uintptr_t)USERNAME };

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct auth_client *client = auth_client_new(&config, PASSWORD);
		struct str text = STR_EMPTY, line = STR_EMPTY, why = STR_EMPTY;
		struct smtp_capabilities offered;

		str_printf(&text, "h\nAUTH %s", cases[i].mechanism);
		smtp_capabilities_parse(text.data, &offered);

		struct auth *auth = auth_begin(client, &offered, NULL, &line, &why);

		ck_assert_msg(auth_respond(auth, cases[i].challenge, &line, &why) == -1, "%s %s",
		    cases[i].mechanism, cases[i].challenge);
		ck_assert_msg(strncmp(why.data, cases[i].mechanism, 4) == 0, "%s", why.data);
		auth_free(&auth);
		auth_client_free(&client);
		str_free(&text);
		str_free(&line);
		str_free(&why);
	}
}
END_TEST

/* RFC 4954 4: what does not fit into the command follows an empty challenge. */
START_TEST(long_passwords_fit_no_command)
{
	static const size_t lens[] = { 360, 370, 380, 390, 4096 };
	struct str why = STR_EMPTY;
	char password[4097];

	for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
		struct login login = { .offered = "PLAIN", .password = password };

		memset(password, 'x', lens[i]);
		password[lens[i]] = '\0';
		login_password = password;
		ck_assert_str_eq(log_in_once(&login, &why), "PLAIN");
		ck_assert_str_eq(why.data, "");
	}
	str_free(&why);
}
END_TEST

/* What RFC 4013 has no form for is sent as it is; who insists on SCRAM is told. */
START_TEST(passwords_that_scram_cannot_have)
{
	struct login login = { .offered = "PLAIN SCRAM-SHA-256", .password = "a\x07z" };
	struct str why = STR_EMPTY;

	login_password = "a\x07z";
	ck_assert_str_eq(log_in_once(&login, &why), "PLAIN");
	login.choice = AUTH_SCRAM_SHA_256;
	ck_assert_ptr_null(log_in_once(&login, &why));
	ck_assert_msg(
	    strncmp(why.data, "SCRAM-SHA-256: Could not prepare", 32) == 0, "%s", why.data);
	str_free(&why);
}
END_TEST

START_TEST(iterations_are_bounded)
{
	static const struct {
		const char *iterations, *why;
	} cases[] = {
		{ "1", "" },
		{ "20000", "" },
		{ "1000001", "SCRAM-SHA-1: the upstream asks for more than 1000000 iterations" },
		{ "4294967295", "SCRAM-SHA-1: the upstream asks for more than 1000000 iterations" },
	};
	struct login login = { .offered = "SCRAM-SHA-1" };
	struct str why = STR_EMPTY;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		login_iterations = cases[i].iterations;
		log_in_once(&login, &why);
		ck_assert_str_eq(why.data, cases[i].why);
	}
	str_free(&why);
}
END_TEST

/* The second login takes no time for hashes, and a change of the server's is noticed. */
START_TEST(a_salted_password_is_kept)
{
	struct config_upstream config = { .host = (char *)(uintptr_t) "h",
		.username = (char *)(uintptr_t)USERNAME };
	struct auth_client *client = auth_client_new(&config, PASSWORD);
	struct login login = { .offered = "SCRAM-SHA-256" };
	static const char *const iterations[] = { "4096", "4096", "5000", "5000", "4096" };
	struct str why = STR_EMPTY;

	for (size_t i = 0; i < sizeof iterations / sizeof *iterations; i++) {
		login_iterations = iterations[i];
		log_in(client, &login, &why);
		ck_assert_str_eq(why.data, "");
	}
	login.offered = "SCRAM-SHA-1";
	log_in(client, &login, &why);
	ck_assert_str_eq(why.data, "");
	auth_client_free(&client);
	str_free(&why);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *tcase = tcase_create("login");

	tcase_add_checked_fixture(tcase, set_up, login_disconnect);
	tcase_add_loop_test(
	    tcase, the_strongest_or_the_one_configured, 0, (int)(sizeof choices / sizeof *choices));
	tcase_add_test(tcase, a_wrong_password_is_refused);
	tcase_add_test(tcase, both_lists_are_named);
	tcase_add_test(tcase, scram_servers_prove_that_they_know_the_password);
	tcase_add_test(tcase, a_forged_proof_is_told);
	tcase_add_test(tcase, challenges_that_make_no_sense);
	tcase_add_test(tcase, long_passwords_fit_no_command);
	tcase_add_test(tcase, passwords_that_scram_cannot_have);
	tcase_add_test(tcase, iterations_are_bounded);
	tcase_add_test(tcase, a_salted_password_is_kept);
	suite_add_tcase(suite, tcase);
}

UNIT_MAIN("outbound auth")
