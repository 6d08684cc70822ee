/* SPDX-License-Identifier: ISC */
/* relay_attempt.c - see relay_attempt.h; attempts[] is the table of contents. */
#include "ctl/relay_attempt.h"

#include <errno.h>
#include <string.h>

#include "base/sockaddr.h"
#include "base/str.h"
#include "sendmail/wire.h"
#include "smtp/domain.h"

enum { TIMEOUT_S = 15, NAME_SIZE = SMTP_DOMAIN_MAX + 1 };

/* In addresses %d is the server's own domain, %a its address in brackets. */
static const struct attempt {
	const char *name, *sender, *recipient;
} attempts[] = {
	{ "from a stranger to a stranger", "relay@example.org", "relay@example.net" },
	{ "from the null sender", "", "relay@example.net" },
	{ "from the server's own domain", "relay@%d", "relay@example.net" },
	{ "from postmaster there", "postmaster@%d", "relay@example.net" },
	{ "from the server's address", "relay@%a", "relay@example.net" },
	{ "from localhost", "relay@localhost", "relay@example.net" },
	{ "from a name without a domain", "relay", "relay@example.net" },
	{ "percent hack", "relay@example.org", "relay%example.net@%d" },
	{ "percent hack, address", "relay@example.org", "relay%example.net@%a" },
	{ "percent hack, no domain", "relay@example.org", "relay%example.net" },
	{ "quoted", "relay@example.org", "\"relay@example.net\"" },
	{ "quoted, domain", "relay@example.org", "\"relay@example.net\"@%d" },
	{ "quoted percent hack", "relay@example.org", "\"relay%example.net\"@%d" },
	{ "two domains", "relay@example.org", "relay@example.net@%d" },
	{ "two domains, address", "relay@example.org", "relay@example.net@%a" },
	{ "source route", "relay@example.org", "@%d:relay@example.net" },
	{ "source route, address", "relay@example.org", "@%a:relay@example.net" },
	{ "bang path", "relay@example.org", "example.net!relay" },
	{ "bang path, domain", "relay@example.org", "example.net!relay@%d" },
	{ "bang path, address", "relay@example.org", "example.net!relay@%a" },
};

const size_t relay_attempts = sizeof attempts / sizeof *attempts;

struct talk {
	struct wire wire;
	char domain[NAME_SIZE];
	char literal[SOCKADDR_TEXT_SIZE];
};

const char *
relay_attempt_name(size_t nth)
{
	return attempts[nth].name;
}

/* The first word of the greeting is what the server calls itself. */
static void
find_domain(struct talk *talk)
{
	const char *text = talk->wire.reply.text;
	size_t len = strcspn(text, " \n");

	memcpy(talk->domain, "localhost", sizeof "localhost");
	if (len == 0 || len >= NAME_SIZE)
		return;

	char name[NAME_SIZE] = "";

	memcpy(name, text, len);
	if (smtp_domain_is_valid(name))
		memcpy(talk->domain, name, len + 1);
}

static void
expand(const struct talk *talk, const char *address, struct str *out)
{
	for (const char *mark; (mark = strchr(address, '%')) != NULL; address = mark + 1) {
		str_add(out, address, (size_t)(mark - address));
		if (mark[1] == 'd' || mark[1] == 'a')
			str_puts(out, *++mark == 'd' ? talk->domain : talk->literal);
		else
			str_puts(out, "%");
	}
	str_puts(out, address);
}

static void
tell(const struct talk *talk, const char *at, struct str *words)
{
	char text[512];

	smtp_reply_words(&talk->wire.reply, text, sizeof text);
	str_printf(words, "%s: %d%s%s %s", at, talk->wire.reply.code,
	    talk->wire.reply.enhanced[0] != '\0' ? " " : "", talk->wire.reply.enhanced, text);
}

/* Whether the step was answered with success; if not, *result and words say what came instead. */
static bool
passes(
    const struct talk *talk, int code, const char *at, enum relay_result *result, struct str *words)
{
	if (code >= 200 && code < 300)
		return true;
	*result = code == -1 ? RELAY_NO_ANSWER : RELAY_REFUSED;
	if (code == -1)
		str_printf(words, "%s: %s", at, strerror(errno));
	else
		tell(talk, at, words);
	return false;
}

static enum relay_result
converse(struct talk *talk, const struct attempt *attempt, struct str *words)
{
	struct str sender = STR_EMPTY, recipient = STR_EMPTY;
	struct wire *wire = &talk->wire;
	enum relay_result result = RELAY_NO_ANSWER;

	if (!passes(talk, wire_reply(wire), "greeting", &result, words))
		return result;
	find_domain(talk);
	expand(talk, attempt->sender, &sender);
	expand(talk, attempt->recipient, &recipient);
	str_puts(&sender, ""); /* the null sender */
	if (str_is_bad(&sender) || str_is_bad(&recipient)) {
		str_puts(words, "out of memory");
	} else if (passes(talk, wire_command(wire, "EHLO check-relay.example"), "EHLO", &result,
		       words) &&
		   passes(talk, wire_command(wire, "MAIL FROM:<%s>", sender.data), "MAIL", &result,
		       words) &&
		   passes(talk, wire_command(wire, "RCPT TO:<%s>", recipient.data), "RCPT", &result,
		       words)) {
		result = RELAY_ACCEPTED;
		str_printf(words, "MAIL FROM:<%s>, RCPT TO:<%s>: %d", sender.data, recipient.data,
		    wire->reply.code);
	}
	(void)wire_command(wire, "QUIT");
	str_free(&sender);
	str_free(&recipient);
	return result;
}

enum relay_result
relay_attempt(const struct relay_path *path, size_t nth, struct str *words)
{
	const struct sockaddr *to = (const struct sockaddr *)&path->to;
	const struct sockaddr *from =
	    path->from.ss_family == AF_UNSPEC ? NULL : (const struct sockaddr *)&path->from;
	struct talk talk = { .domain = "" };
	enum relay_result result = RELAY_NO_ANSWER;

	sockaddr_format_literal(to, talk.literal);
	if (wire_open_from(&talk.wire, from, to, path->len, TIMEOUT_S) == -1)
		str_printf(words, "connection: %s", strerror(errno));
	else if (path->is_tls && wire_begin_tls(&talk.wire) == -1)
		str_puts(words, "TLS: no handshake");
	else
		result = converse(&talk, &attempts[nth], words);
	wire_close(&talk.wire);
	return result;
}
