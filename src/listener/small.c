/* SPDX-License-Identifier: ISC */
/* small.c - the verbs that fit in a few lines: RSET, NOOP, QUIT, VRFY, HELP. */
#include "listener/reply.h"
#include "listener/session_private.h"
#include "listener/verb.h"

void
on_rset(struct session *s, const struct smtp_command *command)
{
	(void)command;
	session_reset(s);
	reply(s, 250, "2.0.0", "Ok");
}

void
on_noop(struct session *s, const struct smtp_command *command)
{
	(void)command;
	reply(s, 250, "2.0.0", "Ok");
}

void
on_quit(struct session *s, const struct smtp_command *command)
{
	(void)command;
	reply(s, 221, "2.0.0", "%s closing connection", s->env->config->hostname);
	session_enter(s, PHASE_OVER);
}

/* RFC 5321 3.5.3: what a relay cannot know it does not deny. */
void
on_vrfy(struct session *s, const struct smtp_command *command)
{
	(void)command;
	reply(s, 252, "2.5.0", "Cannot verify; send mail and see");
}

void
on_help(struct session *s, const struct smtp_command *command)
{
	char verbs[128];

	(void)command;
	verb_list(s, verbs, sizeof verbs);
	reply(s, 214, "2.0.0", "Commands:%s", verbs);
}
