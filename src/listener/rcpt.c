/* SPDX-License-Identifier: ISC */
/* rcpt.c - RCPT (RFC 5321 4.1.1.3). */
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/transaction.h"
#include "listener/verb.h"

/* RFC 5321 4.5.3.1.10: 452, so that the client sends the others in a transaction of their own. */
static const struct smtp_status too_many = { 452, "4.5.3",
	"Too many recipients: send the others in another transaction" };
static const struct smtp_status no_domain = { 550, "5.1.2", "The recipient needs a domain" };
static const struct smtp_status no_memory = { 452, "4.3.1", "Out of memory: try again later" };

static void
refuse_overflow(struct session *s)
{
	/* A list may be thousands long: one line in the log says it. */
	if (s->transaction->has_overflowed)
		reply_uncounted(s, &too_many);
	else
		reply_status(s, &too_many);
	s->transaction->has_overflowed = true;
}

void
on_rcpt(struct session *s, const struct smtp_command *command)
{
	struct smtp_rcpt rcpt;
	const struct smtp_status *wrong = smtp_rcpt_parse(command->argument, command->argument_len,
	    session_offered(s), s->transaction->envelope.smtputf8, &rcpt);

	if (wrong == NULL && s->transaction->envelope.nrcpt >= s->env->config->limits.recipients) {
		refuse_overflow(s);
		return;
	}
	if (wrong == NULL && smtp_mailbox_is_unqualified(&rcpt.to) &&
	    smtp_mailbox_complete(&rcpt.to, s->env->config->domain) < 0)
		wrong = &no_domain;
	if (wrong == NULL && !policy_takes_recipient(&s->policy, rcpt.to.text)) {
		reply_refused(
		    s, 550, "5.7.1", "No mail for <%s> is taken from you here", rcpt.to.text);
		return;
	}
	if (wrong == NULL && transaction_add_rcpt(s->transaction, &rcpt) < 0)
		wrong = &no_memory;
	if (wrong != NULL) {
		reply_status(s, wrong);
		return;
	}
	session_enter(s, PHASE_RCPT);
	reply(s, 250, "2.1.5", "Ok");
}
