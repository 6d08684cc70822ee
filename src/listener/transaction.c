/* SPDX-License-Identifier: ISC */
/* transaction.c - the envelope in the making; see transaction.h. */
#include "listener/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "listener/session_private.h"

struct transaction *
transaction_new(struct session *s, const struct smtp_mail *mail)
{
	struct transaction *t = calloc(1, sizeof *t);

	if (t == NULL)
		return NULL;
	t->envelope.from = strndup(mail->from.text, mail->from.len);
	t->envelope.envid = mail->envid[0] != '\0' ? strdup(mail->envid) : NULL;
	if (t->envelope.from == NULL || (t->envelope.envid == NULL && mail->envid[0] != '\0')) {
		transaction_free(&t);
		return NULL;
	}
	t->envelope.client = s->client;
	t->envelope.helo = s->helo;
	t->envelope.listener = s->listen->name;
	t->envelope.ret = mail->ret;
	t->envelope.priority = mail->has_priority ? mail->priority : s->listen->priority.value;
	t->envelope.smtputf8 = mail->smtputf8;
	t->envelope.requiretls = mail->requiretls;
	t->envelope.body = mail->body == SMTP_BODY_8BITMIME ? ENVELOPE_8BITMIME : ENVELOPE_7BIT;
	t->began_ms = clock_mono_ms();
	return t;
}

void
transaction_free(struct transaction **transaction)
{
	struct transaction *t = *transaction;

	if (t == NULL)
		return;
	receive_clear(&t->receive);
	envelope_free_rcpts(&t->envelope);
	free(t->envelope.from);
	free(t->envelope.envid);
	free(t);
	*transaction = NULL;
}

int
transaction_add_rcpt(struct transaction *t, const struct smtp_rcpt *rcpt)
{
	struct envelope *envelope = &t->envelope;
	bool has_orcpt = rcpt->orcpt[0] != '\0';
	char *orcpt = has_orcpt ? strdup(rcpt->orcpt) : NULL;

	if ((has_orcpt && orcpt == NULL) ||
	    envelope_add_rcpt(envelope, &t->rcpt_room, rcpt->to.text, rcpt->to.len) < 0) {
		free(orcpt);
		return -1;
	}
	if (!has_orcpt && rcpt->notify == 0)
		return 0;

	struct envelope_dsn *dsn = envelope_last_dsn(envelope, t->rcpt_room);

	if (dsn == NULL) {
		free(orcpt);
		free(envelope->rcpt[--envelope->nrcpt]);
		return -1;
	}
	*dsn = (struct envelope_dsn){ rcpt->notify, orcpt };
	return 0;
}
