/* SPDX-License-Identifier: ISC */
/* mail.c - MAIL (RFC 5321 4.1.1.2): who may send, how much, and whether there is room. */
#include "base/clock.h"
#include "base/sockaddr.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/space.h"
#include "listener/transaction.h"
#include "listener/verb.h"

static const struct smtp_status too_big = { 552, "5.3.4", "Message exceeds the size limit" };
static const struct smtp_status no_room = { 452, "4.3.1",
	"No space for mail now: try again later" };
static const struct smtp_status no_domain = { 553, "5.1.8", "The sender needs a domain" };
static const struct smtp_status no_memory = { 452, "4.3.1", "Out of memory: try again later" };
static const struct smtp_status in_the_past = { 501, "5.5.4", "HOLDUNTIL lies in the past" };
static const struct smtp_status too_late = { 501, "5.5.4",
	"Messages are not held for so long: see EHLO" };

static const struct smtp_status no_login = { 530, "5.7.0", "Log in first, with AUTH" };

/* A sender that is told at MAIL knows at once, whatever its recipients. */
static void
refuse_relay(struct session *s)
{
	char host[SOCKADDR_TEXT_SIZE];

	sockaddr_format_host(&s->peer.sa, host);
	reply(s, 550, "5.7.1", "%s is not allowed to relay through this host", host);
}

/* When the sender wants the message sent (RFC 4865); 0: at once. */
static int64_t
release_of(const struct smtp_mail *mail, int64_t now_ms)
{
	return mail->hold_for_s > 0 ? now_ms + (int64_t)mail->hold_for_s * 1000
				    : mail->hold_until_ms;
}

static const struct smtp_status *
check(struct session *s, struct smtp_mail *mail)
{
	int64_t now = clock_real_ms(), release = release_of(mail, now);

	if (mail->has_size && mail->size > s->env->config->limits.message_size)
		return &too_big;
	if (!space_has_room(s->env->space, mail->has_size ? mail->size : 0))
		return &no_room;
	if (smtp_mailbox_is_unqualified(&mail->from) &&
	    smtp_mailbox_complete(&mail->from, s->env->config->domain) < 0)
		return &no_domain;
	if (release != 0 && release <= now)
		return &in_the_past;
	if (release - now > (int64_t)s->env->config->limits.future_release_ms)
		return &too_late;
	if ((s->transaction = transaction_new(s, mail)) == NULL)
		return &no_memory;
	s->transaction->envelope.release_ms = s->transaction->envelope.next_try_ms = release;
	return NULL;
}

void
on_mail(struct session *s, const struct smtp_command *command)
{
	struct smtp_mail mail;

	if (s->listen->auth_required && s->login == NULL) {
		reply_status(s, &no_login);
		return;
	}
	if (!s->may_relay && s->login == NULL) {
		refuse_relay(s);
		return;
	}

	const struct smtp_status *wrong =
	    smtp_mail_parse(command->argument, command->argument_len, session_offered(s), &mail);

	if (wrong == NULL)
		wrong = check(s, &mail);
	if (wrong != NULL) {
		reply_status(s, wrong);
		return;
	}
	session_enter(s, PHASE_MAIL);
	reply(s, 250, "2.1.0", "Ok");
}
