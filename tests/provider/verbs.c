/* SPDX-License-Identifier: ISC */
/*
 * verbs.c - the table of commands: when each may be said, how long its line
 * may be, what may follow it in one go.  A command out of order is answered
 * here, and is a violation unless it was pipelined behind a refused one.
 */
#include "verbs.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "eventlog.h"
#include "reply.h"
#include "server.h"
#include "session.h"
#include "stats.h"

#define IN(p) (1U << (p))
#define ANY   (IN(PHASE_NEW) | IN(PHASE_READY) | IN(PHASE_MAIL) | IN(PHASE_RCPT))
#define IN_TX (IN(PHASE_MAIL) | IN(PHASE_RCPT))

enum flags {
	LAST = 1, /* must end a group of commands (RFC 2920 3.1) */
	NEEDS_ARG = 2,
	NO_ARG = 4,
	CONTENT_FOLLOWS = 8,
	SECRET = 16
};

typedef void run(struct session *s, char *arg);

static run on_ehlo, on_helo, on_starttls, on_rset, on_noop, on_vrfy, on_help, on_quit;

static const struct verb {
	const char *name;
	unsigned phases;
	unsigned flags;
	size_t max; /* octets without CRLF: RFC 5321 4.5.3.1.4 and what the extensions add */
	run *run;
} verbs[] = {
	{ "EHLO", ANY, LAST | NEEDS_ARG, 510, on_ehlo },
	{ "HELO", ANY, LAST | NEEDS_ARG, 510, on_helo },
	{ "STARTTLS", IN(PHASE_READY), LAST | NO_ARG, 510, on_starttls },
	{ "AUTH", IN(PHASE_READY), LAST | NEEDS_ARG | SECRET, LINE_MAX_OCTETS, on_auth },
	{ "MAIL", IN(PHASE_READY), NEEDS_ARG, 510 + 26 + 17 + 10 + 107 + 500, on_mail },
	{ "RCPT", IN_TX, NEEDS_ARG, 510 + 500, on_rcpt },
	{ "DATA", IN(PHASE_RCPT), LAST | NO_ARG, 510, on_data },
	{ "BDAT", ANY, NEEDS_ARG | CONTENT_FOLLOWS, 510, on_bdat },
	{ "RSET", ANY, NO_ARG, 510, on_rset },
	{ "NOOP", ANY, LAST, 510, on_noop },
	{ "VRFY", ANY, LAST | NEEDS_ARG, 510, on_vrfy },
	{ "HELP", ANY, LAST, 510, on_help },
	{ "QUIT", ANY, LAST | NO_ARG, 510, on_quit },
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static const struct verb *
find(const char *name, size_t len)
{
	for (size_t i = 0; i < VERBS; i++)
		if (strlen(verbs[i].name) == len && strncasecmp(name, verbs[i].name, len) == 0)
			return &verbs[i];
	return NULL;
}

static void
log_command(struct session *s, const struct verb *v, const char *line)
{
	if (!session_logs(s))
		return;
	if (v != NULL && (v->flags & SECRET)) {
		char shown[64];
		size_t len = strlen(v->name) + 1;

		/* The mechanism is no secret; an initial response is. */
		snprintf(shown, sizeof(shown), "%.*s%s", (int)(len + strcspn(line + len, " ")),
		    line, strchr(line + len, ' ') != NULL ? " ***" : "");
		line = shown;
		session_log(s, "command", json_pack("{s:o}", "command", json_text(line)));
		return;
	}
	session_log(s, "command", json_pack("{s:o}", "command", json_text(line)));
}

/* What may be wrong with a line whatever its command. */
static void
check_line(struct session *s, const struct verb *v, const char *line)
{
	if (strlen(line) > v->max)
		session_violation(s, "line-too-long", line);
	if (s->pipelined && (v->flags & LAST))
		session_violation(s, "pipelined-after", v->name);
	else if (s->pipelined && !(s->offered & EXT_PIPELINING) && !(v->flags & CONTENT_FOLLOWS))
		session_violation(s, "pipelined-unoffered", v->name);
}

static void
out_of_order(struct session *s, const struct verb *v)
{
	bool excused = (s->phase == PHASE_READY && s->tx.mail_tried &&
			   (v->run == on_rcpt || v->run == on_data)) ||
		       (s->phase == PHASE_MAIL && s->tx.rcpt_tried && v->run == on_data);

	if (!excused)
		session_violation(
		    s, s->phase == PHASE_NEW ? "before-ehlo" : "out-of-order", v->name);
	if (s->phase == PHASE_MAIL && s->tx.rcpt_tried && v->run == on_data)
		reply(s, 554, "5.5.1", "No valid recipients");
	else
		reply(s, 503, "5.5.1", "Bad sequence of commands");
}

void
verb_run(struct session *s, char *line)
{
	size_t len = strcspn(line, " ");
	const struct verb *v = find(line, len);
	char *arg = line[len] == ' ' ? line + len + 1 : line + len;

	log_command(s, v, line);
	if (v == NULL) {
		session_violation(s, "unknown-command", line);
		reply(s, 500, "5.5.2", "Command not recognized");
		return;
	}
	stats_command(s->server->stats, (unsigned)(v - verbs), v->name);
	check_line(s, v, line);
	if (!(v->phases & IN(s->phase))) {
		out_of_order(s, v);
	} else if (((v->flags & NEEDS_ARG) && *arg == '\0') ||
		   ((v->flags & NO_ARG) && line[len] != '\0')) {
		session_violation(s, "bad-syntax", line);
		reply(s, 501, "5.5.4", "Syntax error in arguments");
	} else {
		v->run(s, arg);
	}
}

/* What this session may use: by the options, by its state, by a fault. */
static unsigned
offer(const struct session *s, const struct fault *fault)
{
	const struct options *options = s->server->options;
	unsigned offered = options->extensions;

	if (s->port != PORT_STARTTLS || s->tls)
		offered &= ~(unsigned)EXT_STARTTLS;
	if (!s->tls)
		offered &= ~(unsigned)EXT_REQUIRETLS;
	if (!options->auth_required || (!s->tls && !options->auth_without_tls))
		offered &= ~(unsigned)EXT_AUTH;
	if (fault != NULL && fault->action == ACTION_WITHOUT)
		offered &= ~extension_find(fault->text);
	return offered;
}

static void
describe(const struct session *s, char *text, size_t size)
{
	const struct options *options = s->server->options;
	unsigned o = s->offered;
	char size_line[40], auth_line[256];

	snprintf(size_line, sizeof(size_line), "\nSIZE %lu", options->size);
	snprintf(auth_line, sizeof(auth_line), "\nAUTH %s", options->mechanisms);
	snprintf(text, size, "%s greets %s%s%s%s%s%s%s%s%s%s%s%s", options->name, s->helo,
	    o & EXT_PIPELINING ? "\nPIPELINING" : "", o & EXT_SIZE ? size_line : "",
	    o & EXT_STARTTLS ? "\nSTARTTLS" : "", o & EXT_AUTH ? auth_line : "",
	    o & EXT_ENHANCEDSTATUSCODES ? "\nENHANCEDSTATUSCODES" : "",
	    o & EXT_8BITMIME ? "\n8BITMIME" : "", o & EXT_DSN ? "\nDSN" : "",
	    o & EXT_SMTPUTF8 ? "\nSMTPUTF8" : "", o & EXT_CHUNKING ? "\nCHUNKING" : "",
	    o & EXT_REQUIRETLS ? "\nREQUIRETLS" : "", o & EXT_MT_PRIORITY ? "\nMT-PRIORITY" : "");
}

static void
hello(struct session *s, enum step step, const char *arg)
{
	const struct fault *fault = session_fault(s, step, NULL);
	char text[1024];

	snprintf(s->helo, sizeof(s->helo), "%s", arg);
	s->esmtp = step != STEP_HELO;
	s->offered = 0;
	if (fault_lets_pass(fault, '2')) {
		s->phase = PHASE_READY;
		session_end_transaction(s);
		s->offered = s->esmtp ? offer(s, fault) : 0;
	}
	describe(s, text, sizeof(text));
	reply_step(s, fault, &(struct reply){ 250, NULL, text });
}

static void
on_ehlo(struct session *s, char *arg)
{
	hello(s, s->starttls ? STEP_EHLO2 : STEP_EHLO, arg);
}

static void
on_helo(struct session *s, char *arg)
{
	hello(s, STEP_HELO, arg);
}

/* What came with STARTTLS is thrown away: it was said in clear text (RFC 3207 6.). */
static void
on_starttls(struct session *s, char *arg)
{
	struct evbuffer *input = bufferevent_get_input(s->bev);
	const struct fault *fault;

	(void)arg;
	if (!(s->offered & EXT_STARTTLS)) {
		session_violation(s, "starttls-unoffered", "");
		reply(s, 502, "5.5.1", "STARTTLS not offered");
		return;
	}
	fault = session_fault(s, STEP_STARTTLS, NULL);
	if (!fault_lets_pass(fault, '2')) {
		reply_step(s, fault, &(struct reply){ 220, "2.0.0", "Ready" });
		return;
	}
	evbuffer_drain(input, evbuffer_get_length(input));
	bufferevent_disable(s->bev, EV_READ);
	s->mode = MODE_PAUSED;
	reply_step(s, fault, &(struct reply){ 220, "2.0.0", "Ready to start TLS" });
	if (s->mode != MODE_PAUSED)
		return;
	/* The handshake takes a round trip of its own. */
	output_delay(s, s->server->options->latency);
	output_then(s, OUTPUT_TLS);
}

/* A command that only answers. */
static void
answer(struct session *s, enum step step, unsigned code, const char *enhanced, const char *text)
{
	reply_step(s, session_fault(s, step, NULL), &(struct reply){ code, enhanced, text });
}

static void
on_rset(struct session *s, char *arg)
{
	(void)arg;
	session_end_transaction(s);
	answer(s, STEP_RSET, 250, "2.0.0", "Reset");
}

static void
on_noop(struct session *s, char *arg)
{
	(void)arg;
	answer(s, STEP_NOOP, 250, "2.0.0", "OK");
}

static void
on_vrfy(struct session *s, char *arg)
{
	(void)arg;
	reply(s, 252, "2.1.5", "Cannot verify, but will take mail");
}

static void
on_help(struct session *s, char *arg)
{
	(void)arg;
	reply(s, 214, "2.0.0", "See RFC 5321");
}

static void
on_quit(struct session *s, char *arg)
{
	const struct fault *fault = session_fault(s, STEP_QUIT, NULL);

	(void)arg;
	stats_add(s->server->stats, COUNT_QUITS, 1);
	reply_step(s, fault, &(struct reply){ 221, "2.0.0", "Bye" });
	if (s->mode == MODE_COMMAND && fault_lets_pass(fault, '2')) {
		session_deafen(s);
		output_then(s, OUTPUT_GOODBYE);
	}
}
