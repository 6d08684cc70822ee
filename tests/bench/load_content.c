/* SPDX-License-Identifier: ISC */
/*
 * load_content.c - the messages that the load generator sends.
 * All but the id is the same in each, so that sending one costs one small format and no copy.
 */
#include "load.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/xalloc.h"

static const char body_line[] =
    "The quick brown fox jumps over the lazy dog, and the relay keeps every word.\r\n";

void
content_id(const struct options *o, uint64_t number, char id[ID_SIZE])
{
	snprintf(id, ID_SIZE, "%.40s-%010" PRIu64, o->id_prefix, number);
}

size_t
content_header(
    const struct content *c, const struct options *o, const char *id, char out[HEADER_SIZE])
{
	int len = snprintf(out, HEADER_SIZE,
	    "Date: %s\r\n"
	    "From: <%.200s>\r\n"
	    "To: <r000000@%.200s>\r\n"
	    "Subject: load %.10s\r\n"
	    "Message-ID: <%s@load.example>\r\n"
	    "X-Test-Id: %s\r\n"
	    "\r\n",
	    c->date, o->sender, o->domain, id, id, id);

	return (size_t)len;
}

/* Fill `len` octets with whole lines: the last one is as long as it must be. */
static void
fill_body(char *body, size_t len)
{
	const size_t line = sizeof body_line - 1;
	size_t at = 0;

	for (; len - at >= 2 * line; at += line)
		memcpy(body + at, body_line, line);
	memset(body + at, 'x', len - at - 2);
	memcpy(body + len - 2, "\r\n", 2);
}

static void
make_body(struct content *c, const struct options *o)
{
	char id[ID_SIZE];
	char header[HEADER_SIZE];
	size_t header_len, len;

	content_id(o, 0, id);
	header_len = content_header(c, o, id, header);
	len = o->size > header_len + 2 ? (size_t)o->size - header_len : 2;
	c->body = xcalloc(len + 4, 1);
	fill_body(c->body, len);
	memcpy(c->body + len, ".\r\n", 3);
	c->body_len = len + 3;
}

static void
make_senders(struct content *c, const struct options *o)
{
	size_t room = strlen(o->sender) + 32;

	c->mail = xcalloc((size_t)o->senders + 1, room);
	for (uint64_t i = 0; i < o->senders; i++) {
		char *at = c->mail + i * c->mail_len;
		int len = o->senders > 1
			      ? snprintf(at, room, "MAIL FROM:<%08" PRIu64 ".%s>\r\n", i, o->sender)
			      : snprintf(at, room, "MAIL FROM:<%s>\r\n", o->sender);

		c->mail_len = (size_t)len;
	}
}

static void
make_recipients(struct content *c, const struct options *o)
{
	size_t room = strlen(o->domain) + 32;

	c->rcpt = xcalloc((size_t)o->recipients + 1, room);
	for (uint64_t i = 0; i < o->recipients; i++) {
		int len = snprintf(c->rcpt + i * c->rcpt_len, room,
		    "RCPT TO:<r%06" PRIu64 "@%s>\r\n", i, o->domain);

		c->rcpt_len = (size_t)len;
	}
}

void
content_init(struct content *c, const struct options *o)
{
	memset(c, 0, sizeof *c);
	clock_format_rfc5322(clock_real_ms(), c->date);
	make_senders(c, o);
	make_recipients(c, o);
	make_body(c, o);
}

void
content_free(struct content *c)
{
	free(c->mail);
	free(c->rcpt);
	free(c->body);
}
