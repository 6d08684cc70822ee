/* SPDX-License-Identifier: ISC */
/*
 * ehlo.c - EHLO and HELO (RFC 5321 4.1.1.1).
 * Hosts call themselves all sorts of things: any name passes, and is made harmless where it is
 * shown.
 */
#include <stdlib.h>
#include <string.h>

#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/verb.h"

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

void
on_ehlo(struct session *s, const struct smtp_command *command)
{
	if (!take_name(s, command))
		return;
	s->is_esmtp = true;
	reply_ready(s, &s->env->ehlo);
}

void
on_helo(struct session *s, const struct smtp_command *command)
{
	if (!take_name(s, command))
		return;
	s->is_esmtp = false;
	reply(s, 250, NULL, "%s", s->env->config->hostname);
}
