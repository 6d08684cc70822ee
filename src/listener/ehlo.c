/* SPDX-License-Identifier: ISC */
/*
 * ehlo.c - EHLO and HELO (RFC 5321 4.1.1.1).
 * Hosts call themselves all sorts of things: any name passes, and is made harmless where it is
 * shown.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "listener/auth.h"
#include "listener/early.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/verb.h"
#include "smtp/capability.h"

/* Keep the name and begin anew; false when that was refused. */
static bool
take_name(struct session *s, const struct smtp_command *command)
{
	if (command->argument_len > SESSION_HELO_MAX) {
		reply(s, 501, "5.5.4", "The name is longer than %d octets", SESSION_HELO_MAX);
		return false;
	}

	char *name = strndup(command->argument, command->argument_len);

	if (name == NULL) {
		reply(s, 451, "4.3.0", "Out of memory");
		return false;
	}
	/* A transaction borrows the old name: it goes first. */
	session_reset(s);
	session_enter(s, PHASE_READY);
	free(s->helo);
	s->helo = name;
	return true;
}

unsigned
session_offered(const struct session *s)
{
	unsigned offered = s->env->offered;

	if (!s->is_esmtp)
		return 0;
	/* RFC 3207 4.2: not once it is in use. */
	if (starttls_is_here(s) && s->tls[0] == '\0')
		offered |= SMTP_EXT_STARTTLS;
	/* RFC 8689 2: only under TLS. */
	if (s->tls[0] != '\0')
		offered |= SMTP_EXT_REQUIRETLS;
	if (auth_mechanisms(s) != 0)
		offered |= SMTP_EXT_AUTH;
	if (s->env->config->limits.future_release_ms >= 1000)
		offered |= SMTP_EXT_FUTURERELEASE;
	return offered;
}

/* The most that the policy allows and, as far as is known, an upstream takes. */
static uint64_t
largest_message(const struct session *s)
{
	const struct session_env *env = s->env;
	uint64_t most = policy_message_size(&s->policy, env->config);
	const struct early_limit limit =
	    early_find_limit(env->config, env->sizes, s->listen->name, NULL, clock_mono_ms());

	return limit.size < most ? limit.size : most;
}

static void
offer(struct session *s)
{
	uint64_t hold_max_ms = s->env->config->limits.future_release_ms;
	const struct smtp_capabilities offered = {
		.extensions = session_offered(s),
		.mechanisms = auth_mechanisms(s),
		.size = largest_message(s),
		.rcpt_max = s->env->config->limits.recipients,
		.hold_max_s = (uint32_t)(hold_max_ms / 1000),
		.hold_until_ms = clock_real_ms() + (int64_t)hold_max_ms,
	};
	struct str *text = &s->env->line;

	str_cut(text, 0);
	smtp_capabilities_format(text, s->env->config->hostname, &offered);
	reply_ready(s, text);
}

void
on_ehlo(struct session *s, const struct smtp_command *command)
{
	if (!take_name(s, command))
		return;
	s->is_esmtp = true;
	offer(s);
}

void
on_helo(struct session *s, const struct smtp_command *command)
{
	if (!take_name(s, command))
		return;
	s->is_esmtp = false;
	reply(s, 250, NULL, "%s", s->env->config->hostname);
}
