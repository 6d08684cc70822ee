/* SPDX-License-Identifier: ISC */
/*
 * bounce.c - see bounce.h.  Three parts: words for people, fields for programs (RFC 3464), the
 * header of the original.  Whatever a peer said is made printable ASCII and folded before it goes
 * in.
 */
#include "queue/bounce.h"

#include <event2/buffer.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/id.h"
#include "base/str.h"
#include "queue/explain.h"
#include "queue/original.h"
#include "smtp/xtext.h"
#include "spool/envelope.h"

enum {
	LINE_MAX_OCTETS = 900, /* of anything quoted; the limit of a line is 998 (RFC 5322 2.1.1) */
	REPLY_MAX_LINES = 32,
	WORDS_WIDTH = 72, /* of what people read, beside its margin */
};

static const char words_margin[] = "    ";

struct kind {
	const char *subject, *intro, *action, *enhanced;
};

static const struct kind kinds[] = {
	[BOUNCE_FAILED] = {
		.subject = "Undelivered mail: returned to sender",
		.intro = "Your message could not be delivered to the recipients below.\r\n"
			 "It will not be tried again.\r\n",
		.action = "failed",
		.enhanced = "5.0.0",
	},
	[BOUNCE_DELAYED] = {
		.subject = "Delayed mail: still being tried",
		.intro = "Your message could not be delivered yet to the recipients below.\r\n"
			 "You need not send it again: it is still being tried.\r\n",
		.action = "delayed",
		.enhanced = "4.0.0",
	},
	[BOUNCE_RELAYED] = {
		.subject = "Relayed mail: handed on",
		.intro = "Your message was handed on to the mail server of the provider, which does "
			 "not report\r\ndeliveries to the recipients below.  You may hear nothing more of "
			 "them.\r\n",
		.action = "relayed",
		.enhanced = "2.0.0",
	},
};

/* Append len octets of foreign text as printable ASCII, cut at LINE_MAX_OCTETS. */
static void
add_ascii(struct str *out, const char *text, size_t len)
{
	if (len > LINE_MAX_OCTETS)
		len = LINE_MAX_OCTETS;
	for (size_t i = 0; i < len; i++)
		str_add(out, text[i] >= ' ' && text[i] <= '~' ? &text[i] : "?", 1);
}

/* Where a line of len octets is broken for reading: at a space; len: nowhere. */
static size_t
line_break(const char *text, size_t len)
{
	size_t at = WORDS_WIDTH;

	if (len <= WORDS_WIDTH)
		return len;
	while (at > 0 && text[at] != ' ')
		at--;
	if (at == 0)
		at = WORDS_WIDTH;
	while (at < len && text[at] != ' ')
		at++;
	return at;
}

/* Append a line of text for people. */
static void
add_wrapped(struct str *out, const char *text, size_t len)
{
	const char *end = text + (len < LINE_MAX_OCTETS ? len : LINE_MAX_OCTETS);

	do {
		size_t n = line_break(text, (size_t)(end - text));

		str_puts(out, words_margin);
		add_ascii(out, text, n);
		str_puts(out, "\r\n");
		text += n;
		while (text < end && *text == ' ')
			text++;
	} while (text < end);
}

/* Append the lines of a reply for people. */
static void
add_reply_words(struct str *out, const char *reply)
{
	for (unsigned n = 0; n < REPLY_MAX_LINES; n++) {
		size_t len = strcspn(reply, "\r\n");

		add_wrapped(out, reply, len);
		reply += len + strspn(reply + len, "\r\n");
		if (*reply == '\0')
			return;
	}
}

/* Append the lines of a reply as the rest of a field. */
static void
add_reply(struct str *out, const char *reply)
{
	for (unsigned n = 0; n < REPLY_MAX_LINES; n++) {
		size_t len = strcspn(reply, "\r\n");

		if (n > 0)
			str_puts(out, "\t");
		add_ascii(out, reply, len);
		str_puts(out, "\r\n");
		reply += len + strspn(reply + len, "\r\n");
		if (*reply == '\0')
			return;
	}
}

static void
add_header(struct str *out, const struct bounce *bounce, const char *id, const char *boundary)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_format_rfc5322(bounce->now_ms, date);
	str_puts(out, "From: Mail Delivery System <");
	if (bounce->from != NULL)
		str_puts(out, bounce->from);
	else
		str_printf(out, "MAILER-DAEMON@%s", bounce->hostname);
	str_puts(out, ">\r\nTo: <");
	add_ascii(out, bounce->of->from, strlen(bounce->of->from));
	str_printf(out, ">\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n",
	    kinds[bounce->kind].subject, date, id, bounce->hostname);
	original_add_references(out, bounce->original, bounce->original_len);
	str_printf(out,
	    "Auto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n"
	    "Content-Type: multipart/report; report-type=delivery-status;\r\n"
	    "\tboundary=\"%s\"\r\n\r\nThis is a MIME-encapsulated message.\r\n",
	    boundary);
}

/* What the upstream's reply means, for who does not know codes. */
static void
add_meaning(struct str *out, const struct bounce_rcpt *rcpt)
{
	const char *words = rcpt->remedy != NULL ? rcpt->remedy : explain_enhanced(rcpt->enhanced);

	struct str text = STR_EMPTY;

	if (rcpt->upstream == NULL || words == NULL)
		return;
	str_printf(&text, "That means: %s.", words);
	if (!str_is_bad(&text))
		add_wrapped(out, text.data, text.len);
	str_free(&text);
}

static void
add_words(struct str *out, const struct bounce *bounce)
{
	char of[ID_TEXT_SIZE], until[CLOCK_RFC5322_SIZE];

	id_format(bounce->of->id, of);
	str_printf(out,
	    "Content-Type: text/plain; charset=us-ascii\r\n\r\nThis is the mail relay at "
	    "%s.\r\n\r\n%s",
	    bounce->hostname, kinds[bounce->kind].intro);
	if (bounce->kind == BOUNCE_DELAYED) {
		clock_format_rfc5322(bounce->give_up_ms, until);
		str_printf(out, "It is given up at %s.\r\n", until);
	}
	str_printf(out, "\r\nThe relay knew the message as %s.\r\n", of);
	for (size_t i = 0; i < bounce->nrcpt; i++) {
		const struct bounce_rcpt *rcpt = &bounce->rcpt[i];

		str_puts(out, "\r\n<");
		add_ascii(out, rcpt->address, strlen(rcpt->address));
		str_puts(out, ">:\r\n");
		if (rcpt->upstream != NULL)
			str_printf(out, "%s%s said:\r\n", words_margin, rcpt->upstream);
		add_reply_words(out, rcpt->reply);
		if (bounce->kind == BOUNCE_FAILED)
			add_meaning(out, rcpt);
	}
}

/* A field with what the sender gave as xtext. */
static void
add_xtext(struct str *out, const char *before, const char *xtext)
{
	char text[SMTP_ORCPT_MAX + 1];
	int len = smtp_xtext_decode(xtext, strlen(xtext), text, sizeof text);

	if (len <= 0)
		return;
	str_puts(out, before);
	add_ascii(out, text, (size_t)len);
	str_puts(out, "\r\n");
}

/* "rfc822;xtext" (RFC 3464 2.3.1). */
static void
add_original_recipient(struct str *out, const char *orcpt)
{
	size_t type_len = strcspn(orcpt, ";");
	char before[sizeof "Original-Recipient: ; " + SMTP_ORCPT_MAX];

	if (orcpt[type_len] != ';')
		return;
	(void)snprintf(before, sizeof before, "Original-Recipient: %.*s; ", (int)type_len, orcpt);
	add_xtext(out, before, orcpt + type_len + 1);
}

static void
add_status(struct str *out, const struct bounce *bounce)
{
	char date[CLOCK_RFC5322_SIZE];

	clock_format_rfc5322(bounce->of->received_ms, date);
	str_printf(out,
	    "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; %s\r\nArrival-Date: "
	    "%s\r\n",
	    bounce->hostname, date);
	if (bounce->of->envid != NULL)
		add_xtext(out, "Original-Envelope-Id: ", bounce->of->envid);
	if (bounce->of->release_ms > 0) {
		clock_format_seconds(bounce->of->release_ms, date);
		str_printf(out, "Future-Release-Request: until; %s\r\n", date);
	}
	for (size_t i = 0; i < bounce->nrcpt; i++) {
		const struct bounce_rcpt *rcpt = &bounce->rcpt[i];

		str_puts(out, "\r\n");
		if (rcpt->orcpt != NULL)
			add_original_recipient(out, rcpt->orcpt);
		str_puts(out, "Final-Recipient: rfc822; ");
		add_ascii(out, rcpt->address, strlen(rcpt->address));
		str_printf(out, "\r\nAction: %s\r\nStatus: %s\r\n", kinds[bounce->kind].action,
		    rcpt->enhanced != NULL ? rcpt->enhanced : kinds[bounce->kind].enhanced);
		if (rcpt->upstream != NULL)
			str_printf(
			    out, "Remote-MTA: dns; %s\r\nDiagnostic-Code: smtp; ", rcpt->upstream);
		else
			str_puts(out, "Diagnostic-Code: X-Postern; ");
		add_reply(out, rcpt->reply);
		clock_format_rfc5322(bounce->now_ms, date);
		str_printf(out, "Last-Attempt-Date: %s\r\n", date);
		if (bounce->kind == BOUNCE_DELAYED) {
			clock_format_rfc5322(bounce->give_up_ms, date);
			str_printf(out, "Will-Retry-Until: %s\r\n", date);
		}
	}
}

int
bounce_compose(const struct bounce *bounce, struct evbuffer *out)
{
	struct str text = STR_EMPTY;
	char id[ID_TEXT_SIZE], boundary[ID_TEXT_SIZE + 16] = "=_postern_";
	int result = -1;

	id_format(bounce->id, id);
	memcpy(boundary + strlen(boundary), id, sizeof id);
	add_header(&text, bounce, id, boundary);
	str_printf(&text, "\r\n--%s\r\n", boundary);
	add_words(&text, bounce);
	str_printf(&text, "\r\n--%s\r\n", boundary);
	add_status(&text, bounce);
	str_printf(&text, "\r\n--%s\r\n", boundary);
	if (bounce->is_whole)
		original_add_whole(&text, bounce->original, bounce->original_len);
	else
		original_add_header(&text, bounce->original, bounce->original_len);
	str_printf(&text, "\r\n--%s--\r\n", boundary);
	if (!str_is_bad(&text))
		result = evbuffer_add(out, text.data, text.len);
	str_free(&text);
	return result;
}
