/* SPDX-License-Identifier: ISC */
/*
 * classify.h - what a reply of an upstream means: for the message, and for the upstream.  Pure; the
 * knowledge is a table in classify.c.  The first digit alone does not tell: "550 5.4.5 Daily limit
 * exceeded" is no fault of a message.
 */
#ifndef OUTBOUND_CLASSIFY_H
#define OUTBOUND_CLASSIFY_H

#include <stdbool.h>

enum step {
	STEP_CONNECT,
	STEP_GREETING,
	STEP_EHLO,
	STEP_STARTTLS,
	STEP_TLS,
	STEP_AUTH,
	STEP_MAIL,
	STEP_RCPT,
	STEP_DATA,
	STEP_DOT,
	STEP_RSET,
	STEP_QUIT,
};

/* "EHLO", "the final dot", ...: for logs and reports. */
const char *step_name(enum step step);

enum fate {
	FATE_OK,    /* the step succeeded */
	FATE_DEFER, /* the message or recipient is put off */
	FATE_FAIL,  /* the message or recipient is refused for good */
	FATE_NEXT,  /* not in this transaction: the recipient goes in the next one (RFC
		       5321 4.5.3.1.10) */
	FATE_SLOW,  /* throttled: the message is put off, the upstream gets a rest */
	FATE_HOLD,  /* the account's or the upstream's trouble: the upstream is held, the message
		       untouched */
	FATE_UNEXPECTED, /* a class of reply that has no meaning at this step */
};

/* How long an upstream is held at first and at most. */
enum hold {
	HOLD_NONE,
	HOLD_NETWORK,
	HOLD_SESSION,
	HOLD_TLS,
	HOLD_LOGIN,
	HOLD_ACCOUNT,
	HOLD_THROTTLE
};

struct verdict {
	enum fate fate;
	enum hold hold; /* for FATE_HOLD and FATE_SLOW */
	const char
	    *remedy; /* plain words for the operator; NULL if the upstream's own say it all */
};

/* enhanced is "" when the reply had none; text holds the words after it. */
struct verdict classify(enum step step, int code, const char *enhanced, const char *text);

#endif
