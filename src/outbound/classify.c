/* SPDX-License-Identifier: ISC */
/*
 * classify.c - see classify.h.  patterns[] knows replies that providers are known for and is
 * searched first; plain[] says what the classes of codes mean at each step otherwise.
 */
#include "outbound/classify.h"

#include <stddef.h>
#include <string.h>

#define IN(step)    (1u << (step))
#define SESSION     (IN(STEP_GREETING) | IN(STEP_EHLO) | IN(STEP_STARTTLS) | IN(STEP_AUTH))
#define TRANSACTION (IN(STEP_MAIL) | IN(STEP_RCPT) | IN(STEP_DATA) | IN(STEP_DOT))
/* Where "account" and "rate" are not those of a recipient. */
#define OURS (SESSION | IN(STEP_MAIL) | IN(STEP_DATA) | IN(STEP_DOT))

struct pattern {
	unsigned steps;
	int code;             /* 0: any that begins with 4 or 5 */
	const char *enhanced; /* NULL: any */
	const char *text;     /* occurs in the text, in any case; NULL: any */
	struct verdict verdict;
};

#define LOGIN(words)                         \
	{                                    \
		FATE_HOLD, HOLD_LOGIN, words \
	}
#define ACCOUNT(words)                         \
	{                                      \
		FATE_HOLD, HOLD_ACCOUNT, words \
	}
#define SLOW(words)                             \
	{                                       \
		FATE_SLOW, HOLD_THROTTLE, words \
	}

static const char app_password[] = "the provider refused the login: check username and password; "
				   "many providers want an app password or an API key";
static const char basic_auth[] =
    "the provider has switched off logins with a password for this account (basic authentication)";
static const char quota[] =
    "the account has used up what the provider lets it send; it goes on when that resets";
static const char suspended[] = "the provider has suspended the account: ask its support";
static const char must_login[] = "the provider wants a login: set username and password_file";
static const char slower[] =
    "the provider wants mail to come more slowly: set rate, or fewer connections";

static const struct pattern patterns[] = {
	/* Login. */
	{ IN(STEP_AUTH) | TRANSACTION, 550, "5.7.30", NULL, LOGIN(basic_auth) },
	{ IN(STEP_AUTH), 535, "5.7.139", NULL, LOGIN(basic_auth) },
	{ IN(STEP_AUTH), 534, NULL, NULL, LOGIN(app_password) },
	{ IN(STEP_AUTH), 535, NULL, NULL, LOGIN(app_password) },
	{ IN(STEP_AUTH), 454, NULL, NULL,
	    { FATE_HOLD, HOLD_SESSION, "the provider cannot check logins just now" } },
	{ TRANSACTION, 530, NULL, NULL, LOGIN(must_login) },
	{ TRANSACTION, 535, NULL, NULL, LOGIN(app_password) },
	{ TRANSACTION, 538, NULL, NULL,
	    { FATE_HOLD, HOLD_TLS, "the provider wants TLS: set tls" } },
	{ IN(STEP_MAIL), 0, NULL, "authentication required", LOGIN(must_login) },
	/* Quota. */
	{ TRANSACTION | SESSION, 0, "5.4.5", NULL, ACCOUNT(quota) },
	{ TRANSACTION | SESSION, 0, NULL, "daily user sending", ACCOUNT(quota) },
	{ TRANSACTION | SESSION, 0, NULL, "daily sending quota", ACCOUNT(quota) },
	{ TRANSACTION | SESSION, 0, NULL, "daily message quota", ACCOUNT(quota) },
	{ TRANSACTION | SESSION, 0, NULL, "sending limit exceeded", ACCOUNT(quota) },
	{ TRANSACTION | SESSION, 0, NULL, "relay limit exceeded", ACCOUNT(quota) },
	{ OURS, 0, NULL, "quota exceeded for this account", ACCOUNT(quota) },
	/* The account as a whole. */
	{ OURS, 0, NULL, "account suspended", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "account has been suspended", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "account is suspended", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "account disabled", ACCOUNT(suspended) },
	{ OURS, 0, NULL, "account is disabled", ACCOUNT(suspended) },
	/* Throttling. */
	{ TRANSACTION, 432, NULL, NULL, SLOW(slower) },
	{ TRANSACTION, 454, NULL, "throttl", SLOW(slower) },
	{ TRANSACTION, 454, NULL, "rate exceeded", SLOW(slower) },
	{ TRANSACTION, 421, "4.7.28", NULL, SLOW(slower) },
	{ TRANSACTION, 0, NULL, "maximum sending rate", SLOW(slower) },
	{ OURS & ~SESSION, 450, "4.2.1", "rate", SLOW(slower) },
	/* Too many recipients in one transaction: RFC 5321 4.5.3.1.10. */
	{ IN(STEP_RCPT), 452, NULL, "too many", { FATE_NEXT, HOLD_NONE, NULL } },
	{ IN(STEP_RCPT), 452, "4.5.3", NULL, { FATE_NEXT, HOLD_NONE, NULL } },
	{ IN(STEP_RCPT), 452, "5.5.3", NULL, { FATE_NEXT, HOLD_NONE, NULL } },
	{ IN(STEP_RCPT), 452, "", NULL, { FATE_NEXT, HOLD_NONE, NULL } },
	{ IN(STEP_RCPT), 552, "5.5.3", NULL, { FATE_NEXT, HOLD_NONE, NULL } },
	{ IN(STEP_RCPT), 552, "", NULL, { FATE_NEXT, HOLD_NONE, NULL } },
	{ IN(STEP_RCPT), 552, NULL, "too many", { FATE_NEXT, HOLD_NONE, NULL } },
};

static bool
matches(
    const struct pattern *pattern, enum step step, int code, const char *enhanced, const char *text)
{
	return (pattern->steps & IN(step)) != 0 &&
	       (pattern->code == code || (pattern->code == 0 && code >= 400)) &&
	       (pattern->enhanced == NULL || strcmp(pattern->enhanced, enhanced) == 0) &&
	       (pattern->text == NULL || strcasestr(text, pattern->text) != NULL);
}

/* The class of reply that lets each step go on (RFC 5321 4.3.2, RFC 4954 4). */
static const char expected_class[] = {
	[STEP_GREETING] = 2,
	[STEP_EHLO] = 2,
	[STEP_STARTTLS] = 2,
	[STEP_AUTH] = 2,
	[STEP_MAIL] = 2,
	[STEP_RCPT] = 2,
	[STEP_DATA] = 3,
	[STEP_DOT] = 2,
	[STEP_RSET] = 2,
	[STEP_QUIT] = 2,
};

static const enum hold session_hold[] = {
	[STEP_GREETING] = HOLD_SESSION,
	[STEP_EHLO] = HOLD_SESSION,
	[STEP_STARTTLS] = HOLD_TLS,
	[STEP_AUTH] = HOLD_LOGIN,
};

struct verdict
classify(enum step step, int code, const char *enhanced, const char *text)
{
	int class = code / 100;

	if (class == expected_class[step])
		return (struct verdict){ FATE_OK, HOLD_NONE, NULL };
	for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
		if (matches(&patterns[i], step, code, enhanced, text))
			return patterns[i].verdict;
	if ((SESSION & IN(step)) != 0)
		return (struct verdict){ FATE_HOLD, session_hold[step], NULL };
	if (class == 4)
		return (struct verdict){ FATE_DEFER, HOLD_NONE, NULL };
	if (class == 5)
		return (struct verdict){ FATE_FAIL, HOLD_NONE, NULL };
	return (struct verdict){ FATE_UNEXPECTED, HOLD_SESSION, NULL };
}

const char *
step_name(enum step step)
{
	static const char *const names[] = {
		[STEP_CONNECT] = "connect",
		[STEP_GREETING] = "greeting",
		[STEP_EHLO] = "EHLO",
		[STEP_STARTTLS] = "STARTTLS",
		[STEP_TLS] = "TLS handshake",
		[STEP_AUTH] = "AUTH",
		[STEP_MAIL] = "MAIL",
		[STEP_RCPT] = "RCPT",
		[STEP_DATA] = "DATA",
		[STEP_DOT] = "end of data",
		[STEP_RSET] = "RSET",
		[STEP_QUIT] = "QUIT",
	};

	return names[step];
}
