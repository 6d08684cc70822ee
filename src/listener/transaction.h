/* SPDX-License-Identifier: ISC */
/* transaction.h - one message on its way in: the envelope as MAIL and RCPT build it, then its
 * content. */
#ifndef LISTENER_TRANSACTION_H
#define LISTENER_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "listener/early.h"
#include "listener/receive.h"
#include "spool/envelope.h"

struct session;
struct smtp_mail;
struct smtp_rcpt;

struct transaction {
	/* from, envid and the recipients are ours; client, helo and listener are borrowed from the
	 * session. */
	struct envelope envelope;
	size_t rcpt_room;
	int64_t began_ms;         /* monotonic, at MAIL */
	uint64_t size;            /* octets given to the spool, once all are */
	struct early_limit limit; /* of the upstreams, for what is given to the spool */
	bool has_overflowed;      /* a recipient over the limit was logged */
	struct receive receive;   /* from DATA on */
};

/* NULL: out of memory. */
struct transaction *transaction_new(struct session *session, const struct smtp_mail *mail);

/* Drop it; of a commit that runs only the answer is not waited for. */
void transaction_free(struct transaction **transaction);

/* -1: out of memory. */
int transaction_add_rcpt(struct transaction *transaction, const struct smtp_rcpt *rcpt);

#endif
