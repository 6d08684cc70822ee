/* SPDX-License-Identifier: ISC */
/* reply.h - replies: the normal ones (reply.c), and what a fault puts in their place (misbehave.c).
 */
#ifndef PROVIDER_REPLY_H
#define PROVIDER_REPLY_H

#include <stdbool.h>

#include "faults.h"

struct session;

struct reply {
	unsigned code;
	const char *enhanced; /* NULL: none, as in 220, 250 of EHLO, 334, 354 */
	const char *text;     /* lines, parted by \n */
};

/* Send a reply as it is, without a look at the faults; slowly: one octet every ms. */
void reply_send(struct session *s, const struct reply *r);
void reply_send_slowly(struct session *s, const struct reply *r, unsigned long ms);
/* Send it after the next one. */
void reply_send_behind_next(struct session *s, const struct reply *r);
void reply(struct session *s, unsigned code, const char *enhanced, const char *text);

/* Send octets as they are. */
void reply_raw(struct session *s, const char *text);

/* Reply 421 and close. */
void reply_goodbye(struct session *s, const char *enhanced, const char *text);

/* The reply of a step: the fault's, or with NULL the normal one. */
void reply_step(struct session *s, const struct fault *fault, const struct reply *normal);
void reply_fault(struct session *s, const struct fault *fault, const struct reply *normal);

/* A fault where no reply is due: at connect, tls and content.  False: the session goes on. */
bool misbehave(struct session *s, const struct fault *fault);

#endif
