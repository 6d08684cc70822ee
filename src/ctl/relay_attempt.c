/* SPDX-License-Identifier: ISC */
/* relay_attempt.c - see relay_attempt.h; attempts[] is the table of contents. */
#include "ctl/relay_attempt.h"

#include <errno.h>
#include <string.h>

#include "base/sockaddr.h"
#include "sendmail/wire.h"
#include "smtp/capability.h"
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

/* Whether the step was answered with success; if not, the answer says what came instead. */
static bool
passes(const struct talk *talk, int code, const char *at, struct relay_answer *answer)
{
	if (code >= 200 && code < 300)
		return true;
	answer->result = code == -1 ? RELAY_NO_ANSWER : RELAY_REFUSED;
	if (code == -1)
		str_printf(&answer->words, "%s: %s", at, strerror(errno));
	else
		tell(talk, at, &answer->words);
	return false;
}

static bool
shakes_hands(struct talk *talk, struct relay_answer *answer)
{
	if (wire_begin_tls(&talk->wire) == 0)
		return true;
	str_puts(&answer->words, "TLS: no handshake");
	return false;
}

/* A server that offers STARTTLS and does not begin it has answered nothing. */
static bool
begins_tls(struct talk *talk, struct relay_answer *answer)
{
	if (!passes(talk, wire_command(&talk->wire, "STARTTLS"), "STARTTLS", answer)) {
		answer->result = RELAY_NO_ANSWER;
		return false;
	}
	return shakes_hands(talk, answer);
}

static bool
greets(struct talk *talk, struct relay_answer *answer)
{
	struct smtp_capabilities offered;

	if (!passes(talk, wire_command(&talk->wire, "EHLO check-relay.example"), "EHLO", answer))
		return false;
	smtp_capabilities_parse(talk->wire.reply.text, &offered);
	answer->offers_starttls = smtp_offers(&offered, SMTP_EXT_STARTTLS);
	return true;
}

static void
try_addresses(
    struct talk *talk, const char *sender, const char *recipient, struct relay_answer *answer)
{
	struct wire *wire = &talk->wire;

	if (passes(talk, wire_command(wire, "MAIL FROM:<%s>", sender), "MAIL", answer) &&
	    passes(talk, wire_command(wire, "RCPT TO:<%s>", recipient), "RCPT", answer)) {
		answer->result = RELAY_ACCEPTED;
		str_printf(&answer->words, "MAIL FROM:<%s>, RCPT TO:<%s>: %d", sender, recipient,
		    wire->reply.code);
	}
}

static void
converse(struct talk *talk, enum relay_tls tls, const struct attempt *attempt,
    struct relay_answer *answer)
{
	struct str sender = STR_EMPTY, recipient = STR_EMPTY;

	if (!passes(talk, wire_reply(&talk->wire), "greeting", answer))
		return;
	find_domain(talk);
	expand(talk, attempt->sender, &sender);
	expand(talk, attempt->recipient, &recipient);
	str_puts(&sender, ""); /* the null sender */
	if (str_is_bad(&sender) || str_is_bad(&recipient))
		str_puts(&answer->words, "out of memory");
	else if (greets(talk, answer) &&
		 (tls != RELAY_STARTTLS || (begins_tls(talk, answer) && greets(talk, answer))))
		try_addresses(talk, sender.data, recipient.data, answer);
	(void)wire_command(&talk->wire, "QUIT");
	str_free(&sender);
	str_free(&recipient);
}

void
relay_attempt(const struct relay_path *path, size_t nth, struct relay_answer *answer)
{
	const struct sockaddr *to = (const struct sockaddr *)&path->to;
	const struct sockaddr *from =
	    path->from.ss_family == AF_UNSPEC ? NULL : (const struct sockaddr *)&path->from;
	struct talk talk = { .domain = "" };

	*answer = (struct relay_answer){ .result = RELAY_NO_ANSWER, .words = STR_EMPTY };
	sockaddr_format_literal(to, talk.literal);
	if (wire_open_from(&talk.wire, from, to, path->len, TIMEOUT_S) == -1)
		str_printf(&answer->words, "connection: %s", strerror(errno));
	else if (path->tls != RELAY_IMPLICIT || shakes_hands(&talk, answer))
		converse(&talk, path->tls, &attempts[nth], answer);
	wire_close(&talk.wire);
}
