/* SPDX-License-Identifier: ISC */
/* reply.c - the one place where replies get their form. */
#include "reply.h"

#include <stdio.h>
#include <string.h>

#include "eventlog.h"
#include "options.h"
#include "output.h"
#include "server.h"
#include "session.h"

/* Room for the 100 lines of the fault "long". */
#define REPLY_MAX 8192

/* Returns the length; what does not fit is left out. */
static size_t
format(const struct session *s, const struct reply *r, char *buf, size_t size)
{
	unsigned known = s->phase == PHASE_NEW ? s->server->options->extensions : s->offered;
	bool enhanced = r->enhanced != NULL && (known & EXT_ENHANCEDSTATUSCODES);
	const char *line = r->text;
	size_t len = 0;

	while (line != NULL) {
		const char *end = strchr(line, '\n');
		int n = snprintf(buf + len, size - len, "%u%c%s%s%.*s\r\n", r->code,
		    end != NULL ? '-' : ' ', enhanced ? r->enhanced : "", enhanced ? " " : "",
		    (int)(end != NULL ? (size_t)(end - line) : strlen(line)), line);

		if (n < 0 || (size_t)n >= size - len)
			break;
		len += (size_t)n;
		line = end != NULL ? end + 1 : NULL;
	}
	return len;
}

static void
log_reply(struct session *s, const char *data, size_t len)
{
	const char *end = memchr(data, '\r', len);

	if (session_logs(s))
		session_log(s, "reply",
		    json_pack("{s:o}", "reply",
			json_octets(data, end != NULL ? (size_t)(end - data) : len)));
}

void
reply_send(struct session *s, const struct reply *r)
{
	char buf[REPLY_MAX];
	size_t len = format(s, r, buf, sizeof(buf));

	log_reply(s, buf, len);
	output_send(s, buf, len);
	if (s->swapped_len == 0)
		return;
	output_send(s, s->swapped, s->swapped_len);
	s->swapped_len = 0;
}

void
reply_send_behind_next(struct session *s, const struct reply *r)
{
	s->swapped_len = format(s, r, s->swapped, sizeof(s->swapped));
	log_reply(s, s->swapped, s->swapped_len);
}

void
reply_send_slowly(struct session *s, const struct reply *r, unsigned long ms)
{
	char buf[REPLY_MAX];
	size_t len = format(s, r, buf, sizeof(buf));

	log_reply(s, buf, len);
	output_send_slowly(s, buf, len, ms);
}

void
reply_raw(struct session *s, const char *text)
{
	log_reply(s, text, strlen(text));
	output_send(s, text, strlen(text));
}

void
reply(struct session *s, unsigned code, const char *enhanced, const char *text)
{
	reply_send(s, &(struct reply){ code, enhanced, text });
}

void
reply_goodbye(struct session *s, const char *enhanced, const char *text)
{
	reply(s, 421, enhanced, text);
	session_deafen(s);
	output_then(s, OUTPUT_GOODBYE);
}

void
reply_step(struct session *s, const struct fault *fault, const struct reply *normal)
{
	if (fault == NULL)
		reply_send(s, normal);
	else
		reply_fault(s, fault, normal);
}
