/* SPDX-License-Identifier: ISC */
/*
 * mail.c - MAIL (RFC 5321 4.1.1.2): who may send, how much, how often, and whether there is room.
 */
#include <inttypes.h>

#include "base/clock.h"
#include "base/sockaddr.h"
#include "listener/data.h"
#include "listener/early.h"
#include "listener/rates.h"
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

/* Who it is, for a client to read: its address, or who stands at the other end of a unix socket. */
static const char *
name_client(const struct session *s, char out[SOCKADDR_TEXT_SIZE])
{
	if (s->peer.sa.sa_family == AF_UNIX)
		return s->client;
	sockaddr_format_host(&s->peer.sa, out);
	return out;
}

/* A sender that is told at MAIL knows at once, whatever its recipients. */
static void
refuse_relay(struct session *s)
{
	char host[SOCKADDR_TEXT_SIZE];
	bool could_log_in = s->listen->users_file != NULL && s->login == NULL;

	reply(s, 550, "5.7.1", "%s is not allowed to relay through this host%s",
	    name_client(s, host), could_log_in ? " without a login" : "");
}

/* Whether policy and upstreams take the sender; if not, it was told, with those that they do. */
static bool
takes_sender(struct session *s, const char *sender)
{
	const struct config_upstream *upstream =
	    early_find_refusal(s->env->config, s->listen->name, sender);
	char allowed[POLICY_WORDS_SIZE], host[SOCKADDR_TEXT_SIZE];

	if (!policy_takes_sender(&s->policy, sender)) {
		policy_describe_senders(&s->policy.client->senders, allowed);
		reply(s, 553, "5.7.1", "%s may not send as <%s>%s", name_client(s, host), sender,
		    allowed);
		return false;
	}
	if (upstream != NULL) {
		policy_describe_senders(&upstream->senders, allowed);
		reply(s, 553, "5.7.1", "Upstream %s does not take the sender <%s>%s",
		    upstream->name, sender, allowed);
	}
	return upstream == NULL;
}

/* Whether an upstream takes that much, as far as is known; if not, it was told. */
static bool
takes_size(struct session *s, const struct smtp_mail *mail, const struct early_limit *limit)
{
	bool fits = !mail->has_size || mail->size <= limit->size;

	if (!fits)
		data_refuse_size(s, limit);
	return fits;
}

/* Whether the client sends faster than it may; then it was told. */
static bool
is_too_fast(struct session *s)
{
	const struct config_client *client = s->policy.client;
	char host[SOCKADDR_TEXT_SIZE];

	if (client == NULL || client->rate.count == 0 || s->env->rates == NULL)
		return false;

	uint64_t ms = rates_take(s->env->rates, &s->peer.sa,
	    (unsigned)(client - s->env->config->client), &client->rate, clock_mono_ms());

	if (ms > 0)
		reply(s, 450, "4.7.1", "%s sends too many messages: try again in %" PRIu64 " s",
		    name_client(s, host), (ms + 999) / 1000);
	return ms > 0;
}

/* When the sender wants the message sent (RFC 4865); 0: at once. */
static int64_t
release_of(const struct smtp_mail *mail, int64_t now_ms)
{
	return mail->hold_for_s > 0 ? now_ms + (int64_t)mail->hold_for_s * 1000
				    : mail->hold_until_ms;
}

static const struct smtp_status *
check(struct session *s, struct smtp_mail *mail, int64_t now, int64_t release)
{
	if (mail->has_size && mail->size > policy_message_size(&s->policy, s->env->config))
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
	return NULL;
}

static void
begin(struct session *s, const struct smtp_mail *mail, int64_t release,
    const struct early_limit *limit)
{
	s->transaction = transaction_new(s, mail);
	if (s->transaction == NULL) {
		reply_status(s, &no_memory);
		return;
	}
	s->transaction->envelope.release_ms = s->transaction->envelope.next_try_ms = release;
	s->transaction->limit = *limit;
	session_enter(s, PHASE_MAIL);
	reply(s, 250, "2.1.0", "Ok");
}

/* With a login where one is needed, and from a client that may relay. */
static void
take(struct session *s, const struct smtp_command *command)
{
	struct smtp_mail mail;
	const struct smtp_status *wrong =
	    smtp_mail_parse(command->argument, command->argument_len, session_offered(s), &mail);

	if (wrong != NULL) {
		reply_status(s, wrong);
		return;
	}

	int64_t now = clock_real_ms(), release = release_of(&mail, now);

	wrong = check(s, &mail, now, release);
	if (wrong != NULL) {
		reply_status(s, wrong);
		return;
	}

	const struct early_limit limit = early_find_limit(
	    s->env->config, s->env->sizes, s->listen->name, mail.from.text, clock_mono_ms());

	if (takes_sender(s, mail.from.text) && takes_size(s, &mail, &limit) && !is_too_fast(s))
		begin(s, &mail, release, &limit);
}

void
on_mail(struct session *s, const struct smtp_command *command)
{
	if (s->listen->auth_required && s->login == NULL)
		reply_status(s, &no_login);
	else if (!s->policy.may_relay)
		refuse_relay(s);
	else
		take(s, command);
}
