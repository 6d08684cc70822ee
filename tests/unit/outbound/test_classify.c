/* SPDX-License-Identifier: ISC */
/*
 * test_classify.c - what providers' replies mean, from their documentation and from users' reports.
 * Each case is one reply at one step: the fate of the message (or, at RCPT, of the recipient), and
 * what becomes of its neighbours: with FATE_HOLD the upstream is held, with FATE_SLOW it goes on
 * slower, with anything else they are not touched.
 */
#include "outbound/classify.h"

#include <stdio.h>
#include <string.h>

#include "outbound/pattern.h"
#include "unit.h"

#define SES       "email-smtp.eu-west-1.amazonaws.com"
#define GMAIL     "smtp.gmail.com"
#define WORKSPACE "smtp-relay.gmail.com"
#define OFFICE    "smtp.office365.com"
#define SENDGRID  "smtp.sendgrid.net"
#define MAILGUN   "smtp.eu.mailgun.org"
#define POSTMARK  "smtp.postmarkapp.com"
#define BREVO     "smtp-relay.brevo.com"
#define SPARKPOST "smtp.eu.sparkpostmail.com"
#define ZOHO      "smtppro.zoho.eu"
#define ANY       "relay.example.net"

enum { NONE = HOLD_NONE, RATE = THROTTLE_RATE, CONNECTIONS = THROTTLE_CONNECTIONS };

struct reply_case {
	const char *host;
	enum step step;
	int code;
	const char *enhanced, *text;
	enum fate fate;
	int kind; /* the enum hold of FATE_HOLD, the enum throttle of FATE_SLOW */
};

/* clang-format off */
static const struct reply_case cases[] = {
	/* The plain meaning of classes. */
	{ ANY, STEP_GREETING, 220, "", "hello", FATE_OK, NONE },
	{ ANY, STEP_MAIL, 250, "2.1.0", "ok", FATE_OK, NONE },
	{ ANY, STEP_DATA, 354, "", "go ahead", FATE_OK, NONE },
	{ ANY, STEP_DOT, 250, "2.0.0", "queued", FATE_OK, NONE },
	{ ANY, STEP_RCPT, 550, "5.1.1", "no such user", FATE_FAIL, NONE },
	{ ANY, STEP_RCPT, 450, "4.2.0", "greylisted", FATE_DEFER, NONE },
	{ ANY, STEP_RCPT, 451, "4.7.1", "Greylisting in action, please come back later", FATE_DEFER, NONE },
	{ ANY, STEP_MAIL, 451, "4.3.0", "try later", FATE_DEFER, NONE },
	{ ANY, STEP_MAIL, 452, "4.3.1", "Insufficient system storage", FATE_DEFER, NONE },
	{ ANY, STEP_RCPT, 452, "4.3.1", "Insufficient system storage", FATE_DEFER, NONE },
	{ ANY, STEP_DOT, 452, "4.3.1", "Insufficient system storage", FATE_DEFER, NONE },
	{ ANY, STEP_DATA, 451, "4.3.0", "local error", FATE_DEFER, NONE },
	{ ANY, STEP_DATA, 554, "5.5.1", "no valid recipients", FATE_FAIL, NONE },
	{ ANY, STEP_DOT, 554, "5.6.0", "spam", FATE_FAIL, NONE },
	{ ANY, STEP_DOT, 552, "5.3.4", "Message size exceeds fixed limit", FATE_FAIL, NONE },
	{ ANY, STEP_MAIL, 421, "", "Service not available, closing transmission channel", FATE_DEFER, NONE },

	/* A class that has no meaning at the step. */
	{ ANY, STEP_DATA, 250, "", "ok", FATE_UNEXPECTED, HOLD_SESSION },
	{ ANY, STEP_MAIL, 354, "", "?", FATE_UNEXPECTED, HOLD_SESSION },
	{ ANY, STEP_DOT, 354, "", "?", FATE_UNEXPECTED, HOLD_SESSION },

	/* Refusals of the session never touch a message. */
	{ ANY, STEP_GREETING, 554, "", "go away", FATE_HOLD, HOLD_SESSION },
	{ ANY, STEP_GREETING, 421, "", "busy", FATE_HOLD, HOLD_SESSION },
	{ ANY, STEP_EHLO, 550, "", "bad name", FATE_HOLD, HOLD_SESSION },
	{ ANY, STEP_STARTTLS, 454, "", "TLS not available just now", FATE_HOLD, HOLD_TLS },

	/* TLS. */
	{ ANY, STEP_AUTH, 530, "5.7.0", "Must issue a STARTTLS command first", FATE_HOLD, HOLD_TLS },
	{ ANY, STEP_MAIL, 530, "5.7.0", "Must issue a STARTTLS command first", FATE_HOLD, HOLD_TLS },
	{ ANY, STEP_RCPT, 530, "5.7.0", "must issue STARTTLS first", FATE_HOLD, HOLD_TLS },
	{ ANY, STEP_AUTH, 538, "5.7.11", "Encryption required for requested mechanism", FATE_HOLD, HOLD_TLS },

	/* Login. */
	{ ANY, STEP_AUTH, 535, "5.7.8", "bad credentials", FATE_HOLD, HOLD_LOGIN },
	{ GMAIL, STEP_AUTH, 535, "5.7.8", "Username and Password not accepted", FATE_HOLD, HOLD_LOGIN },
	{ GMAIL, STEP_AUTH, 534, "5.7.9", "Application-specific password required", FATE_HOLD, HOLD_LOGIN },
	{ GMAIL, STEP_AUTH, 454, "4.7.0", "Too many login attempts, please try again later", FATE_HOLD, HOLD_LOGIN },
	{ ANY, STEP_AUTH, 454, "4.7.0", "Temporary authentication failure", FATE_HOLD, HOLD_SESSION },
	{ ANY, STEP_AUTH, 451, "4.3.0", "Internal error", FATE_HOLD, HOLD_SESSION },
	{ ANY, STEP_MAIL, 530, "5.7.0", "authentication required", FATE_HOLD, HOLD_LOGIN },
	{ ANY, STEP_RCPT, 550, "5.7.1", "Authentication required", FATE_HOLD, HOLD_LOGIN },
	{ OFFICE, STEP_MAIL, 530, "5.7.57", "Client not authenticated to send mail", FATE_HOLD, HOLD_LOGIN },
	{ OFFICE, STEP_MAIL, 550, "5.7.30", "Basic authentication is not supported", FATE_HOLD, HOLD_LOGIN },
	{ OFFICE, STEP_AUTH, 550, "5.7.30", "Basic authentication is not supported for Client Submission", FATE_HOLD, HOLD_LOGIN },
	{ ANY, STEP_DOT, 550, "5.7.30", "Basic authentication is not supported", FATE_HOLD, HOLD_LOGIN },
	{ OFFICE, STEP_AUTH, 535, "5.7.139", "Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant", FATE_HOLD, HOLD_LOGIN },
	{ OFFICE, STEP_AUTH, 535, "5.7.3", "Authentication unsuccessful", FATE_HOLD, HOLD_LOGIN },
	{ SES, STEP_AUTH, 535, "", "Authentication Credentials Invalid", FATE_HOLD, HOLD_LOGIN },
	{ SENDGRID, STEP_AUTH, 535, "", "Authentication failed: Bad username / password", FATE_HOLD, HOLD_LOGIN },
	{ BREVO, STEP_AUTH, 525, "5.7.1", "Unauthorized IP address", FATE_HOLD, HOLD_LOGIN },

	/* Quota of the account. */
	{ SENDGRID, STEP_AUTH, 451, "", "Authentication failed: Maximum credits exceeded", FATE_HOLD, HOLD_ACCOUNT },
	{ SES, STEP_DOT, 454, "4.7.0", "Throttling failure: Daily message quota exceeded", FATE_HOLD, HOLD_ACCOUNT },
	{ SES, STEP_MAIL, 454, "4.7.0", "Throttling failure: Daily message quota exceeded.", FATE_HOLD, HOLD_ACCOUNT },
	{ WORKSPACE, STEP_DOT, 550, "5.4.5", "Daily SMTP relay limit exceeded for user", FATE_HOLD, HOLD_ACCOUNT },
	{ WORKSPACE, STEP_RCPT, 550, "5.4.5", "Daily SMTP relay limit exceeded for user", FATE_HOLD, HOLD_ACCOUNT },
	{ WORKSPACE, STEP_MAIL, 550, "5.7.1", "Daily SMTP relay limit exceeded for customer", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_DOT, 550, "5.7.1", "Daily SMTP relay limit exceeded for customer", FATE_HOLD, HOLD_ACCOUNT },
	{ GMAIL, STEP_MAIL, 550, "5.4.5", "Daily user sending quota exceeded", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_DATA, 550, "5.4.5", "Daily user sending quota exceeded", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_DOT, 550, "", "Monthly limit exceeded", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_MAIL, 421, "", "Daily limit reached for this key", FATE_HOLD, HOLD_ACCOUNT },
	{ SPARKPOST, STEP_DOT, 420, "4.7.1", "Exceed Sending Limit (daily)", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_RCPT, 550, "", "Domain x.example has exceeded the max emails per hour (100/100) allowed", FATE_HOLD, HOLD_ACCOUNT },
	{ OFFICE, STEP_DOT, 550, "5.2.2", "Submission quota exceeded", FATE_HOLD, HOLD_ACCOUNT },

	/* The account as a whole. */
	{ ANY, STEP_MAIL, 554, "", "Your account has been suspended", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_RCPT, 554, "5.7.1", "account suspended", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_DOT, 554, "5.7.1", "Account blocked for spam", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_AUTH, 535, "", "Authentication failed: account disabled", FATE_HOLD, HOLD_ACCOUNT },
	{ SENDGRID, STEP_AUTH, 535, "", "Authentication failed: account disabled", FATE_HOLD, HOLD_ACCOUNT },
	{ SES, STEP_DOT, 554, "", "Sending suspended for this account", FATE_HOLD, HOLD_ACCOUNT },
	{ SES, STEP_DOT, 554, "", "Message rejected: Sending paused for this account", FATE_HOLD, HOLD_ACCOUNT },
	{ SES, STEP_DOT, 554, "", "Access denied: User `arn' is not authorized to perform `ses:SendRawEmail'", FATE_HOLD, HOLD_ACCOUNT },
	{ ZOHO, STEP_DOT, 550, "5.4.6", "Unusual sending activity detected", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_DOT, 550, "5.4.6", "Unusual sending activity detected", FATE_HOLD, HOLD_ACCOUNT },
	{ OFFICE, STEP_DOT, 550, "5.1.8", "Access denied, bad outbound sender", FATE_HOLD, HOLD_ACCOUNT },
	{ BREVO, STEP_DOT, 502, "5.7.0", "Your SMTP account is not yet activated", FATE_HOLD, HOLD_ACCOUNT },
	{ MAILGUN, STEP_DOT, 421, "", "Domain mg.example is not allowed to send: it is disabled", FATE_HOLD, HOLD_ACCOUNT },
	{ ANY, STEP_RCPT, 554, "5.7.1", "Service unavailable; Client host [192.0.2.1] blocked using bl.example", FATE_HOLD, HOLD_ACCOUNT },

	/* The same words about a recipient are no reason to stop the others. */
	{ ANY, STEP_RCPT, 550, "5.2.1", "Recipient account is disabled", FATE_FAIL, NONE },
	{ ANY, STEP_RCPT, 552, "5.2.2", "quota exceeded for this account", FATE_FAIL, NONE },
	{ ANY, STEP_RCPT, 552, "5.2.2", "mailbox full", FATE_FAIL, NONE },
	{ ANY, STEP_RCPT, 452, "4.2.2", "mailbox full", FATE_DEFER, NONE },
	{ ANY, STEP_RCPT, 452, "4.2.2", "Daily sending quota of this mailbox exceeded", FATE_DEFER, NONE },
	{ ANY, STEP_RCPT, 550, "5.1.1", "your account is blocked", FATE_FAIL, NONE },
	{ ANY, STEP_RCPT, 550, "", "account disabled", FATE_FAIL, NONE },
	{ ANY, STEP_RCPT, 550, "", "mailbox quota: daily limit exceeded", FATE_FAIL, NONE },
	{ ANY, STEP_DOT, 552, "5.2.2", "mailbox is over quota: quota exceeded for this account", FATE_FAIL, NONE },
	{ ANY, STEP_DOT, 452, "4.2.2", "The email account that you tried to reach is over quota", FATE_DEFER, NONE },
	{ ANY, STEP_DOT, 550, "5.2.1", "The email account that you tried to reach is disabled", FATE_FAIL, NONE },
	{ GMAIL, STEP_RCPT, 450, "4.2.1", "The user you are trying to contact is receiving mail at a rate that prevents more", FATE_DEFER, NONE },
	{ OFFICE, STEP_DOT, 550, "5.7.1", "RESOLVER.RST.AuthRequired; authentication required", FATE_FAIL, NONE },

	/* This sender: the message is refused, and those with another sender go on. */
	{ OFFICE, STEP_DOT, 554, "5.2.252", "SendAsDenied; a@x not allowed to send as b@y", FATE_FAIL, NONE },
	{ OFFICE, STEP_DOT, 550, "5.7.60", "Client does not have permissions to send as this sender", FATE_FAIL, NONE },
	{ OFFICE, STEP_MAIL, 550, "5.7.60", "Client does not have permissions to send as this sender", FATE_FAIL, NONE },
	{ ANY, STEP_MAIL, 553, "5.7.1", "<a@x>: Sender address rejected: not owned by user u", FATE_FAIL, NONE },
	{ ANY, STEP_RCPT, 553, "5.7.1", "<a@x>: Sender address rejected: not owned by user u", FATE_FAIL, NONE },
	{ SES, STEP_DOT, 554, "", "Message rejected: Email address is not verified.", FATE_FAIL, NONE },
	{ ZOHO, STEP_DOT, 553, "", "Relaying disallowed as a@x.example", FATE_FAIL, NONE },
	{ POSTMARK, STEP_DOT, 550, "5.7.1", "Sender signature not confirmed", FATE_FAIL, NONE },
	{ SPARKPOST, STEP_MAIL, 550, "5.7.1", "Unconfigured Sending Domain <x.example>", FATE_FAIL, NONE },
	{ MAILGUN, STEP_DOT, 554, "", "Free accounts are for test purposes only. Please add the address to your authorized recipients", FATE_FAIL, NONE },

	/* Too fast. */
	{ SES, STEP_DOT, 454, "4.7.0", "Throttling failure: Maximum sending rate exceeded", FATE_SLOW, RATE },
	{ ANY, STEP_DOT, 454, "4.7.0", "Throttling failure: Maximum sending rate exceeded", FATE_SLOW, RATE },
	{ ANY, STEP_MAIL, 454, "4.7.0", "Throttling failure", FATE_SLOW, RATE },
	{ ANY, STEP_RCPT, 454, "4.7.0", "Throttling failure", FATE_SLOW, RATE },
	{ ANY, STEP_DATA, 454, "4.7.0", "Throttling failure", FATE_SLOW, RATE },
	{ GMAIL, STEP_MAIL, 421, "4.7.28", "Our system has detected an unusual rate of unsolicited mail", FATE_SLOW, RATE },
	{ ANY, STEP_DOT, 421, "4.7.28", "unusual rate", FATE_SLOW, RATE },
	{ WORKSPACE, STEP_MAIL, 450, "4.2.1", "Peak SMTP relay quota exceeded", FATE_SLOW, RATE },
	{ WORKSPACE, STEP_RCPT, 450, "4.2.1", "Peak SMTP relay quota exceeded", FATE_SLOW, RATE },
	{ ANY, STEP_MAIL, 450, "4.2.1", "sender rate too high", FATE_SLOW, RATE },
	{ ANY, STEP_DOT, 451, "4.7.1", "Rate limit exceeded, slow down", FATE_SLOW, RATE },
	{ ANY, STEP_DOT, 550, "5.7.1", "rate limit exceeded", FATE_SLOW, RATE },
	{ ANY, STEP_MAIL, 450, "", "Too many requests", FATE_SLOW, RATE },

	/* Too many connections. */
	{ OFFICE, STEP_MAIL, 432, "4.3.2", "Concurrent connections limit exceeded", FATE_SLOW, CONNECTIONS },
	{ OFFICE, STEP_DOT, 432, "4.3.2", "STOREDRV.ClientSubmit; sender thread limit exceeded", FATE_SLOW, CONNECTIONS },
	{ ANY, STEP_RCPT, 432, "4.3.2", "sender thread limit exceeded", FATE_SLOW, CONNECTIONS },
	{ ANY, STEP_GREETING, 421, "", "Too many connections from your host", FATE_SLOW, CONNECTIONS },
	{ ANY, STEP_AUTH, 421, "4.7.0", "Too many concurrent SMTP connections", FATE_SLOW, CONNECTIONS },
	{ ANY, STEP_MAIL, 421, "4.7.0", "Too many concurrent SMTP connections; please try again later", FATE_SLOW, CONNECTIONS },
	{ ANY, STEP_EHLO, 421, "4.3.2", "The maximum number of concurrent connections has exceeded a limit", FATE_SLOW, CONNECTIONS },

	/* The connection's end is no message's fault. */
	{ ANY, STEP_MAIL, 421, "4.4.2", "idle timeout exceeded", FATE_REDIAL, NONE },
	{ ANY, STEP_RCPT, 421, "4.4.2", "Error: timeout exceeded", FATE_REDIAL, NONE },
	{ ANY, STEP_MAIL, 421, "", "Too many messages in this session", FATE_REDIAL, NONE },
	{ ANY, STEP_MAIL, 421, "", "too many messages in this connection", FATE_REDIAL, NONE }, /* Exim */
	{ ANY, STEP_MAIL, 421, "", "Max message per connection reached, closing transmission channel", FATE_REDIAL, NONE },
	{ ANY, STEP_MAIL, 452, "4.7.0", "Too many messages for this connection", FATE_REDIAL, NONE },
	{ ANY, STEP_MAIL, 451, "4.7.0", "Timeout waiting for client input", FATE_REDIAL, NONE },
	{ ANY, STEP_MAIL, 451, "4.4.2", "Timeout - closing connection", FATE_REDIAL, NONE },
	{ ANY, STEP_MAIL, 451, "4.1.8", "Sender lookup timeout", FATE_DEFER, NONE },
	{ ANY, STEP_RSET, 554, "", "Too many nonmail commands", FATE_REDIAL, NONE },
	{ ANY, STEP_MAIL, 421, "4.3.2", "Service shutting down", FATE_HOLD, HOLD_SESSION },
	{ ANY, STEP_RCPT, 421, "4.3.2", "Service shutting down", FATE_HOLD, HOLD_SESSION },
	{ ANY, STEP_DOT, 421, "", "Server shutting down", FATE_HOLD, HOLD_SESSION },

	/* Too many recipients: the others go in the next transaction. */
	{ ANY, STEP_RCPT, 452, "4.5.3", "Too many recipients", FATE_NEXT, NONE },
	{ ANY, STEP_RCPT, 552, "", "Too many recipients", FATE_NEXT, NONE },
	{ ANY, STEP_RCPT, 452, "", "too many", FATE_NEXT, NONE },
};
/* clang-format on */

START_TEST(knows_the_reply)
{
	const struct reply_case *c = &cases[_i];
	struct verdict verdict = classify(c->step, c->host, c->code, c->enhanced, c->text);
	int kind = verdict.fate == FATE_SLOW ? (int)verdict.throttle : (int)verdict.hold;

	ck_assert_msg(verdict.fate == c->fate && kind == c->kind,
	    "%s at %s: %d %s %s: fate %d kind %d", step_name(c->step), c->host, c->code,
	    c->enhanced, c->text, verdict.fate, kind);
}
END_TEST

/* A bad login, a full account, a blocked one: people must be told what to do. */
START_TEST(a_hold_of_the_account_comes_with_a_remedy)
{
	const struct reply_case *c = &cases[_i];

	if (c->fate == FATE_SLOW ||
	    (c->fate == FATE_HOLD && (c->kind == HOLD_LOGIN || c->kind == HOLD_ACCOUNT)))
		ck_assert_msg(
		    classify(c->step, c->host, c->code, c->enhanced, c->text).remedy != NULL,
		    "%d %s %s", c->code, c->enhanced, c->text);
}
END_TEST

START_TEST(a_provider_has_words_of_its_own)
{
	static const struct {
		const char *host, *words;
	} logins[] = {
		{ GMAIL, "app password" },
		{ "SMTP.Gmail.Com", "app password" },
		{ SES, "SMTP credentials" },
		{ SENDGRID, "apikey" },
		{ MAILGUN, "not the API key" },
		{ POSTMARK, "token" },
		{ SPARKPOST, "SMTP_Injection" },
		{ "smtp.resend.com", "resend" },
		{ ANY, "app password or an API key" },
		{ "notgmail.com", "app password or an API key" },
	};

	for (size_t i = 0; i < sizeof logins / sizeof *logins; i++) {
		const char *remedy = classify(STEP_AUTH, logins[i].host, 535, "5.7.8", "no").remedy;

		ck_assert_msg(
		    strstr(remedy, logins[i].words) != NULL, "%s: %s", logins[i].host, remedy);
	}
}
END_TEST

START_TEST(a_refused_sender_comes_with_a_remedy)
{
	ck_assert_ptr_nonnull(
	    classify(STEP_MAIL, ANY, 553, "5.7.1", "a@x: not owned by user u").remedy);
	ck_assert_ptr_nonnull(classify(STEP_DOT, OFFICE, 554, "5.2.252", "SendAsDenied").remedy);
}
END_TEST

/* The plainest reply that a row is for: its text with nothing but spaces between the parts. */
static void
write_reply(const struct pattern *row, int *code, char enhanced[16], char text[80])
{
	const char *start = row->enhanced != NULL ? row->enhanced : "4.9.9";
	size_t len = strlen(start);

	*code = row->code != 0 ? row->code : 450;
	snprintf(enhanced, 16, "%s%s", start, len > 0 && start[len - 1] == '.' ? "9" : "");
	snprintf(text, 80, "%s", row->text != NULL ? row->text : "");
	for (char *star = text; (star = strchr(star, '*')) != NULL;)
		*star = ' ';
}

static bool
is_first(const struct pattern_list *list, const struct pattern *row, enum step step)
{
	char enhanced[16], text[80];
	int code;

	write_reply(row, &code, enhanced, text);
	for (size_t i = 0; &list->rows[i] != row; i++)
		if (pattern_fits(&list->rows[i], step, code, enhanced, text))
			return false;
	return pattern_fits(row, step, code, enhanced, text);
}

/* The first row that fits counts: one behind a wider one would never. */
START_TEST(each_row_counts_at_some_step)
{
	struct pattern_list list = pattern_general();

	for (size_t i = 0; i < list.count; i++) {
		bool counts = false;

		for (enum step step = STEP_CONNECT; step <= STEP_QUIT; step++)
			counts |= is_first(&list, &list.rows[i], step);
		ck_assert_msg(counts, "row %zu: %s", i, list.rows[i].text);
	}
}
END_TEST

static void
add_cases(Suite *suite)
{
	TCase *table = tcase_create("table");

	tcase_add_loop_test(table, knows_the_reply, 0, sizeof cases / sizeof *cases);
	tcase_add_loop_test(
	    table, a_hold_of_the_account_comes_with_a_remedy, 0, sizeof cases / sizeof *cases);
	suite_add_tcase(suite, table);
	add_tests(suite, "rows", each_row_counts_at_some_step);
	add_tests(
	    suite, "remedy", a_provider_has_words_of_its_own, a_refused_sender_comes_with_a_remedy);
}

UNIT_MAIN("classify")
