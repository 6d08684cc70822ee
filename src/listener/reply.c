/* SPDX-License-Identifier: ISC */
/*
 * reply.c - format a reply into the session's output; see reply.h.
 * When memory runs out the session is over: a client that misses one reply would be off by one for
 * good.
 */
#include "listener/reply.h"

#include <event2/buffer.h>
#include <stdarg.h>
#include <string.h>

#include "base/clock.h"
#include "base/counters.h"
#include "base/log.h"
#include "listener/session_private.h"
#include "net/conn.h"
#include "smtp/reply.h"

static void
send_text(struct session *s, const struct str *text)
{
	if (s->conn == NULL || s->phase == PHASE_OVER)
		return;
	if (str_is_bad(text) || evbuffer_add(conn_output(s->conn), text->data, text->len) < 0)
		session_enter(s, PHASE_OVER);
}

/* A content is refused after its command. */
static const char *
refused_command(const struct session *s)
{
	if (s->command != NULL)
		return s->command;
	if (s->phase == PHASE_CHUNK)
		return "BDAT";
	return s->phase == PHASE_DATA || s->phase == PHASE_COMMIT ? "DATA" : NULL;
}

/* What this host has no room for (4.3.x) is no error of its client. */
static bool
is_clients_error(const char *enhanced)
{
	return strncmp(enhanced, "4.3.", 4) != 0;
}

/* text is what was sent; its CRLF is cut here. */
static void
count_refusal(struct session *s, struct str *text)
{
	uint64_t omitted;

	counter_add(&s->env->counters->rejected_commands, 1);
	if (str_is_bad(text) || text->len < 2 ||
	    !log_limit_pass(&s->env->rejections, clock_mono_ms(), &omitted))
		return;
	str_cut(text, text->len - 2);
	log_info("rejected", log_s("client", s->client), log_s("reply", text->data),
	    log_s("command", refused_command(s)), log_s("helo", s->helo),
	    log_s("listener", s->listen->name), log_s("policy", policy_name(&s->policy)),
	    log_d(omitted > 0 ? "omitted" : NULL, omitted));
}

static void
vreply(struct session *s, int code, const char *enhanced, const char *format, va_list args)
{
	struct str *line = &s->env->line;

	str_cut(line, 0);
	smtp_reply_vformat(line, code, enhanced, format, args);
	send_text(s, line);
	if (code >= 400 && code != 421)
		count_refusal(s, line);
}

void
reply(struct session *s, int code, const char *enhanced, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vreply(s, code, enhanced, format, args);
	va_end(args);
	if (code >= 400 && code != 421)
		s->errors += is_clients_error(enhanced);
}

void
reply_refused(struct session *s, int code, const char *enhanced, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vreply(s, code, enhanced, format, args);
	va_end(args);
}

void
reply_status(struct session *s, const struct smtp_status *status)
{
	reply(s, status->code, status->enhanced, "%s", status->text);
}

void
reply_uncounted(struct session *s, const struct smtp_status *status)
{
	struct str *line = &s->env->line;

	str_cut(line, 0);
	smtp_reply_status(line, status);
	send_text(s, line);
}

void
reply_ready(struct session *s, const struct str *text)
{
	send_text(s, text);
}
