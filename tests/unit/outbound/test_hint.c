/* SPDX-License-Identifier: ISC */
/* test_hint.c - a mode of TLS that does not fit the port is named where it is likely, only there.
 */
#include "outbound/hint.h"

#include "../unit.h"

static const char implicit[] = " (where TLS begins at once, set tls = implicit)";
static const char starttls[] = " (where TLS does not begin at once, set tls = starttls)";

static const struct {
	enum step step;
	enum tls_mode mode;
	uint16_t port;
	enum conn_end how;
	const char *why, *hint;
} cases[] = {
	/* A server that speaks TLS from the start waits for us, and ends at some time. */
	{ STEP_GREETING, TLS_STARTTLS, 465, CONN_END_DEADLINE, "", implicit },
	{ STEP_GREETING, TLS_STARTTLS, 465, CONN_END_EOF, "", implicit },
	{ STEP_GREETING, TLS_NONE, 10465, CONN_END_DEADLINE, "", implicit },
	{ STEP_GREETING, TLS_STARTTLS, 587, CONN_END_DEADLINE, "", "" },
	{ STEP_GREETING, TLS_NONE, 25, CONN_END_EOF, "", "" },
	{ STEP_GREETING, TLS_STARTTLS, 465, CONN_END_ERROR, "reset", "" },
	{ STEP_GREETING, TLS_IMPLICIT, 465, CONN_END_DEADLINE, "", "" },
	{ STEP_EHLO, TLS_STARTTLS, 465, CONN_END_DEADLINE, "", "" },
	/* A plain server's greeting is taken for TLS. */
	{ STEP_TLS, TLS_IMPLICIT, 587, CONN_END_TLS, "wrong version number", starttls },
	{ STEP_TLS, TLS_IMPLICIT, 465, CONN_END_TLS, "wrong version number", starttls },
	{ STEP_TLS, TLS_IMPLICIT, 465, CONN_END_TLS, "certificate verify failed", "" },
	{ STEP_TLS, TLS_IMPLICIT, 465, CONN_END_DEADLINE, "", "" },
	{ STEP_TLS, TLS_STARTTLS, 587, CONN_END_TLS, "wrong version number", "" },
};

START_TEST(names_the_mode_that_is_likely)
{
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		ck_assert_str_eq(hint_tls_mode(cases[i].step, cases[i].mode, cases[i].port,
				     cases[i].how, cases[i].why),
		    cases[i].hint);
}
END_TEST

static void
add_cases(Suite *suite)
{
	add_tests(suite, "hint", names_the_mode_that_is_likely);
}

UNIT_MAIN("outbound/hint")
