/* SPDX-License-Identifier: ISC */
/* trace.c - Received, Date and Message-ID; see trace.h. */
#include "listener/trace.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/sockaddr.h"
#include "base/str.h"
#include "smtp/utf8.h"

/* A client chooses its name: only what domains and address literals are made of passes. */
static void
add_name(struct str *out, const char *name)
{
	static const char harmless[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "0123456789.-_:[]";

	for (const char *p = name; *p != '\0';) {
		size_t n = strspn(p, harmless);

		str_add(out, p, n);
		p += n;
		if (*p != '\0') {
			str_puts(out, "?");
			p++;
		}
	}
}

void
trace_received(struct str *out, const struct trace *trace)
{
	char peer[SOCKADDR_TEXT_SIZE], id[ID_TEXT_SIZE], date[CLOCK_RFC5322_SIZE];

	if (trace->peer->sa_family == AF_UNIX)
		snprintf(peer, sizeof peer, "%s", trace->client);
	else
		sockaddr_format_literal(trace->peer, peer);
	id_format(trace->id, id);
	clock_format_rfc5322(trace->received_ms, date);
	str_puts(out, "Received: from ");
	add_name(out, trace->helo);
	/* ESMTP, ESMTPS, ... become UTF8SMTP, UTF8SMTPS, ... */
	str_printf(out, " (%s)\r\n\tby %s with %s%s", peer, trace->hostname,
	    trace->is_utf8 ? "UTF8" : "", trace->protocol + trace->is_utf8);
	if (trace->tls[0] != '\0')
		str_printf(out, " (%s)", trace->tls);
	str_printf(out, " id %s", id);
	/* An address in UTF-8 would keep the message from going on as ASCII. */
	if (trace->rcpt != NULL && smtp_is_ascii(trace->rcpt, strlen(trace->rcpt)))
		str_printf(out, "\r\n\tfor <%s>", trace->rcpt);
	str_printf(out, ";\r\n\t%s\r\n", date);
}

void
trace_from(struct str *out, const struct trace *trace)
{
	if (trace->from[0] != '\0')
		str_printf(out, "From: <%s>\r\n", trace->from);
	else
		str_printf(out, "From: <MAILER-DAEMON@%s>\r\n", trace->hostname);
}

void
trace_date(struct str *out, const struct trace *trace)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_format_rfc5322(trace->received_ms, date);
	str_printf(out, "Date: %s\r\n", date);
}

void
trace_message_id(struct str *out, const struct trace *trace)
{
	char id[ID_TEXT_SIZE];

	id_format(trace->id, id);
	str_printf(out, "Message-ID: <%s@%s>\r\n", id, trace->hostname);
}
