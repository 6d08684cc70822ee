/* SPDX-License-Identifier: ISC */
/*
 * address.c - the address grammar: each function takes one production off a cursor, or says what is
 * wrong.  Text beyond ASCII is checked as a whole before, so that any such octet counts as a
 * letter.
 */
#include "smtp/address.h"

#include <string.h>
#include <strings.h>

#include "smtp/utf8.h"

struct cursor {
	const char *at;
	const char *end;
	unsigned flags;
};

static const char *const error_texts[SMTP_ADDRESS_ERROR_COUNT] = {
#define X(name, text) [SMTP_ADDRESS_##name] = (text),
	SMTP_ADDRESS_ERRORS(X)
#undef X
};

static bool
is_at(const struct cursor *c, char octet)
{
	return c->at < c->end && *c->at == octet;
}

static bool
is_atext(char octet)
{
	static const char marks[] = "!#$%&'*+-/=?^_`{|}~";

	return (octet >= '0' && octet <= '9') || (octet >= 'A' && octet <= 'Z') ||
	       (octet >= 'a' && octet <= 'z') || (octet & 0x80) != 0 ||
	       memchr(marks, octet, sizeof marks - 1) != NULL;
}

/* How much of text is a Dot-string: atoms with single dots between them; 0: malformed. */
static size_t
dot_string_span(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && (is_atext(text[n]) || text[n] == '.')) {
		if (text[n] == '.' && (n == 0 || text[n - 1] == '.'))
			return 0;
		n++;
	}
	return n > 0 && text[n - 1] != '.' ? n : 0;
}

/* Take a Quoted-string; its meaning, without quotes and backslashes, goes into meaning. */
static enum smtp_address_error
take_quoted(struct cursor *c, char meaning[SMTP_LOCAL_MAX], size_t *ret_len)
{
	size_t len = 0;

	for (c->at++; !is_at(c, '"'); c->at++) {
		if (is_at(c, '\\'))
			c->at++;
		if (c->at == c->end || (unsigned char)*c->at < ' ' || *c->at == 0x7F)
			return SMTP_ADDRESS_LOCAL;
		if (len == SMTP_LOCAL_MAX)
			return SMTP_ADDRESS_LOCAL_LONG;
		meaning[len++] = *c->at;
	}
	c->at++;
	*ret_len = len;
	return SMTP_ADDRESS_OK;
}

/* Write a local part with the quotes and backslashes that it needs. */
static enum smtp_address_error
put_quoted(struct smtp_mailbox *out, const char *meaning, size_t len)
{
	size_t at = 0;

	out->text[at++] = '"';
	for (size_t i = 0; i < len; i++) {
		size_t escape = meaning[i] == '"' || meaning[i] == '\\';

		if (at + escape + 2 > SMTP_LOCAL_MAX)
			return SMTP_ADDRESS_LOCAL_LONG;
		if (escape)
			out->text[at++] = '\\';
		out->text[at++] = meaning[i];
	}
	out->text[at++] = '"';
	out->local_len = at;
	return SMTP_ADDRESS_OK;
}

static enum smtp_address_error
put_plain(struct smtp_mailbox *out, const char *text, size_t len)
{
	if (len > SMTP_LOCAL_MAX)
		return SMTP_ADDRESS_LOCAL_LONG;
	memcpy(out->text, text, len);
	out->local_len = len;
	return SMTP_ADDRESS_OK;
}

static enum smtp_address_error
take_local(struct cursor *c, struct smtp_mailbox *out)
{
	if (!is_at(c, '"')) {
		size_t len = dot_string_span(c->at, (size_t)(c->end - c->at));

		if (len == 0)
			return SMTP_ADDRESS_LOCAL;
		c->at += len;
		return put_plain(out, c->at - len, len);
	}

	char meaning[SMTP_LOCAL_MAX];
	size_t len;
	enum smtp_address_error error = take_quoted(c, meaning, &len);

	if (error != SMTP_ADDRESS_OK)
		return error;
	if (len > 0 && dot_string_span(meaning, len) == len)
		return put_plain(out, meaning, len);
	return put_quoted(out, meaning, len);
}

/* Take a domain or a literal; where it ends is up to the caller to judge. */
static enum smtp_address_error
take_domain(struct cursor *c, size_t *ret_len)
{
	size_t left = (size_t)(c->end - c->at);
	size_t len;

	if (is_at(c, '[')) {
		if ((len = smtp_literal_span(c->at, left)) == 0)
			return SMTP_ADDRESS_LITERAL;
	} else if ((len = smtp_domain_span(c->at, left, true)) == 0) {
		return SMTP_ADDRESS_DOMAIN;
	}
	if (len > SMTP_DOMAIN_MAX)
		return SMTP_ADDRESS_DOMAIN_LONG;
	c->at += len;
	*ret_len = len;
	return SMTP_ADDRESS_OK;
}

/* Take a source route, "@a,@b:", and forget it (RFC 5321 4.1.1.3, appendix C). */
static enum smtp_address_error
take_route(struct cursor *c)
{
	size_t len;

	do {
		if (!is_at(c, '@'))
			return SMTP_ADDRESS_ROUTE;
		c->at++;
		if (take_domain(c, &len) != SMTP_ADDRESS_OK)
			return SMTP_ADDRESS_ROUTE;
	} while (is_at(c, ',') && c->at++);
	if (!is_at(c, ':'))
		return SMTP_ADDRESS_ROUTE;
	c->at++;
	return SMTP_ADDRESS_OK;
}

/* Whether a local part may stand alone. */
static bool
may_lack_domain(const struct cursor *c, const struct smtp_mailbox *local)
{
	static const char postmaster[] = "postmaster";

	if (c->flags & SMTP_ALLOW_UNQUALIFIED)
		return true;
	return (c->flags & SMTP_ALLOW_POSTMASTER) && local->local_len == sizeof postmaster - 1 &&
	       strncasecmp(local->text, postmaster, sizeof postmaster - 1) == 0;
}

static enum smtp_address_error
take_mailbox(struct cursor *c, struct smtp_mailbox *out)
{
	enum smtp_address_error error = take_local(c, out);
	size_t len;

	if (error != SMTP_ADDRESS_OK)
		return error;
	out->len = out->local_len;
	out->text[out->len] = '\0';
	if (!is_at(c, '@'))
		return may_lack_domain(c, out) ? SMTP_ADDRESS_OK : SMTP_ADDRESS_NO_DOMAIN;
	c->at++;
	if (c->at == c->end || *c->at == '>' || *c->at == ' ')
		return SMTP_ADDRESS_NO_DOMAIN;
	if ((error = take_domain(c, &len)) != SMTP_ADDRESS_OK)
		return error;
	out->text[out->len] = '@';
	memcpy(out->text + out->len + 1, c->at - len, len);
	out->len += 1 + len;
	out->text[out->len] = '\0';
	return SMTP_ADDRESS_OK;
}

static enum smtp_address_error
put_null(const struct cursor *c, struct smtp_mailbox *out)
{
	*out = (struct smtp_mailbox){ .len = 0 };
	return c->flags & SMTP_ALLOW_NULL ? SMTP_ADDRESS_OK : SMTP_ADDRESS_NULL;
}

static enum smtp_address_error
take_routed(struct cursor *c, struct smtp_mailbox *out)
{
	enum smtp_address_error error = is_at(c, '@') ? take_route(c) : SMTP_ADDRESS_OK;

	return error == SMTP_ADDRESS_OK ? take_mailbox(c, out) : error;
}

/* Whether a local part alone, without brackets, is no address: "SIZE=10" is a parameter, and "Ann
 * <ann@example.com>" begins with a name. */
static bool
is_doubtful(const struct cursor *c, const struct smtp_mailbox *local)
{
	return memchr(local->text, '=', local->len) != NULL ||
	       memmem(c->at, (size_t)(c->end - c->at), " <", 2) != NULL;
}

/* Take a path without its brackets. */
static enum smtp_address_error
take_bare(struct cursor *c, struct smtp_mailbox *out)
{
	enum smtp_address_error error = take_routed(c, out);

	if (error == SMTP_ADDRESS_OK && smtp_mailbox_is_unqualified(out) && is_doubtful(c, out))
		return SMTP_ADDRESS_NO_DOMAIN;
	return error;
}

/* Take what stands between angle brackets, and the brackets. */
static enum smtp_address_error
take_bracketed(struct cursor *c, struct smtp_mailbox *out)
{
	enum smtp_address_error error;

	c->at++;
	if (is_at(c, '>')) {
		c->at++;
		return put_null(c, out);
	}
	error = take_routed(c, out);
	if (error != SMTP_ADDRESS_OK)
		return error;
	if (!is_at(c, '>'))
		return c->at == c->end ? SMTP_ADDRESS_BRACKETS : SMTP_ADDRESS_TRAILING;
	c->at++;
	return SMTP_ADDRESS_OK;
}

static enum smtp_address_error
check_octets(const char *text, size_t len, unsigned flags)
{
	if (flags & SMTP_ALLOW_UTF8)
		return smtp_utf8_is_valid(text, len) ? SMTP_ADDRESS_OK : SMTP_ADDRESS_UTF8;
	return smtp_is_ascii(text, len) ? SMTP_ADDRESS_OK : SMTP_ADDRESS_NOT_ASCII;
}

enum smtp_address_error
smtp_path_parse(
    const char *text, size_t len, unsigned flags, struct smtp_mailbox *out, size_t *used)
{
	struct cursor c = { text, text + len, flags };
	enum smtp_address_error error = check_octets(text, len, flags);

	if (error != SMTP_ADDRESS_OK)
		return error;
	while (is_at(&c, ' '))
		c.at++;
	if (c.at == c.end)
		return SMTP_ADDRESS_MISSING;
	error = is_at(&c, '<') ? take_bracketed(&c, out) : take_bare(&c, out);
	if (error != SMTP_ADDRESS_OK)
		return error;
	if (c.at < c.end && *c.at != ' ')
		return *c.at == '>' ? SMTP_ADDRESS_BRACKETS : SMTP_ADDRESS_TRAILING;
	*used = (size_t)(c.at - text);
	return SMTP_ADDRESS_OK;
}

int
smtp_mailbox_parse(const char *text, unsigned flags, struct smtp_mailbox *out, const char **why)
{
	size_t len = strlen(text);
	struct cursor c = { text, text + len, flags };
	enum smtp_address_error error = check_octets(text, len, flags);

	if (error == SMTP_ADDRESS_OK && (len == 0 || strcmp(text, "<>") == 0)) {
		error = put_null(&c, out);
		c.at = c.end;
	} else if (error == SMTP_ADDRESS_OK) {
		error = take_mailbox(&c, out);
	}
	if (error == SMTP_ADDRESS_OK && c.at < c.end)
		error = SMTP_ADDRESS_TRAILING;
	*why = error_texts[error];
	return error == SMTP_ADDRESS_OK ? 0 : -1;
}

int
smtp_mailbox_complete(struct smtp_mailbox *mailbox, const char *domain)
{
	if (!smtp_domain_is_valid(domain) && !smtp_literal_is_valid(domain))
		return -1;

	size_t len = strlen(domain);

	mailbox->text[mailbox->local_len] = '@';
	memcpy(mailbox->text + mailbox->local_len + 1, domain, len + 1);
	mailbox->len = mailbox->local_len + 1 + len;
	return 0;
}

bool
smtp_mailbox_is_unqualified(const struct smtp_mailbox *mailbox)
{
	return mailbox->len > 0 && mailbox->len == mailbox->local_len;
}

bool
smtp_mailbox_needs_utf8(const struct smtp_mailbox *mailbox)
{
	return !smtp_is_ascii(mailbox->text, mailbox->len);
}
