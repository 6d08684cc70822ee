/* SPDX-License-Identifier: ISC */
/*
 * transaction.h - one message on one uplink: how far it was sent, and what the replies to it mean
 * for its recipients.  Pure: it neither sends nor knows what stands around it.
 */
#ifndef OUTBOUND_TRANSACTION_H
#define OUTBOUND_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "outbound/classify.h"
#include "smtp/dot.h"

struct delivery;
struct smtp_reply;

/* What was said of the content. */
enum content_fate {
	CONTENT_OPEN,
	CONTENT_TAKEN,
	CONTENT_REFUSED,
	CONTENT_UNCLEAR, /* a reply that tells nothing */
};

struct transaction {
	struct delivery *delivery;
	uint64_t weight; /* octets in memory */
	size_t next;     /* the next recipient to be sent */
	size_t sent;     /* RCPTs of this transaction */
	size_t waiting;  /* replies outstanding, that to the RSET behind it included */
	bool mail_sent;
	bool content_asked; /* DATA or BDAT was sent */
	bool content_begun, content_sent;
	bool is_sent; /* nothing more of it will be sent */
	bool is_bdat;
	bool is_reset; /* RSET was sent behind it */
	uint64_t end;  /* where its content ends in all that is sent */

	bool replied; /* to any command of it */
	bool mail_ok, mail_refused;
	enum content_fate content;
	bool is_refused;    /* a reply put somebody off, or failed him */
	unsigned taken;     /* replies that were yes, before that */
	bool is_odd;        /* a reply to it made no sense: no other one is believed */
	bool is_doubted;    /* it stands behind such a one: only a whole success counts */
	bool reset_refused; /* the RSET behind it */

	uint64_t offset; /* of large content: read so far */
	struct smtp_dot_encoder encoder;
};

/* A reply as it came. */
struct answer {
	const char *host; /* of the upstream */
	enum step step;
	size_t rcpt; /* STEP_RCPT */
	const struct smtp_reply *reply;
	bool is_early;     /* the content had not left entirely */
	bool is_pipelined; /* other commands were sent before it came */
};

enum meaning {
	MEANING_PLAIN,   /* the recipients were judged by it, if it tells of any */
	MEANING_CONTENT, /* the content may be sent */
	MEANING_CLOSING, /* the connection is over, by 421 or in other words */
	MEANING_TROUBLE, /* the upstream's: the verdict tells */
	MEANING_ODD,     /* no reply to this command */
};

/* Take a reply to a command of this transaction (STEP_RSET: the one behind it). */
enum meaning transaction_answer(
    struct transaction *transaction, const struct answer *answer, struct verdict *verdict);

/* Whether any recipient was accepted. */
bool transaction_has_takers(const struct transaction *transaction);

/* Put off what has no fate yet, with the words of a reply; but whom an upstream has taken that
 * reads the content all the same, as it may after 421, has his fate from the reply to that. */
void transaction_put_off(struct transaction *transaction, const struct smtp_reply *reply);

/* The replies are all here; is_shifted: more came than were asked for, and this message is one of
 * those whose replies may have been meant for another command. */
void transaction_conclude(struct transaction *transaction, bool is_shifted);

/*
 * The connection is lost.  has_left: its content left entirely, and nobody has said that it was not
 * read: then its outcome is unknown, if any recipient may have been accepted.  is_blamed: it may
 * have been the reason.
 */
void
transaction_lose(struct transaction *transaction, bool has_left, bool is_blamed, const char *why);

#endif
