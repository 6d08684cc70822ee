/* SPDX-License-Identifier: ISC */
/* submit.c - see submit.h. */
#include "sendmail/submit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/str.h"
#include "sendmail/compose.h"
#include "sendmail/input.h"
#include "sendmail/options.h"
#include "sendmail/wire.h"
#include "smtp/capability.h"
#include "smtp/dot.h"
#include "smtp/utf8.h"

/* What to end with when a reply is not the one that lets us go on. */
static int
refused(const struct wire *wire, int code, const char *at, const char *what, int permanent)
{
	char words[1024];

	if (code == -1) {
		fprintf(stderr, "postern-sendmail: %s: %s; try again later\n", at, strerror(errno));
		return EX_TEMPFAIL;
	}
	smtp_reply_words(&wire->reply, words, sizeof words);
	fprintf(stderr, "postern-sendmail: %s%s%s was answered: %d %s %s\n", at,
	    *what != '\0' ? " " : "", what, code, wire->reply.enhanced, words);
	return code / 100 == 5 ? permanent : EX_TEMPFAIL;
}

/* Whether the envelope has an address beyond ASCII (RFC 6531 3.4). */
static bool
needs_utf8(const struct draft *draft)
{
	bool is_ascii = smtp_is_ascii(draft->sender, strlen(draft->sender));

	for (size_t i = 0; is_ascii && i < draft->nrecipient; i++)
		is_ascii = smtp_is_ascii(draft->recipient[i], strlen(draft->recipient[i]));
	return !is_ascii;
}

static int
send_mail(struct wire *wire, const struct options *options, const struct draft *draft)
{
	struct smtp_capabilities caps;
	struct str parameters = STR_EMPTY;
	bool dsn;

	smtp_capabilities_parse(wire->reply.text, &caps);
	dsn = smtp_offers(&caps, SMTP_EXT_DSN);
	if (options->body != NULL && smtp_offers(&caps, SMTP_EXT_8BITMIME))
		str_printf(&parameters, " BODY=%s", options->body);
	if (needs_utf8(draft) && smtp_offers(&caps, SMTP_EXT_SMTPUTF8))
		str_puts(&parameters, " SMTPUTF8");
	if (options->ret != NULL && dsn)
		str_printf(&parameters, " RET=%s", options->ret);
	if (options->envid != NULL && dsn)
		str_printf(&parameters, " ENVID=%s", options->envid);

	int code = wire_command(wire, "MAIL FROM:<%s>%s", draft->sender,
	    parameters.data != NULL ? parameters.data : "");

	str_free(&parameters);
	if (code != 250)
		return refused(wire, code, "the sender", draft->sender, EX_UNAVAILABLE);
	for (size_t i = 0; i < draft->nrecipient; i++) {
		bool notify = options->notify != NULL && dsn;

		code = wire_command(wire, "RCPT TO:<%s>%s%s", draft->recipient[i],
		    notify ? " NOTIFY=" : "", notify ? options->notify : "");
		if (code != 250 && code != 251)
			return refused(wire, code, "nothing was sent: the recipient",
			    draft->recipient[i], EX_NOUSER);
	}
	return EX_OK;
}

struct content {
	struct wire *wire;
	struct smtp_dot_decoder decoder;
	struct smtp_dot_encoder encoder;
	struct str out;
};

enum { FLUSH_AT = 32 * 1024 };

static int
encode(struct content *content, const char *data, size_t len)
{
	struct smtp_dot_span span;

	while (smtp_dot_encode(&content->encoder, &data, &len, &span))
		str_add(&content->out, span.data, span.len);
	if (str_is_bad(&content->out)) {
		errno = ENOMEM;
		return -1;
	}
	if (content->out.len < FLUSH_AT)
		return 0;

	int result = wire_send(content->wire, content->out.data, content->out.len);

	str_cut(&content->out, 0);
	return result;
}

/* Octets in the input's line ends become canonical content on the wire. */
static int
add(struct content *content, const char *data, size_t len)
{
	char *canonical = malloc(SMTP_DOT_DECODED_MAX(len));
	size_t canonical_len;
	int result = -1;

	if (canonical != NULL) {
		smtp_dot_decode(&content->decoder, data, len, canonical, &canonical_len);
		result = encode(content, canonical, canonical_len);
	}
	free(canonical);
	return result;
}

static int
finish(struct content *content)
{
	char rest[4];
	size_t len = smtp_dot_finish(&content->decoder, rest);

	if (encode(content, rest, len) == -1)
		return -1;

	struct smtp_dot_span end = smtp_dot_end(&content->encoder);

	str_add(&content->out, end.data, end.len);
	if (str_is_bad(&content->out))
		return -1;
	return wire_send(content->wire, content->out.data, content->out.len);
}

static int
send_content(struct wire *wire, const struct draft *draft, struct input *input)
{
	struct content content = { .wire = wire, .out = STR_EMPTY };
	int result;
	ssize_t len;

	smtp_dot_decoder_init(&content.decoder, SMTP_DOT_PLAIN);
	result = add(&content, draft->header.data, draft->header.len);
	while (result == 0 && (len = input_line(input)) != 0)
		result = len > 0 ? add(&content, input->line, (size_t)len) : -1;
	if (result == 0)
		result = finish(&content);
	str_free(&content.out);
	return result;
}

int
submit(struct wire *wire, const char *helo, const struct options *options,
    const struct draft *draft, struct input *input)
{
	int code = wire_reply(wire), result;

	if (code != 220)
		return refused(wire, code, "the connection", "", EX_UNAVAILABLE);
	if ((code = wire_command(wire, "EHLO %s", helo)) != 250)
		return refused(wire, code, "EHLO", "", EX_UNAVAILABLE);
	if ((result = send_mail(wire, options, draft)) != EX_OK)
		return result;
	if ((code = wire_command(wire, "DATA")) != 354)
		return refused(wire, code, "DATA", "", EX_UNAVAILABLE);
	if (send_content(wire, draft, input) == -1)
		return refused(wire, -1, "sending the message", "", EX_TEMPFAIL);
	if ((code = wire_reply(wire)) != 250)
		return refused(wire, code, "the message", "", EX_UNAVAILABLE);
	(void)wire_command(wire, "QUIT");
	return EX_OK;
}
