/* SPDX-License-Identifier: ISC */
/*
 * classify.h - what a reply of an upstream means: for the message, and for the upstream.  Pure; the
 * knowledge is data (pattern.h).  The first digit alone does not tell: "550 5.4.5 Daily limit
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
	FATE_SLOW,  /* throttled: message or recipient wait a moment, the upstream goes on slower */
	FATE_REDIAL, /* the connection is over: the message goes untouched over another one */
	FATE_HOLD,   /* the account's or the upstream's trouble: the upstream is held, the message
			untouched */
	FATE_UNEXPECTED, /* a class of reply that has no meaning at this step */
};

/* What kind of trouble an upstream is held for; health.c says for how long. */
enum hold {
	HOLD_NONE,
	HOLD_NETWORK,
	HOLD_SESSION,
	HOLD_TLS,
	HOLD_LOGIN,
	HOLD_ACCOUNT,
	HOLD_THROTTLE, /* it lets no connection in at all for now */
};

/* What there is too much of. */
enum throttle { THROTTLE_NONE, THROTTLE_RATE, THROTTLE_CONNECTIONS };

struct verdict {
	enum fate fate;
	enum hold hold;         /* for FATE_HOLD */
	enum throttle throttle; /* for FATE_SLOW */
	const char
	    *remedy; /* plain words for the operator; NULL if the upstream's own say it all */
};

/* The host is the upstream's name; enhanced is "" when the reply had none; text holds the words
 * after it. */
struct verdict
classify(enum step step, const char *host, int code, const char *enhanced, const char *text);

#endif
