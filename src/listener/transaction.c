/* SPDX-License-Identifier: ISC */
/* transaction.c - the envelope in the making; see transaction.h. */
#include "listener/transaction.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "listener/session_private.h"

enum { RCPT_ROOM_FIRST = 4 };

struct transaction *
transaction_new(struct session *s, const struct smtp_mail *mail)
{
	struct transaction *t = calloc(1, sizeof *t);
	char *from = strndup(mail->from.text, mail->from.len);

	if (t == NULL || from == NULL) {
		free(t);
		free(from);
		return NULL;
	}
	t->envelope.client = s->client;
	t->envelope.helo = s->helo;
	t->envelope.listener = s->listen->name;
	t->envelope.from = from;
	t->envelope.priority = s->listen->priority.value;
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
	for (size_t i = 0; i < t->envelope.nrcpt; i++)
		free(t->envelope.rcpt[i]);
	free(t->envelope.rcpt);
	free(t->envelope.from);
	free(t);
	*transaction = NULL;
}

int
transaction_add_rcpt(struct transaction *t, const struct smtp_mailbox *to)
{
	struct envelope *envelope = &t->envelope;

	if (envelope->nrcpt == t->rcpt_room) {
		size_t room = t->rcpt_room == 0 ? RCPT_ROOM_FIRST : t->rcpt_room * 2;
		char **grown = reallocarray(envelope->rcpt, room, sizeof *grown);

		if (grown == NULL)
			return -1;
		envelope->rcpt = grown;
		t->rcpt_room = room;
	}

	char *mailbox = strndup(to->text, to->len);

	if (mailbox == NULL)
		return -1;
	envelope->rcpt[envelope->nrcpt++] = mailbox;
	return 0;
}
