/* SPDX-License-Identifier: ISC */
/*
 * pattern.c - replies that many providers share; see pattern.h.  The order counts: "daily quota"
 * stands before "throttling", since SES says both in one line.  A new row comes with a case in
 * tests/unit/outbound/test_classify.c.  Checked: 2026-11.
 */
#include "outbound/pattern.h"

#include <string.h>

static const char app_password[] = "the provider refused the login: check username and password; "
				   "many providers want an app password or an API key";
static const char basic_auth[] =
    "the provider has switched off logins with a password for this account (basic authentication)";
static const char logins[] = "the provider has seen too many logins: it takes them again later";
static const char no_logins[] = "the provider cannot check logins just now";
static const char must_login[] = "the provider wants a login: set username and password_file";
static const char wants_tls[] = "the provider wants TLS: set tls";
static const char quota[] =
    "the account has used up what the provider lets it send; it goes on when that resets";
static const char suspended[] = "the provider has suspended the account: ask its support";
static const char blocked[] = "the provider refuses all mail from this host's address";
static const char slower[] = "the provider wants mail to come more slowly: set rate";
static const char fewer[] = "the provider wants fewer connections at a time: set connections";
static const char own_sender[] =
    "the account may not send from this address: use one of its own, or have it allowed there";
static const char verify[] = "the provider must verify this address or domain first";

/* clang-format off */
static const struct pattern rows[] = {
	/* Of a recipient, whatever the words: a group that takes mail from its own people only. */
	{ IN(STEP_RCPT) | CONTENT, 0, NULL, "RESOLVER.RST", BY_CLASS(NULL) },

	/* TLS. */
	{ SESSION | TRANSACTION, 0, NULL, "starttls*first", HELD(HOLD_TLS, wants_tls) },
	{ SESSION | TRANSACTION, 538, NULL, NULL, HELD(HOLD_TLS, wants_tls) },
	{ IN(STEP_AUTH) | IN(STEP_MAIL), 0, "5.7.10", NULL, HELD(HOLD_TLS, wants_tls) },
	{ IN(STEP_AUTH) | IN(STEP_MAIL), 0, NULL, "encryption required", HELD(HOLD_TLS, wants_tls) },

	/* The connection has had its share: not to be taken for one too many at a time. */
	{ TRANSACTION, 0, NULL, "too many messages*connection", MEANS(FATE_REDIAL) },
	{ TRANSACTION, 0, NULL, "too many messages*session", MEANS(FATE_REDIAL) },
	{ TRANSACTION, 0, NULL, "message*per connection", MEANS(FATE_REDIAL) },
	{ TRANSACTION, 0, NULL, "message*per session", MEANS(FATE_REDIAL) },

	/* Connections. */
	{ SESSION | TRANSACTION, 0, NULL, "concurrent", FEWER(fewer) },
	{ SESSION | TRANSACTION, 0, NULL, "too many*connection", FEWER(fewer) },
	{ SESSION | TRANSACTION, 0, NULL, "too many*sessions", FEWER(fewer) },
	{ SESSION | TRANSACTION, 0, NULL, "thread limit", FEWER(fewer) },
	{ OURS, 0, NULL, "connection*limit", FEWER(fewer) },
	{ OURS, 0, NULL, "maximum*connections", FEWER(fewer) },
	{ TRANSACTION, 432, NULL, NULL, FEWER(fewer) },

	/* Quota. */
	{ SESSION | TRANSACTION, 0, "5.4.5", NULL, ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "daily user sending", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "daily sending quota", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "daily message quota", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "sending limit", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "sending quota", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "relay limit", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "limit exceeded for customer", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "credits exceeded", ACCOUNT(quota) },
	{ SESSION | TRANSACTION, 0, NULL, "exceeded*emails per hour", ACCOUNT(quota) },
	{ OURS, 0, NULL, "daily*quota", ACCOUNT(quota) },
	{ OURS, 0, NULL, "daily*limit", ACCOUNT(quota) },
	{ OURS, 0, NULL, "monthly*quota", ACCOUNT(quota) },
	{ OURS, 0, NULL, "monthly*limit", ACCOUNT(quota) },
	{ OURS, 0, NULL, "hourly*limit", ACCOUNT(quota) },
	{ OURS, 0, NULL, "quota exceeded for this account", ACCOUNT(quota) },

	/* The account, or this host, as a whole. */
	{ OURS, 0, NULL, "account*suspended", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "account*disabled", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "account*blocked", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "account*locked", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "sending*suspended", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "sending*paused", ACCOUNT(suspended) },
	{ IN(STEP_RCPT), 0, "5.7.", "account*suspended", ACCOUNT(suspended) },
	{ IN(STEP_RCPT), 0, "5.7.", "account*disabled", ACCOUNT(suspended) },
	{ IN(STEP_RCPT), 0, "5.7.", "account*blocked", ACCOUNT(suspended) },
	{ IN(STEP_RCPT), 0, NULL, "your account*suspended", ACCOUNT(suspended) },
	{ IN(STEP_RCPT), 0, NULL, "your account*disabled", ACCOUNT(suspended) },
	{ IN(STEP_RCPT), 0, NULL, "your account*blocked", ACCOUNT(suspended) },
	{ SESSION | TRANSACTION, 0, NULL, "unusual sending activity", ACCOUNT(suspended) },
	{ IN(STEP_MAIL) | IN(STEP_RCPT), 0, NULL, "client host*blocked", ACCOUNT(blocked) },
	{ IN(STEP_MAIL) | IN(STEP_RCPT), 0, NULL, "client host rejected", ACCOUNT(blocked) },

	/* Login. */
	{ IN(STEP_AUTH) | TRANSACTION, 0, "5.7.30", NULL, LOGIN(basic_auth) },
	{ IN(STEP_AUTH) | TRANSACTION, 0, "5.7.139", NULL, LOGIN(basic_auth) },
	{ IN(STEP_AUTH) | TRANSACTION, 0, "5.7.57", NULL, LOGIN(must_login) },
	{ IN(STEP_AUTH), 0, NULL, "too many*login", LOGIN(logins) },
	{ IN(STEP_AUTH), 0, NULL, "too many*auth", LOGIN(logins) },
	{ IN(STEP_AUTH), 534, NULL, NULL, LOGIN(app_password) },
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN(app_password) },
	{ IN(STEP_AUTH), 432, NULL, NULL, LOGIN(app_password) }, /* a password transition */
	{ IN(STEP_AUTH), 454, NULL, NULL, HELD(HOLD_SESSION, no_logins) },
	{ TRANSACTION, 530, NULL, NULL, LOGIN(must_login) },
	{ TRANSACTION, 534, NULL, NULL, LOGIN(app_password) },
	{ TRANSACTION, 535, NULL, NULL, LOGIN(app_password) },
	{ TRANSACTION, 0, NULL, "authentication required", LOGIN(must_login) },
	{ TRANSACTION, 0, NULL, "not authenticated to send", LOGIN(must_login) },

	/* The connection was idle for too long, or of too little use; or the server leaves. */
	{ TRANSACTION | IN(STEP_RSET), 0, NULL, "too many nonmail", MEANS(FATE_REDIAL) },
	{ TRANSACTION, 421, "4.4.2", NULL, MEANS(FATE_REDIAL) },
	{ TRANSACTION, 421, NULL, "idle", MEANS(FATE_REDIAL) },
	{ IN(STEP_MAIL), 451, NULL, "timeout waiting", MEANS(FATE_REDIAL) },
	{ IN(STEP_MAIL), 451, NULL, "timeout*closing", MEANS(FATE_REDIAL) },
	{ TRANSACTION, 421, NULL, "timeout", MEANS(FATE_REDIAL) },
	{ TRANSACTION, 421, NULL, "timed out", MEANS(FATE_REDIAL) },
	{ TRANSACTION, 421, "4.3.2", NULL, HELD(HOLD_SESSION, NULL) },
	{ TRANSACTION, 421, NULL, "shutting down", HELD(HOLD_SESSION, NULL) },

	/* Throttling.  A mailbox that gets too much is no reason to slow down for the others. */
	{ IN(STEP_RCPT), 0, NULL, "receiving mail", BY_CLASS(NULL) },
	{ SESSION | TRANSACTION, 0, NULL, "throttl", SLOWER(slower) },
	{ SESSION | TRANSACTION, 0, NULL, "rate exceeded", SLOWER(slower) },
	{ SESSION | TRANSACTION, 0, NULL, "sending rate", SLOWER(slower) },
	{ SESSION | TRANSACTION, 0, NULL, "rate limit", SLOWER(slower) },
	{ SESSION | TRANSACTION, 0, NULL, "unusual rate", SLOWER(slower) },
	{ SESSION | TRANSACTION, 0, NULL, "slow down", SLOWER(slower) },
	{ SESSION | TRANSACTION, 0, NULL, "too many requests", SLOWER(slower) },
	{ OURS, 0, NULL, "too many messages", SLOWER(slower) },
	{ SESSION | TRANSACTION, 0, "4.7.28", NULL, SLOWER(slower) },
	{ IN(STEP_MAIL) | CONTENT, 450, "4.2.1", "rate", SLOWER(slower) },

	/* Too many recipients in one transaction: RFC 5321 4.5.3.1.10. */
	{ IN(STEP_RCPT), 452, NULL, "too many", MEANS(FATE_NEXT) },
	{ IN(STEP_RCPT), 452, "4.5.3", NULL, MEANS(FATE_NEXT) },
	{ IN(STEP_RCPT), 452, "5.5.3", NULL, MEANS(FATE_NEXT) },
	{ IN(STEP_RCPT), 452, "", NULL, MEANS(FATE_NEXT) },
	{ IN(STEP_RCPT), 552, "5.5.3", NULL, MEANS(FATE_NEXT) },
	{ IN(STEP_RCPT), 552, "", NULL, MEANS(FATE_NEXT) },
	{ IN(STEP_RCPT), 552, NULL, "too many", MEANS(FATE_NEXT) },

	/* This sender: a message with another one goes on. */
	{ TRANSACTION, 0, "5.7.60", NULL, BY_CLASS(own_sender) },
	{ TRANSACTION, 0, "5.2.252", NULL, BY_CLASS(own_sender) },
	{ TRANSACTION, 0, NULL, "SendAsDenied", BY_CLASS(own_sender) },
	{ TRANSACTION, 0, NULL, "not owned by", BY_CLASS(own_sender) },
	{ TRANSACTION, 0, NULL, "permissions to send as", BY_CLASS(own_sender) },
	{ TRANSACTION, 0, NULL, "relaying disallowed", BY_CLASS(own_sender) },
	{ TRANSACTION, 0, NULL, "address is not verified", BY_CLASS(verify) },
	{ TRANSACTION, 0, NULL, "domain*not verified", BY_CLASS(verify) },
	{ TRANSACTION, 0, NULL, "unconfigured sending domain", BY_CLASS(verify) },
};
/* clang-format on */

struct pattern_list
pattern_general(void)
{
	return (struct pattern_list){ rows, sizeof rows / sizeof *rows };
}

static bool
has_code(const struct pattern *pattern, int code, const char *enhanced)
{
	if (pattern->code != code && (pattern->code != 0 || code < 400))
		return false;
	if (pattern->enhanced == NULL)
		return true;

	size_t len = strlen(pattern->enhanced);

	return len > 0 && pattern->enhanced[len - 1] == '.'
		   ? strncmp(pattern->enhanced, enhanced, len) == 0
		   : strcmp(pattern->enhanced, enhanced) == 0;
}

/* Find the parts of a pattern between its stars in the text, one behind the other. */
static bool
has_text(const char *pattern, const char *text)
{
	char part[64];

	while (pattern != NULL) {
		size_t len = strcspn(pattern, "*");

		if (len >= sizeof part)
			return false;
		memcpy(part, pattern, len);
		part[len] = '\0';
		if ((text = strcasestr(text, part)) == NULL)
			return false;
		text += len;
		pattern = pattern[len] == '*' ? pattern + len + 1 : NULL;
	}
	return true;
}

bool
pattern_fits(
    const struct pattern *pattern, enum step step, int code, const char *enhanced, const char *text)
{
	return (pattern->steps & IN(step)) != 0 && has_code(pattern, code, enhanced) &&
	       has_text(pattern->text, text);
}
