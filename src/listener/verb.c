/* SPDX-License-Identifier: ISC */
/*
 * verb.c - the SMTP verb table: what may be said, when, and who answers.
 * Order rules (RFC 5321 4.1.4) live in the table, never in a handler, so a handler may assume its
 * phase.  A new verb is one row and one function.
 */
#include "listener/verb.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "listener/auth.h"
#include "listener/reply.h"
#include "listener/session_private.h"
#include "smtp/status.h"

#define ANY (IN(PHASE_GREETED) | IN(PHASE_READY) | IN(PHASE_MAIL) | IN(PHASE_RCPT) | IN(PHASE_BDAT))

enum {
	NEEDS_ARG = 1 << 0,
	NO_ARG = 1 << 1,
	/* The argument may be logged.  Not by default: clients send passwords even where AUTH is
	   not offered. */
	LOGGED = 1 << 2,
};

struct verb {
	unsigned phases;
	unsigned flags;
	verb_fn *run;      /* NULL: not spoken here */
	const char *order; /* said when the phase is wrong */
};

static const struct verb verbs[SMTP_VERB_COUNT] = {
	[SMTP_VERB_EHLO] = { ANY, NEEDS_ARG | LOGGED, on_ehlo, NULL },
	[SMTP_VERB_HELO] = { ANY, NEEDS_ARG | LOGGED, on_helo, NULL },
	[SMTP_VERB_MAIL] = { IN(PHASE_READY), NEEDS_ARG | LOGGED, on_mail,
	    "MAIL comes after EHLO or HELO, and once in a transaction" },
	[SMTP_VERB_RCPT] = { IN(PHASE_MAIL) | IN(PHASE_RCPT), NEEDS_ARG | LOGGED, on_rcpt,
	    "RCPT comes after an accepted MAIL" },
	[SMTP_VERB_DATA] = { IN(PHASE_RCPT), NO_ARG, on_data,
	    "DATA comes after an accepted RCPT, and not after BDAT" },
	/* In any order: its octets have to be taken. */
	[SMTP_VERB_BDAT] = { ANY, LOGGED, on_bdat, NULL },
	[SMTP_VERB_RSET] = { ANY, NO_ARG, on_rset, NULL },
	[SMTP_VERB_NOOP] = { ANY, 0, on_noop, NULL },
	[SMTP_VERB_QUIT] = { ANY, 0, on_quit, NULL },
	[SMTP_VERB_VRFY] = { ANY, NEEDS_ARG | LOGGED, on_vrfy, NULL },
	[SMTP_VERB_AUTH] = { IN(PHASE_READY), NEEDS_ARG, on_auth,
	    "AUTH comes after EHLO, and not within a transaction" },
	[SMTP_VERB_STARTTLS] = { IN(PHASE_READY), NO_ARG, on_starttls,
	    "STARTTLS comes after EHLO, and not within a transaction" },
	[SMTP_VERB_HELP] = { ANY, 0, on_help, NULL },
};

/* Whether the session's listener has it; NULL: they all do. */
static bool (*const is_here[SMTP_VERB_COUNT])(const struct session *s) = {
	[SMTP_VERB_AUTH] = auth_is_here,
	[SMTP_VERB_STARTTLS] = starttls_is_here,
};

/*
 * A web page or a tricked server can be made to POST here from this very host.  The request line
 * tells, and nothing behind it is read: it might be commands.
 */
static bool
is_http(const char *line, size_t len)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "HEAD", "CONNECT", "OPTIONS",
		"PATCH", "DELETE" };
	size_t word = strcspn(line, " ");

	if (word == len)
		return false;
	for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
		if (strlen(methods[i]) == word && strncasecmp(line, methods[i], word) == 0)
			return true;
	}
	return false;
}

static bool
is_spoken(enum smtp_verb verb, const struct session *s)
{
	return verbs[verb].run != NULL && (is_here[verb] == NULL || is_here[verb](s));
}

static void
run_unknown(struct session *s, const struct smtp_command *command, const char *line, size_t len)
{
	static const struct session_farewell not_smtp = { "session_http", "4.7.0",
		"this is SMTP, not HTTP" };

	if (is_http(line, len))
		session_part(s, &not_smtp);
	else if (command->verb == SMTP_VERB_UNKNOWN)
		reply(s, 500, "5.5.2", "Command not recognized");
	else
		reply(s, 502, "5.5.1", "%s is not offered here", smtp_verb_name(command->verb));
}

void
verb_run(struct session *s, const char *line, size_t len)
{
	struct smtp_command command;
	const struct smtp_status *wrong = smtp_command_split(line, len, &command);

	if (wrong != NULL) {
		reply_status(s, wrong);
		return;
	}

	const struct verb *verb = &verbs[command.verb];

	s->command = verb->flags & LOGGED ? line : smtp_verb_name(command.verb);
	if (!is_spoken(command.verb, s))
		run_unknown(s, &command, line, len);
	else if (!(verb->phases & IN(s->phase)))
		reply(s, 503, "5.5.1", "Bad sequence of commands: %s", verb->order);
	else if ((verb->flags & NEEDS_ARG) && command.argument_len == 0)
		reply(s, 501, "5.5.4", "%s needs an argument", smtp_verb_name(command.verb));
	else if ((verb->flags & NO_ARG) && command.argument_len > 0)
		reply(s, 501, "5.5.4", "%s takes no argument", smtp_verb_name(command.verb));
	else
		verb->run(s, &command);
	s->command = NULL;
}

void
verb_list(const struct session *s, char *out, size_t size)
{
	size_t len = 0;

	out[0] = '\0';
	for (int v = 0; v < SMTP_VERB_COUNT; v++) {
		if (!is_spoken((enum smtp_verb)v, s))
			continue;
		int n = snprintf(out + len, size - len, " %s", smtp_verb_name((enum smtp_verb)v));

		if (n < 0 || (size_t)n >= size - len)
			return;
		len += (size_t)n;
	}
}
