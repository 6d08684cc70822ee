/* SPDX-License-Identifier: ISC */
/*
 * classify.c - see classify.h.  The rows of the provider are searched first, then those of all;
 * what none of them knows is judged by the class of its code at that step.
 */
#include "outbound/classify.h"

#include <string.h>

#include "outbound/pattern.h"

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

/* Where the class alone would let the reply to another command pass (RFC 5321 4.3.2, RFC 3207 4,
 * RFC 4954 4). */
static const int sole_code[] = {
	[STEP_GREETING] = 220,
	[STEP_EHLO] = 250,
	[STEP_STARTTLS] = 220,
	[STEP_AUTH] = 235,
	[STEP_QUIT] = 0,
};

/* Before MAIL there is no message to blame.  A login that fails for now says nothing of the
 * password. */
static enum hold
session_hold(enum step step, int class)
{
	if (step == STEP_STARTTLS)
		return HOLD_TLS;
	return step == STEP_AUTH && class == 5 ? HOLD_LOGIN : HOLD_SESSION;
}

static struct verdict
by_class(enum step step, int class, const char *remedy)
{
	if ((SESSION & IN(step)) != 0)
		return (struct verdict){
			.fate = FATE_HOLD, .hold = session_hold(step, class), .remedy = remedy
		};
	if (class == 4 || class == 5)
		return (struct verdict){ .fate = class == 4 ? FATE_DEFER : FATE_FAIL,
			.remedy = remedy };
	return (struct verdict){ .fate = FATE_UNEXPECTED, .hold = HOLD_SESSION };
}

/* Whether the reply is about a mailbox (RFC 3463 3.2, 3.3). */
static bool
speaks_of_mailbox(const char *enhanced)
{
	return *enhanced != '\0' &&
	       (strncmp(enhanced + 1, ".1.", 3) == 0 || strncmp(enhanced + 1, ".2.", 3) == 0);
}

/* The first row that fits; with may_hold false, of those that leave the upstream alone. */
static const struct pattern *
find(const struct pattern_list *list, bool may_hold, enum step step, int code, const char *enhanced,
    const char *text)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct pattern *row = &list->rows[i];

		if ((may_hold || row->verdict.fate != FATE_HOLD) &&
		    pattern_fits(row, step, code, enhanced, text))
			return row;
	}
	return NULL;
}

/*
 * A mailbox that is full or disabled is never the upstream's trouble, whatever the words: not at
 * RCPT, and behind the content only where the provider is known for saying so of the account.
 */
static const struct pattern *
find_known(enum step step, const char *host, int code, const char *enhanced, const char *text)
{
	bool mailbox = speaks_of_mailbox(enhanced);
	struct pattern_list own = pattern_of_provider(host), general = pattern_general();
	const struct pattern *row =
	    find(&own, !mailbox || step != STEP_RCPT, step, code, enhanced, text);

	if (row != NULL)
		return row;
	return find(&general, !mailbox || (IN(step) & (CONTENT | IN(STEP_RCPT))) == 0, step, code,
	    enhanced, text);
}

struct verdict
classify(enum step step, const char *host, int code, const char *enhanced, const char *text)
{
	int class = code / 100;

	if (class == expected_class[step] && (sole_code[step] == 0 || sole_code[step] == code))
		return (struct verdict){ .fate = FATE_OK };

	const struct pattern *row = find_known(step, host, code, enhanced, text);

	if (row == NULL)
		return by_class(step, class, NULL);
	return row->verdict.fate != FATE_OK ? row->verdict
					    : by_class(step, class, row->verdict.remedy);
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
