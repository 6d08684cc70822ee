/* SPDX-License-Identifier: ISC */
/* test_classify.c - what providers' replies mean, from their documentation and from users' reports.
 */
#include "outbound/classify.h"

#include "unit.h"

struct reply_case {
	enum step step;
	int code;
	const char *enhanced, *text;
	enum fate fate;
	enum hold hold;
};

static const struct reply_case cases[] = {
	/* The plain meaning of classes. */
	{ STEP_GREETING, 220, "", "hello", FATE_OK, HOLD_NONE },
	{ STEP_MAIL, 250, "2.1.0", "ok", FATE_OK, HOLD_NONE },
	{ STEP_DATA, 354, "", "go ahead", FATE_OK, HOLD_NONE },
	{ STEP_DOT, 250, "2.0.0", "queued", FATE_OK, HOLD_NONE },
	{ STEP_RCPT, 550, "5.1.1", "no such user", FATE_FAIL, HOLD_NONE },
	{ STEP_RCPT, 450, "4.2.0", "greylisted", FATE_DEFER, HOLD_NONE },
	{ STEP_RCPT, 452, "4.2.2", "mailbox full", FATE_DEFER, HOLD_NONE },
	{ STEP_MAIL, 451, "4.3.0", "try later", FATE_DEFER, HOLD_NONE },
	{ STEP_MAIL, 550, "5.7.1", "sender not owned", FATE_FAIL, HOLD_NONE },
	{ STEP_DOT, 554, "5.6.0", "spam", FATE_FAIL, HOLD_NONE },
	{ STEP_DOT, 554, "5.2.252", "SendAsDenied", FATE_FAIL, HOLD_NONE },
	{ STEP_DOT, 550, "5.7.60", "SendAs denied", FATE_FAIL, HOLD_NONE },
	/* A class that has no meaning at the step. */
	{ STEP_DATA, 250, "", "ok", FATE_UNEXPECTED, HOLD_SESSION },
	{ STEP_MAIL, 354, "", "?", FATE_UNEXPECTED, HOLD_SESSION },
	{ STEP_DOT, 354, "", "?", FATE_UNEXPECTED, HOLD_SESSION },
	/* Refusals of the session never touch a message. */
	{ STEP_GREETING, 554, "", "go away", FATE_HOLD, HOLD_SESSION },
	{ STEP_GREETING, 421, "", "busy", FATE_HOLD, HOLD_SESSION },
	{ STEP_EHLO, 550, "", "bad name", FATE_HOLD, HOLD_SESSION },
	{ STEP_STARTTLS, 454, "", "not now", FATE_HOLD, HOLD_TLS },
	{ STEP_AUTH, 535, "5.7.8", "bad credentials", FATE_HOLD, HOLD_LOGIN },
	{ STEP_AUTH, 534, "5.7.9", "application-specific password required", FATE_HOLD,
	    HOLD_LOGIN },
	{ STEP_AUTH, 454, "4.7.0", "temporary failure", FATE_HOLD, HOLD_SESSION },
	{ STEP_MAIL, 530, "5.7.0", "authentication required", FATE_HOLD, HOLD_LOGIN },
	{ STEP_MAIL, 550, "5.7.30", "Basic authentication is not supported", FATE_HOLD,
	    HOLD_LOGIN },
	/* The account's trouble. */
	{ STEP_DOT, 550, "5.4.5", "Daily SMTP relay limit exceeded", FATE_HOLD, HOLD_ACCOUNT },
	{ STEP_MAIL, 550, "5.4.5", "Daily user sending quota exceeded", FATE_HOLD, HOLD_ACCOUNT },
	{ STEP_MAIL, 554, "", "Your account has been suspended", FATE_HOLD, HOLD_ACCOUNT },
	/* The same words about a recipient are no reason to stop the others. */
	{ STEP_RCPT, 550, "5.2.1", "Recipient account is disabled", FATE_FAIL, HOLD_NONE },
	{ STEP_RCPT, 552, "5.2.2", "quota exceeded for this account", FATE_FAIL, HOLD_NONE },
	{ STEP_RCPT, 450, "4.2.1", "the user is receiving mail at a rate that prevents more",
	    FATE_DEFER, HOLD_NONE },
	/* Throttling. */
	{ STEP_DOT, 454, "4.7.0", "Throttling failure: Maximum sending rate exceeded", FATE_SLOW,
	    HOLD_THROTTLE },
	{ STEP_MAIL, 432, "4.3.2", "Concurrent connections limit exceeded", FATE_SLOW,
	    HOLD_THROTTLE },
	{ STEP_MAIL, 421, "4.7.28", "unusual rate", FATE_SLOW, HOLD_THROTTLE },
	/* Too many recipients: the others go in the next transaction. */
	{ STEP_RCPT, 452, "4.5.3", "Too many recipients", FATE_NEXT, HOLD_NONE },
	{ STEP_RCPT, 552, "", "Too many recipients", FATE_NEXT, HOLD_NONE },
	{ STEP_RCPT, 452, "", "too many", FATE_NEXT, HOLD_NONE },
	{ STEP_MAIL, 452, "4.3.1", "out of space", FATE_DEFER, HOLD_NONE },
	{ STEP_RCPT, 552, "5.2.2", "mailbox full", FATE_FAIL, HOLD_NONE },
};

START_TEST(knows_the_reply)
{
	const struct reply_case *c = &cases[_i];
	struct verdict verdict = classify(c->step, c->code, c->enhanced, c->text);

	ck_assert_msg(verdict.fate == c->fate && verdict.hold == c->hold,
	    "%s: %d %s %s: fate %d hold %d", step_name(c->step), c->code, c->enhanced, c->text,
	    verdict.fate, verdict.hold);
}
END_TEST

START_TEST(a_login_refused_comes_with_a_remedy)
{
	ck_assert_ptr_nonnull(classify(STEP_AUTH, 535, "5.7.8", "no").remedy);
	ck_assert_ptr_nonnull(classify(STEP_MAIL, 530, "5.7.0", "no").remedy);
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, knows_the_reply, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "remedy", a_login_refused_comes_with_a_remedy);
}

UNIT_MAIN("classify")
