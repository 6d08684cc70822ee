/* SPDX-License-Identifier: ISC */
/* command.c - a line apart: verb and argument; an argument apart: path and parameters. */
#include "smtp/command.h"

#include <string.h>
#include <strings.h>

#include "smtp/extension.h"
#include "smtp/parameter.h"

/* How the path of a verb is read. */
struct path_rule {
	const char *prefix;
	unsigned flags;
	const struct smtp_status
	    *errors; /* by smtp_address_error; the row of no error: no prefix */
};

static const struct smtp_status bad_octets = { 500, "5.5.2", "Control octets in a command" };
static const struct smtp_status needs_utf8 = { 553, "5.6.7", "Address needs SMTPUTF8" };

static const struct smtp_status sender_errors[SMTP_ADDRESS_ERROR_COUNT] = {
	[SMTP_ADDRESS_OK] = { 501, "5.5.4", "Syntax: MAIL FROM:<address>" },
#define X(name, text) [SMTP_ADDRESS_##name] = { 501, "5.1.7", "Bad sender address: " text },
	SMTP_ADDRESS_ERRORS(X)
#undef X
};

static const struct smtp_status recipient_errors[SMTP_ADDRESS_ERROR_COUNT] = {
	[SMTP_ADDRESS_OK] = { 501, "5.5.4", "Syntax: RCPT TO:<address>" },
#define X(name, text) [SMTP_ADDRESS_##name] = { 501, "5.1.3", "Bad recipient address: " text },
	SMTP_ADDRESS_ERRORS(X)
#undef X
};

static const struct path_rule sender_rule = {
	.prefix = "FROM:",
	.flags = SMTP_ALLOW_NULL | SMTP_ALLOW_UNQUALIFIED,
	.errors = sender_errors,
};

static const struct path_rule recipient_rule = {
	.prefix = "TO:",
	.flags = SMTP_ALLOW_POSTMASTER | SMTP_ALLOW_UNQUALIFIED,
	.errors = recipient_errors,
};

static bool
has_control(const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7F)
			return true;
	return false;
}

const struct smtp_status *
smtp_command_split(const char *line, size_t len, struct smtp_command *out)
{
	if (has_control(line, len))
		return &bad_octets;
	/* RFC 5321 4.1.1: trailing space is tolerated. */
	while (len > 0 && line[len - 1] == ' ')
		len--;

	const char *space = len > 0 ? memchr(line, ' ', len) : NULL;
	const char *end = line + len;
	const char *argument = space != NULL ? space : end;

	out->verb = smtp_verb_find(line, (size_t)(argument - line));
	while (argument < end && *argument == ' ')
		argument++;
	out->argument = argument;
	out->argument_len = (size_t)(end - argument);
	return NULL;
}

/* Read the prefix and the path at the start of text; *used is set to their octets. */
static const struct smtp_status *
read_path(const struct path_rule *rule, const char *text, size_t len, bool utf8,
    struct smtp_mailbox *out, size_t *used)
{
	size_t prefix_len = strlen(rule->prefix);
	unsigned flags = rule->flags | (utf8 ? SMTP_ALLOW_UTF8 : 0u);

	if (len < prefix_len || strncasecmp(text, rule->prefix, prefix_len) != 0)
		return &rule->errors[SMTP_ADDRESS_OK];

	enum smtp_address_error error =
	    smtp_path_parse(text + prefix_len, len - prefix_len, flags, out, used);

	if (error == SMTP_ADDRESS_NOT_ASCII)
		return &needs_utf8;
	if (error != SMTP_ADDRESS_OK)
		return &rule->errors[error];
	*used += prefix_len;
	return NULL;
}

const struct smtp_status *
smtp_mail_parse(const char *argument, size_t len, unsigned offered, struct smtp_mail *out)
{
	bool utf8 = (offered & SMTP_EXT_SMTPUTF8) != 0;
	size_t used;

	memset(out, 0, sizeof *out);

	const struct smtp_status *status =
	    read_path(&sender_rule, argument, len, utf8, &out->from, &used);

	if (status == NULL)
		status = smtp_mail_parameters(argument + used, len - used, offered, out);
	if (status == NULL && !out->smtputf8 && smtp_mailbox_needs_utf8(&out->from))
		status = &needs_utf8;
	return status;
}

const struct smtp_status *
smtp_rcpt_parse(
    const char *argument, size_t len, unsigned offered, bool utf8, struct smtp_rcpt *out)
{
	size_t used;

	memset(out, 0, sizeof *out);

	const struct smtp_status *status =
	    read_path(&recipient_rule, argument, len, utf8, &out->to, &used);

	if (status == NULL)
		status = smtp_rcpt_parameters(argument + used, len - used, offered, out);
	return status;
}

const struct smtp_status *
smtp_bdat_parse(const char *argument, size_t len, struct smtp_bdat *out, bool *knows_size)
{
	static const struct smtp_status malformed = { 501, "5.5.4", "Syntax: BDAT SIZE [LAST]" };
	static const char last[] = "LAST";
	size_t at = 0;

	*out = (struct smtp_bdat){ .size = 0 };
	for (; at < len && argument[at] >= '0' && argument[at] <= '9'; at++) {
		uint64_t digit = (uint64_t)(argument[at] - '0');

		if (out->size > (UINT64_MAX - digit) / 10)
			break;
		out->size = out->size * 10 + digit;
	}
	*knows_size = at > 0 && (at == len || argument[at] == ' ');
	if (at == 0)
		return &malformed;
	if (at == len)
		return NULL;
	while (at < len && argument[at] == ' ')
		at++;
	out->is_last = *knows_size && len - at == sizeof last - 1 &&
		       strncasecmp(argument + at, last, sizeof last - 1) == 0;
	return out->is_last ? NULL : &malformed;
}
